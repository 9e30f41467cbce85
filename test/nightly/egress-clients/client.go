// Go's client: client BASE UNDECLARED. What it does stands in client.ts.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func say(value any) {
	line, _ := json.Marshal(value)
	fmt.Println(string(line))
}

func ask(url string) (json.RawMessage, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

func must(url string) {
	body, err := ask(url)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say(map[string]any{"answer": body})
}

func main() {
	base, undeclared := os.Args[1], os.Args[2]
	say(map[string]any{"says": "listening"})
	must(base + "/one")
	must(base + "/two")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	must(base + "/three")
	began := time.Now()
	if _, err := ask(undeclared); err != nil {
		say(map[string]any{"unknown": err.Error(), "milliseconds": time.Since(began).Milliseconds()})
	} else {
		say(map[string]any{"unknown": "answered"})
	}
}
