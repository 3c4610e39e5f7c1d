package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lab/bench/workload"
	"lab/core/vm"
)

// profile prints where a step of lab goes: the calls of its programs and the
// optimisers, the longest first.
func profile(s *settings) error {
	for _, threads := range s.threads {
		vm.SetThreads(threads)
		for _, w := range workload.Table {
			if w.Build == nil || !s.workload.MatchString(w.Name) {
				continue
			}
			n, err := workload.Ready(w.Name, "", false)
			if err != nil {
				return err
			}
			whole := timed(s.seconds, n.Step)
			runs := max(3, int(s.seconds*1e9/float64(max(1, whole.Median))))
			fmt.Printf("%s, threads %d: a step takes %s, median of %d\n\n", w.Name, threads, whole.Median, whole.Calls)
			callTable(n, runs, s.seconds).print(os.Stdout, s.format)
			fmt.Println()
		}
	}
	return nil
}

// timed calls f for the given time.
func timed(seconds float64, f func()) vm.StepTime {
	var took []time.Duration
	for end := time.Now().Add(time.Duration(seconds * 1e9)); time.Now().Before(end) || len(took) < 3; {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return vm.StepTime{Calls: len(took), Best: took[0], Median: took[len(took)/2]}
}

// callTable lists calls of the same name and shape together, with their share of all.
func callTable(n *workload.Net, runs int, seconds float64) grid {
	type call struct {
		program, name, shape string
		count                int
		best, median         time.Duration
	}
	var calls []*call
	var sum time.Duration
	add := func(program, name, shape string, t vm.StepTime) {
		sum += t.Median
		i := slices.IndexFunc(calls, func(c *call) bool { return c.program == program && c.name == name && c.shape == shape })
		if i < 0 {
			i = len(calls)
			calls = append(calls, &call{program: program, name: name, shape: shape})
		}
		calls[i].count++
		calls[i].best += t.Best
		calls[i].median += t.Median
	}
	for _, p := range n.Programs {
		for _, t := range p.Profile(runs) {
			add(p.Name, t.Name, t.Shape.String(), t)
		}
	}
	if n.Optimise != nil {
		add("", "optimiser", fmt.Sprintf("(%d)", n.Parameters()), timed(seconds/4, n.Optimise))
	}
	slices.SortStableFunc(calls, func(a, b *call) int { return cmp.Compare(b.median, a.median) })
	g := grid{{"%", "median µs", "best µs", "calls", "program", "result", "call"}}
	for _, c := range calls {
		name := c.name
		if len(name) > 60 {
			name = name[:strings.LastIndexByte(name[:60], '+')+1] + "…"
		}
		g = append(g, []string{fmt.Sprintf("%.1f", 100*float64(c.median)/float64(sum)), fmt.Sprintf("%.1f", float64(c.median)/1e3),
			fmt.Sprintf("%.1f", float64(c.best)/1e3), fmt.Sprint(c.count), c.program, c.shape, name})
	}
	return g
}
