// Command conformance runs the node cases of ONNX's own test suite and prints, for each
// operator, how many pass. It ends with a status that is not 0 if one of them is wrong,
// crashes or hangs, or if fewer pass than core/onnx promises.
//
//	go run ./core/onnx/conformance            Debian's libonnx-testdata
//	go run ./core/onnx/conformance -v DIR     another folder of cases, and every failure
//
// A case is a folder with model.onnx and test_data_set_N/{input,output}_K.pb. Each runs
// in a process of its own, so that one that crashes or hangs is counted and no more.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const debian = "/usr/share/libonnx-testdata/data/node"

func main() {
	one := flag.String("case", "", "run this one case, in this process")
	match := flag.String("run", "*", "only cases whose names match this pattern")
	inGraph := flag.Bool("graph", false, "with every input a node of a graph, as for training; types are not compared")
	verbose := flag.Bool("v", false, "list what does not pass")
	bars := flag.Bool("bars", true, "fail if fewer cases pass than promised")
	flag.Parse()
	if *one != "" {
		os.Exit(runCase(*one, *inGraph))
	}
	dir := debian
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	cases, err := filepath.Glob(filepath.Join(dir, *match, "model.onnx"))
	if err == nil && len(cases) == 0 {
		err = fmt.Errorf("there are no cases in %s", dir)
		if dir == debian {
			err = fmt.Errorf("%w: install Debian's libonnx-testdata (apt-get install libonnx-testdata)", err)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
	results := runAll(cases, runtime.NumCPU(), *inGraph)
	r := newReport(results)
	r.print(os.Stdout, *verbose)
	if broken := r.broken(*bars && !*inGraph); len(broken) > 0 {
		for _, b := range broken {
			fmt.Fprintln(os.Stderr, "conformance:", b)
		}
		os.Exit(1)
	}
}
