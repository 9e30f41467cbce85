// Verifies what this product signs, with the Go project's own implementation of signed notes and transparency logs
// (golang.org/x/mod/sumdb/note and tlog), which shares no code with ours. It knows nothing of records: it sees bytes,
// signed notes and keys.
//
//	independent log [-vkey FILE] [-witness FILE] [-earlier CHECKPOINT] FOLDER...
//	independent proof -vkey FILE [-witness FILE] PROOF...
//	independent vectors FOLDER
//
// A folder of `log` is one log as https://c2sp.org/tlog-tiles lays it out, or an exported chain with its records.ndjson; in both
// stand `checkpoint` and `vkey`. Exit 0: all of it holds. Exit 1: it does not, standard error says what.
package main

import (
	"flag"
	"fmt"
	"os"
)

type options struct {
	vkey, witness, earlier string
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: independent log|proof|vectors [OPTIONS] FILE...")
	}
	var given options
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.StringVar(&given.vkey, "vkey", "", "file with the key of the log; otherwise vkey beside its checkpoint")
	flags.StringVar(&given.witness, "witness", "", "file with the key of a witness that must have cosigned")
	flags.StringVar(&given.earlier, "earlier", "", "checkpoint that the log must have grown out of")
	_ = flags.Parse(os.Args[2:])
	check, known := map[string]func(string, options) (string, error){
		"log": checkLog, "proof": checkProof, "vectors": checkVectors,
	}[os.Args[1]]
	if !known || flags.NArg() == 0 {
		fail("usage: independent log|proof|vectors [OPTIONS] FILE...")
	}
	for _, path := range flags.Args() {
		says, err := check(path, given)
		if err != nil {
			fail(fmt.Sprintf("%s: %v", path, err))
		}
		fmt.Printf("%s: %s\n", path, says)
	}
}

func fail(says string) {
	fmt.Fprintln(os.Stderr, says)
	os.Exit(1)
}
