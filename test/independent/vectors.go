package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type vectorKey struct{ Name, Seed, PublicKey, Vkey string }

type vectorRecord struct {
	Record              json.RawMessage
	Canonical, LeafHash string
}

// leaf makes the record's text and leaf hash anew and compares.
func (v vectorRecord) leaf() (tlog.Hash, error) {
	made, err := canonical(v.Record)
	if err != nil {
		return tlog.Hash{}, err
	}
	leaf := tlog.RecordHash([]byte(made))
	if made != v.Canonical || hex.EncodeToString(leaf[:]) != v.LeafHash {
		return leaf, fmt.Errorf("the record is %s, its leaf %x", made, leaf[:])
	}
	return leaf, nil
}

type vectorLog struct {
	Origin    string
	Records   []vectorRecord
	Roots     []string
	Inclusion []struct {
		Index, Size int64
		Path        []string
	}
	Consistency []struct {
		From, To int64
		Path     []string
	}
	Checkpoints []struct {
		Size       int64
		Body, Note string
	}
}

// checkVectors computes everything in the folder anew and compares.
func checkVectors(folder string, _ options) (string, error) {
	checks := []func(string) error{checkCanonical, checkLeaves, checkSuccessor, checkAccess, checkPaths, checkNotes, checkTileVectors, checkLogFolder}
	for _, check := range checks {
		if err := check(folder); err != nil {
			return "", err
		}
	}
	return "every vector holds", nil
}

func read(folder, name string, into any) error {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func checkCanonical(folder string) error {
	var vectors []struct{ JSON, Canonical, SHA256 string }
	if err := read(folder, "canonical.json", &vectors); err != nil {
		return err
	}
	for _, vector := range vectors {
		made, err := canonical([]byte(vector.JSON))
		if err != nil {
			return err
		}
		if made != vector.Canonical || fmt.Sprintf("%x", sha256.Sum256([]byte(made))) != vector.SHA256 {
			return fmt.Errorf("canonical.json: %s is %s", vector.JSON, made)
		}
	}
	return nil
}

func checkLeaves(folder string) error {
	var log vectorLog
	if err := read(folder, "log.json", &log); err != nil {
		return err
	}
	var all stored
	for n, record := range log.Records {
		leaf, err := record.leaf()
		if err != nil {
			return fmt.Errorf("log.json: %d: %w", n, err)
		}
		root, err := tlog.TreeHash(int64(n), all)
		if err != nil || hex.EncodeToString(root[:]) != log.Roots[n] {
			return fmt.Errorf("log.json: the root of %d records is %x (%v)", n, root[:], err)
		}
		more, err := tlog.StoredHashesForRecordHash(int64(n), leaf, all)
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	if len(log.Roots) != len(log.Records)+1 {
		return fmt.Errorf("log.json: %d roots for %d records", len(log.Roots), len(log.Records))
	}
	return nil
}

// checkSuccessor compares what a first record says of the chain before it with that chain.
func checkSuccessor(folder string) error {
	var log vectorLog
	if err := read(folder, "log.json", &log); err != nil {
		return err
	}
	var vector vectorRecord
	if err := read(folder, "succeeding.json", &vector); err != nil {
		return err
	}
	if _, err := vector.leaf(); err != nil {
		return fmt.Errorf("succeeding.json: %w", err)
	}
	var started struct {
		Before struct {
			Origin string
			Ended  struct {
				Size int
				Root []byte
			}
		}
	}
	if err := json.Unmarshal(vector.Record, &started); err != nil {
		return err
	}
	before := started.Before
	if before.Origin != log.Origin || before.Ended.Size != len(log.Records) ||
		hex.EncodeToString(before.Ended.Root) != log.Roots[len(log.Records)] {
		return fmt.Errorf("succeeding.json: it names %v, not the log of log.json", before)
	}
	return nil
}

// checkAccess takes the records of grants and revocations, each by itself.
func checkAccess(folder string) error {
	var vectors []vectorRecord
	if err := read(folder, "access.json", &vectors); err != nil {
		return err
	}
	for n, vector := range vectors {
		if _, err := vector.leaf(); err != nil {
			return fmt.Errorf("access.json: %d: %w", n, err)
		}
	}
	return nil
}

func checkPaths(folder string) error {
	var log vectorLog
	if err := read(folder, "log.json", &log); err != nil {
		return err
	}
	for _, vector := range log.Inclusion {
		path, err := parsePath(vector.Path)
		if err != nil {
			return err
		}
		leaf, root := mustHash(log.Records[vector.Index].LeafHash), mustHash(log.Roots[vector.Size])
		if err := tlog.CheckRecord(path, vector.Size, root, vector.Index, leaf); err != nil {
			return fmt.Errorf("log.json: inclusion of %d: %w", vector.Index, err)
		}
	}
	for _, vector := range log.Consistency {
		path, err := parsePath(vector.Path)
		if err != nil {
			return err
		}
		// tlog has no proof from the empty tree: every tree begins as that.
		if vector.From == 0 && len(path) == 0 {
			continue
		}
		from, to := mustHash(log.Roots[vector.From]), mustHash(log.Roots[vector.To])
		if err := tlog.CheckTree(path, vector.To, to, vector.From, from); err != nil {
			return fmt.Errorf("log.json: consistency from %d: %w", vector.From, err)
		}
	}
	return nil
}

// checkNotes signs anew with the published seed: Ed25519 has one signature for a text.
func checkNotes(folder string) error {
	var keys struct{ Log, Witness vectorKey }
	var log vectorLog
	if err := read(folder, "keys.json", &keys); err != nil {
		return err
	}
	if err := read(folder, "log.json", &log); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(keys.Log.Vkey)
	if err != nil {
		return err
	}
	witness, err := parseCosigner(keys.Witness.Vkey)
	if err != nil {
		return err
	}
	seed, err := hex.DecodeString(keys.Log.Seed)
	if err != nil {
		return err
	}
	secret := base64.StdEncoding.EncodeToString(append([]byte{0x01}, seed...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", keys.Log.Name, verifier.KeyHash(), secret))
	if err != nil {
		return err
	}
	for _, vector := range log.Checkpoints {
		tree, err := openCheckpoint([]byte(vector.Note), verifier, witness)
		if err != nil {
			return err
		}
		if tree.N != vector.Size || tree.Hash != mustHash(log.Roots[vector.Size]) {
			return fmt.Errorf("log.json: the checkpoint of %d is of another tree", vector.Size)
		}
		signed, err := note.Sign(&note.Note{Text: vector.Body}, signer)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix([]byte(vector.Note), signed) {
			return fmt.Errorf("log.json: the checkpoint of %d is %s", vector.Size, signed)
		}
	}
	return nil
}

func checkTileVectors(folder string) error {
	var vectors []struct {
		Size   int64
		Root   string
		SHA256 map[string]string
	}
	if err := read(folder, "tiles.json", &vectors); err != nil {
		return err
	}
	for _, vector := range vectors {
		all, err := storedUpTo(vector.Size)
		if err != nil {
			return err
		}
		if root, err := tlog.TreeHash(vector.Size, all); err != nil || root != mustHash(vector.Root) {
			return fmt.Errorf("tiles.json: the root of %d entries is %x (%v)", vector.Size, root[:], err)
		}
		seen := 0
		for _, tile := range tlog.NewTiles(height, 0, vector.Size) {
			want, found := vector.SHA256[pathOf(tile)]
			if !found {
				continue
			}
			seen++
			data, err := tlog.ReadTileData(tile, all)
			if err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != want {
				return fmt.Errorf("tiles.json: %d entries, %s (%v)", vector.Size, pathOf(tile), err)
			}
		}
		for path, want := range vector.SHA256 {
			if !strings.HasPrefix(path, "tile/entries/") {
				continue
			}
			seen++
			if fmt.Sprintf("%x", sha256.Sum256(bundleOf(path, vector.Size))) != want {
				return fmt.Errorf("tiles.json: %d entries, %s", vector.Size, path)
			}
		}
		if seen != len(vector.SHA256) {
			return fmt.Errorf("tiles.json: of %d entries, %d files are no tiles", vector.Size, len(vector.SHA256)-seen)
		}
	}
	return nil
}

func storedUpTo(size int64) (stored, error) {
	var all stored
	for n := int64(0); n < size; n++ {
		more, err := tlog.StoredHashes(n, fmt.Appendf(nil, "entry %d", n), all)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// bundleOf the entries that a path of at most three digits names.
func bundleOf(path string, size int64) []byte {
	var n int64
	fmt.Sscanf(strings.TrimPrefix(path, "tile/entries/"), "%03d", &n)
	var data []byte
	for i := n * width; i < min((n+1)*width, size); i++ {
		entry := fmt.Sprintf("entry %d", i)
		data = append(data, byte(len(entry)>>8), byte(len(entry)))
		data = append(data, entry...)
	}
	return data
}

func checkLogFolder(folder string) error {
	log := filepath.Join(folder, "log")
	given := options{
		vkey:    filepath.Join(log, "vkey"),
		witness: filepath.Join(log, "witness"),
		earlier: filepath.Join(log, "checkpoint.4"),
	}
	if _, err := checkLog(log, given); err != nil {
		return err
	}
	proofs, err := filepath.Glob(filepath.Join(log, "*.tlog-proof"))
	if err != nil || len(proofs) == 0 {
		return fmt.Errorf("no proof in %s (%v)", log, err)
	}
	for _, proof := range proofs {
		if _, err := checkProof(proof, given); err != nil {
			return err
		}
	}
	return nil
}

func parsePath(path []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(path))
	for _, text := range path {
		var hash tlog.Hash
		if n, err := hex.Decode(hash[:], []byte(text)); err != nil || n != len(hash) {
			return nil, fmt.Errorf("log.json: %s is no hash", text)
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// mustHash is the zero hash, which fits nothing, where the text is none.
func mustHash(text string) tlog.Hash {
	path, err := parsePath([]string{text})
	if err != nil {
		return tlog.Hash{}
	}
	return path[0]
}
