// Verifies an exported chain with the Go project's own implementation of signed notes and transparency logs, which
// shares no code with ours. It knows nothing of records: it sees bytes, a signed note and a key.
//
//	third-party FOLDER...     each holds records.ndjson, checkpoint and vkey
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	for _, folder := range os.Args[1:] {
		size, err := check(folder)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", folder, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d records, signature, root and every inclusion proof hold\n", filepath.Base(folder), size)
	}
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		if index >= int64(len(h)) {
			return nil, errors.New("no such hash")
		}
		read = append(read, h[index])
	}
	return read, nil
}

// check returns how many records the checkpoint covers. Records after them are not looked at.
func check(folder string) (int64, error) {
	vkey, err := os.ReadFile(filepath.Join(folder, "vkey"))
	if err != nil {
		return 0, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return 0, err
	}
	// The three lines of C2SP tlog-checkpoint are those of the Go checksum database, but for the first one's words.
	lines := strings.SplitN(opened.Text, "\n", 2)
	if lines[0] != verifier.Name() {
		return 0, fmt.Errorf("the checkpoint is that of %s", lines[0])
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
	if err != nil {
		return 0, err
	}

	data, err := os.ReadFile(filepath.Join(folder, "records.ndjson"))
	if err != nil {
		return 0, err
	}
	records := bytes.SplitAfter(data, []byte("\n"))
	var stored hashes
	var leaves []tlog.Hash
	for i := int64(0); i < tree.N; i++ {
		if i >= int64(len(records)) || !bytes.HasSuffix(records[i], []byte("\n")) {
			return 0, fmt.Errorf("%d records, the checkpoint covers %d", i, tree.N)
		}
		record := bytes.TrimSuffix(records[i], []byte("\n"))
		more, err := tlog.StoredHashes(i, record, stored)
		if err != nil {
			return 0, err
		}
		stored = append(stored, more...)
		leaves = append(leaves, tlog.RecordHash(record))
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return 0, err
	}
	if root != tree.Hash {
		return 0, errors.New("the records are not those of the checkpoint")
	}
	for i, leaf := range leaves {
		proof, err := tlog.ProveRecord(tree.N, int64(i), stored)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), leaf); err != nil {
			return 0, err
		}
	}
	return tree.N, nil
}
