// Compiles and executes templates with Go's text/template, for scripts/bench-gotemplate.
//
//	stages SAMPLES TEMPLATE DATA.json ...
//
// Prints two lines a template, `compile NAME LEAST` and `execute NAME LEAST`, in µs of the process's CPU with the
// garbage collector's, on one processor. Integers of the data are int64, as Pillion reads them.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"text/template"

	"peers/data"
)

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: stages SAMPLES TEMPLATE DATA.json ...")
		os.Exit(2)
	}
	samples, err := strconv.Atoi(os.Args[1])
	for i := 2; err == nil && i+1 < len(os.Args); i += 2 {
		err = measure(samples, os.Args[i], os.Args[i+1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stages:", err)
		os.Exit(1)
	}
}

func measure(samples int, templatePath, dataPath string) error {
	source, err := os.ReadFile(templatePath)
	if err != nil {
		return err
	}
	value, err := data.Read(dataPath)
	if err != nil {
		return err
	}
	name := filepath.Base(templatePath)
	var parsed *template.Template
	compile := func() {
		if parsed, err = template.New(name).Parse(string(source)); err != nil {
			panic(err)
		}
	}
	execute := func() {
		var output bytes.Buffer
		if err := parsed.Execute(&output, value); err != nil {
			panic(err)
		}
	}
	fmt.Printf("compile %s %.2f\n", name, least(samples, compile))
	fmt.Printf("execute %s %.2f\n", name, least(samples, execute))
	return nil
}

// least runs a body in samples of at least 5 ms and returns the least cost of a round, in µs.
func least(samples int, body func()) float64 {
	body()
	rounds := 1
	for spent(rounds, body) < 5000 {
		rounds *= 2
	}
	best := float64(spent(rounds, body))
	for i := 1; i < samples; i++ {
		best = min(best, float64(spent(rounds, body)))
	}
	return best / float64(rounds)
}

func spent(rounds int, body func()) int64 {
	start := cpuMicroseconds()
	for i := 0; i < rounds; i++ {
		body()
	}
	return cpuMicroseconds() - start
}

func cpuMicroseconds() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano()/1000 + usage.Stime.Nano()/1000
}
