// Renders one template over JSON data to standard output and ends: Go's side of a whole process's cost.
//
//	render TEMPLATE DATA.json
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"text/template"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run() error {
	source, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	var data any
	if err := json.Unmarshal(raw, &data); err != nil {
		return err
	}
	parsed, err := template.New("t").Parse(string(source))
	if err != nil {
		return err
	}
	output := bufio.NewWriter(os.Stdout)
	if err := parsed.Execute(output, data); err != nil {
		return err
	}
	return output.Flush()
}
