package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"lab/bench/protocol"
	"lab/bench/stock"
	"lab/bench/workload"
	"lab/core/vm"
)

// settings are what the flags say.
type settings struct {
	workload *regexp.Regexp
	peers    []string
	rounds   int
	seconds  float64
	threads  []int
	format   string // "text", "markdown" or "json"
	busy     string // "", "free" or "pinned"
	sweep    string // "", "gemm" or "conv"
	profile  bool
	serve    string
}

func main() {
	s, err := parse(os.Args[1:])
	if err == nil {
		err = run(s)
	}
	if err == flag.ErrHelp {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*settings, error) {
	s := &settings{format: "text"}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	pattern := f.String("workload", "", "only workloads (or sizes of a sweep) that match this regular `expression`")
	peers := f.String("peers", strings.Join(allPeers, ","), "peers to measure against, a `list`; build:PATH is another build of this command")
	threads := f.String("threads", "", "`numbers` of threads to measure with (default all cores; -sweep: 1 and all cores)")
	f.IntVar(&s.rounds, "rounds", 7, "`rounds` of timings in turns")
	f.Float64Var(&s.seconds, "seconds", 0.5, "`seconds` that one timing takes (default of -sweep 0.1)")
	markdown := f.Bool("markdown", false, "print Markdown")
	json := f.Bool("json", false, "print JSON, with every timing")
	f.StringVar(&s.busy, "busy", "", "time each pair again beside a busy process and compare the slowdowns; its `kind` is free, or pinned to one core")
	f.StringVar(&s.sweep, "sweep", "", "measure one `op` over many sizes: gemm or conv")
	f.BoolVar(&s.profile, "profile", false, "print where lab's own step goes")
	f.StringVar(&s.serve, "serve", "", "be a `contender`: what this command starts its children with")
	if err := f.Parse(args); err != nil {
		return nil, flag.ErrHelp // which the flag set has printed
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if s.sweep != "" && !given["seconds"] { // many sizes
		s.seconds = 0.1
	}
	var err error
	if s.workload, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-workload: %w", err)
	}
	for _, p := range strings.Split(*peers, ",") {
		if p != "" {
			s.peers = append(s.peers, p)
		}
	}
	if s.threads, err = numbers(*threads); err != nil {
		return nil, fmt.Errorf("-threads: %w", err)
	}
	if s.rounds < 1 || s.seconds <= 0 {
		return nil, fmt.Errorf("-rounds and -seconds must be positive")
	}
	if s.busy != "" && s.busy != "free" && s.busy != "pinned" {
		return nil, fmt.Errorf("-busy is free or pinned, not %q", s.busy)
	}
	switch {
	case *json:
		s.format = "json"
	case *markdown:
		s.format = "markdown"
	}
	return s, nil
}

// numbers reads "1,2".
func numbers(list string) ([]int, error) {
	var ns []int
	for _, field := range strings.Split(list, ",") {
		if field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of threads", field)
		}
		ns = append(ns, n)
	}
	return ns, nil
}

func run(s *settings) error {
	cores := runtime.NumCPU()
	if len(s.threads) == 0 {
		s.threads = []int{cores}
		if s.sweep != "" && cores > 1 {
			s.threads = []int{1, cores}
		}
	}
	switch {
	case s.serve != "":
		return serve(s.serve, s.threads[0])
	case s.sweep != "":
		return sweep(s)
	case s.profile:
		return profiled(s)
	}
	return compare(s)
}

// serve makes this process a contender, or the busy neighbour.
func serve(who string, threads int) error {
	var b protocol.Builder
	switch who {
	case "lab":
		vm.SetThreads(threads)
		b = workload.Builder{}
	case "gorgonia":
		b = stock.Builder{}
	case "free", "pinned":
		return beBusy(who == "pinned", os.Stdin)
	default:
		return fmt.Errorf("-serve: there is no contender %q", who)
	}
	return protocol.Serve(os.Stdin, os.Stdout, b)
}
