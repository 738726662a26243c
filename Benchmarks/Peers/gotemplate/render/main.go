// Renders one template over JSON data to standard output, to measure the cost of a whole process of Go.
//
//	render TEMPLATE DATA.json
package main

import (
	"bufio"
	"fmt"
	"os"
	"text/template"

	"peers/data"
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
	value, err := data.Read(os.Args[2])
	if err != nil {
		return err
	}
	parsed, err := template.New("t").Parse(string(source))
	if err != nil {
		return err
	}
	output := bufio.NewWriter(os.Stdout)
	if err := parsed.Execute(output, value); err != nil {
		return err
	}
	return output.Flush()
}
