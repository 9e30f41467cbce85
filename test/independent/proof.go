package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// checkProof verifies a file of https://c2sp.org/tlog-proof whose extra data is the record itself.
func checkProof(path string, given options) (string, error) {
	key, err := verifierIn(given.vkey)
	if err != nil {
		return "", err
	}
	witness, err := witnessIn(given.witness)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	record, index, proof, checkpoint, err := readProof(string(text))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint([]byte(checkpoint), key, witness)
	if err != nil {
		return "", err
	}
	if index >= tree.N {
		return "", errors.New("the checkpoint does not cover the record")
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record)); err != nil {
		return "", err
	}
	return fmt.Sprintf("record %d of %d in %s", index, tree.N, key.Name()), nil
}

func readProof(text string) (record []byte, index int64, proof tlog.RecordProof, checkpoint string, err error) {
	head, checkpoint, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, 0, nil, "", errors.New("not a tlog-proof with extra data")
	}
	extra, isExtra := strings.CutPrefix(lines[1], "extra ")
	number, isIndex := strings.CutPrefix(lines[2], "index ")
	if !isExtra || !isIndex {
		return nil, 0, nil, "", errors.New("not a tlog-proof with extra data")
	}
	if record, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil {
		return nil, 0, nil, "", err
	}
	if index, err = strconv.ParseInt(number, 10, 64); err != nil || strconv.FormatInt(index, 10) != number || index < 0 {
		return nil, 0, nil, "", errors.New("the index is no number")
	}
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, 0, nil, "", err
		}
		proof = append(proof, hash)
	}
	return record, index, proof, checkpoint, nil
}
