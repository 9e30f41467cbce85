package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// checkProof verifies a file of https://c2sp.org/tlog-proof whose extra data is the record itself, or leads to it.
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
	extra, index, proof, checkpoint, err := readProof(string(text))
	if err != nil {
		return "", err
	}
	entry, says, err := entryIn(extra, key.Name())
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
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return "", err
	}
	if says != "" {
		return says, nil
	}
	return fmt.Sprintf("record %d of %d in %s", index, tree.N, key.Name()), nil
}

// entryIn is what the log has: the record itself, or the registry log's record that has the root over it.
func entryIn(extra []byte, log string) (entry []byte, says string, err error) {
	var covered struct {
		Schema, Record, Mark string
		Index                int64
		Path                 []string
	}
	if json.Unmarshal(extra, &covered) != nil || covered.Schema != "hipaa-mcp-covered/1" {
		return extra, "", nil
	}
	var mark struct {
		Kind, Origin, Root string
		Size               int64
	}
	if err := json.Unmarshal([]byte(covered.Mark), &mark); err != nil {
		return nil, "", err
	}
	if log != "hipaa-mcp.dev/registry" || (mark.Kind != "held" && mark.Kind != "ended") || covered.Index >= mark.Size {
		return nil, "", errors.New("what covers the record is no mark of the registry log")
	}
	root, err := tlog.ParseHash(mark.Root)
	if err != nil {
		return nil, "", err
	}
	var path tlog.RecordProof
	for _, text := range covered.Path {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return nil, "", err
		}
		path = append(path, hash)
	}
	leaf := tlog.RecordHash([]byte(covered.Record))
	if err := tlog.CheckRecord(path, mark.Size, root, covered.Index, leaf); err != nil {
		return nil, "", err
	}
	says = fmt.Sprintf("record %d of %d in %s, by the registry log", covered.Index, mark.Size, mark.Origin)
	return []byte(covered.Mark), says, nil
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
