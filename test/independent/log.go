package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A tile of C2SP tlog-tiles is one of height 8.
const (
	height = 8
	width  = 1 << height
)

// checkLog verifies the signature, the root, every entry, every hash of every tile, inclusion proofs, and that the log grew
// out of an earlier checkpoint if one is given.
func checkLog(folder string, given options) (string, error) {
	if given.vkey == "" {
		given.vkey = filepath.Join(folder, "vkey")
	}
	key, err := verifierIn(given.vkey)
	if err != nil {
		return "", err
	}
	witness, err := witnessIn(given.witness)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(text, key, witness)
	if err != nil {
		return "", err
	}
	hashes, what, err := checkContents(folder, tree)
	if err != nil {
		return "", err
	}
	if err := checkProofs(tree, hashes); err != nil {
		return "", err
	}
	says := fmt.Sprintf("%d entries, signature, root, %s and inclusion proofs hold", tree.N, what)
	if given.earlier == "" {
		return says, nil
	}
	text, err = os.ReadFile(given.earlier)
	if err != nil {
		return "", err
	}
	earlier, err := openCheckpoint(text, key, witness)
	if err != nil {
		return "", fmt.Errorf("the earlier checkpoint: %w", err)
	}
	return fmt.Sprintf("%s, it grew out of %d", says, earlier.N), checkGrowth(earlier, tree, hashes)
}

func checkContents(folder string, tree tlog.Tree) (tlog.HashReader, string, error) {
	records, err := os.ReadFile(filepath.Join(folder, "records.ndjson"))
	if errors.Is(err, fs.ErrNotExist) {
		hashes := tlog.TileHashReader(tree, tiles(folder))
		return hashes, "every tile", checkTiles(folder, tree, hashes)
	}
	if err != nil {
		return nil, "", err
	}
	hashes, err := hashesOf(records, tree)
	return hashes, "every record", err
}

// tiles reads those of a folder. tlog verifies each against the root before it believes it.
type tiles string

func (t tiles) Height() int                     { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(string(t), pathOf(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, want %d hashes", pathOf(tile), len(data), tile.W)
		}
		read[i] = data
	}
	return read, nil
}

// pathOf leaves out the height, which C2SP fixes, and calls data entries.
func pathOf(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), "tile/8/")
	if rest, isData := strings.CutPrefix(path, "data/"); isData {
		path = "entries/" + rest
	}
	return "tile/" + path
}

func checkTiles(folder string, tree tlog.Tree, hashes tlog.HashReader) error {
	for from := int64(0); from < tree.N; from += width {
		to := min(from+width, tree.N)
		entries, err := bundle(folder, from/width, int(to-from))
		if err != nil {
			return err
		}
		leaves, err := hashes.ReadHashes(indexes(0, from, to))
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				return fmt.Errorf("entry %d is not what its tile says", from+int64(i))
			}
		}
	}
	// Hashes of the higher tiles that no path to a leaf went through.
	for level, n := 1, tree.N/width; n > 0; level, n = level+1, n/width {
		for from := int64(0); from < n; from += width {
			if _, err := hashes.ReadHashes(indexes(level*height, from, min(from+width, n))); err != nil {
				return err
			}
		}
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the tiles are not those of the checkpoint")
	}
	return nil
}

func indexes(level int, from, to int64) []int64 {
	all := make([]int64, 0, to-from)
	for n := from; n < to; n++ {
		all = append(all, tlog.StoredHashIndex(level, n))
	}
	return all
}

// bundle reads exactly so many entries, each behind its length of two bytes.
func bundle(folder string, n int64, count int) ([][]byte, error) {
	path := pathOf(tlog.Tile{H: height, L: -1, N: n, W: count})
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, 0, count)
	for len(entries) < count && len(data) >= 2 {
		length := int(data[0])<<8 | int(data[1])
		if len(data) < 2+length {
			break
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(entries) != count || len(data) != 0 {
		return nil, fmt.Errorf("%s does not hold exactly %d entries", path, count)
	}
	return entries, nil
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		if index >= int64(len(s)) {
			return nil, errors.New("no such hash")
		}
		read = append(read, s[index])
	}
	return read, nil
}

// hashesOf lines, as many as the checkpoint covers. Lines after them are not looked at.
func hashesOf(records []byte, tree tlog.Tree) (tlog.HashReader, error) {
	lines := bytes.SplitAfter(records, []byte("\n"))
	var all stored
	for n := int64(0); n < tree.N; n++ {
		if n >= int64(len(lines)) || !bytes.HasSuffix(lines[n], []byte("\n")) {
			return nil, fmt.Errorf("%d records, the checkpoint covers %d", n, tree.N)
		}
		more, err := tlog.StoredHashes(n, bytes.TrimSuffix(lines[n], []byte("\n")), all)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	root, err := tlog.TreeHash(tree.N, all)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, errors.New("the records are not those of the checkpoint")
	}
	return all, nil
}

// checkProofs proves every entry of a small log, and some of a large one, which cover every level.
func checkProofs(tree tlog.Tree, hashes tlog.HashReader) error {
	step := 1 + tree.N/100
	for n := int64(0); n < tree.N; n += step {
		leaf, err := hashes.ReadHashes(indexes(0, n, n+1))
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, n, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]); err != nil {
			return err
		}
	}
	return nil
}

func checkGrowth(earlier, tree tlog.Tree, hashes tlog.HashReader) error {
	if earlier.N > tree.N {
		return fmt.Errorf("the earlier checkpoint covers %d entries, there are %d", earlier.N, tree.N)
	}
	if earlier.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, earlier.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash); err != nil {
		return fmt.Errorf("it did not grow out of the earlier checkpoint: %w", err)
	}
	return nil
}
