package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// openCheckpoint verifies the signature of the log, whose name is the origin, and that of the witness if one is wanted.
func openCheckpoint(text []byte, log note.Verifier, witness note.Verifier) (tlog.Tree, error) {
	wanted := []note.Verifier{log}
	if witness != nil {
		wanted = append(wanted, witness)
	}
	opened, err := note.Open(text, note.VerifierList(wanted...))
	if err != nil {
		return tlog.Tree{}, err
	}
	for _, verifier := range wanted {
		if !signedBy(opened, verifier) {
			return tlog.Tree{}, fmt.Errorf("not signed by %s", verifier.Name())
		}
	}
	// The three lines of C2SP tlog-checkpoint are those of the Go checksum database, but for the first one's words.
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != log.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is that of %s", origin)
	}
	if strings.Count(rest, "\n") != 2 {
		return tlog.Tree{}, errors.New("the checkpoint has not three lines")
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

func signedBy(opened *note.Note, verifier note.Verifier) bool {
	for _, signature := range opened.Sigs {
		if signature.Name == verifier.Name() && signature.Hash == verifier.KeyHash() {
			return true
		}
	}
	return false
}

func verifierIn(path string) (note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(strings.TrimSpace(string(text)))
}

// cosigner verifies cosignature/v1 of https://c2sp.org/tlog-cosignature, which the Go project does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(body, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, body)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

// witnessIn reads a vkey of the type 0x04; none where no file is named.
func witnessIn(path string) (note.Verifier, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseCosigner(strings.TrimSpace(string(text)))
}

func parseCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a vkey")
	}
	tagged, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(tagged) != 1+ed25519.PublicKeySize || tagged[0] != 0x04 {
		return nil, errors.New("not the vkey of a cosigner")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), tagged...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the hash of the vkey does not fit its key")
	}
	return cosigner{parts[0], hash, ed25519.PublicKey(tagged[1:])}, nil
}
