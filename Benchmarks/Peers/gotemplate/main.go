// Renders templates of Go's text/template, for scripts/bench-peers.
//
//	gotemplate DATA.json SAMPLES FOLDER TEMPLATE ...
//
// Prints one line per template: its file's name, the minimum and the median CPU time of a rendering in µs, separated by
// tabs. It is the time of the process, garbage collection included, on one processor (GOMAXPROCS=1). Each output goes to
// FOLDER/NAME.out. Parsing template and data is not measured; allocating the output is.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"text/template"
)

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: gotemplate DATA.json SAMPLES FOLDER TEMPLATE ...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "gotemplate:", err)
		os.Exit(1)
	}
}

func run(dataPath, samples, folder string, templates []string) error {
	count, err := strconv.Atoi(samples)
	if err != nil || count < 1 {
		return fmt.Errorf("%q is not a number of samples", samples)
	}
	raw, err := os.ReadFile(dataPath)
	if err != nil {
		return err
	}
	var data any
	if err := json.Unmarshal(raw, &data); err != nil {
		return err
	}
	for _, path := range templates {
		parsed, err := template.ParseFiles(path)
		if err != nil {
			return err
		}
		var first bytes.Buffer
		if err := parsed.Execute(&first, data); err != nil {
			return err
		}
		name := filepath.Base(path)
		if err := os.WriteFile(filepath.Join(folder, name+".out"), first.Bytes(), 0o644); err != nil {
			return err
		}
		times := make([]int64, count)
		for i := range times {
			start := cpuMicroseconds()
			var output bytes.Buffer
			if err := parsed.Execute(&output, data); err != nil {
				return err
			}
			times[i] = cpuMicroseconds() - start
		}
		slices.Sort(times)
		fmt.Printf("%s\t%d\t%d\n", name, times[0], times[count/2])
	}
	return nil
}

func cpuMicroseconds() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano()/1000 + usage.Stime.Nano()/1000
}
