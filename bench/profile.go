package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"lab/bench/workload"
	"lab/core/profile"
	"lab/core/vm"
)

// profiled prints where a step of lab goes: the calls of its programs and the
// optimisers, the longest first.
func profiled(s *settings) error {
	for _, threads := range s.threads {
		vm.SetThreads(threads)
		for _, w := range workload.Table {
			if !s.workload.MatchString(w.Name) {
				continue
			}
			n, err := workload.Ready(w.Name, "", false)
			if err != nil {
				return err
			}
			steps, median := timed(s.seconds, n.Step)
			fmt.Printf("%s, threads %d: a step takes %s, median of %d without the profile\n", w.Name, threads, median, steps)
			r, err := profileOf(w.Name, steps)
			if err != nil {
				return err
			}
			for i := range r.Parts {
				p := &r.Parts[i]
				if p.Kind == profile.Compiling {
					continue
				}
				fmt.Printf("\n%s\n\n", r.Title(p))
				append(grid{profile.Head}, r.Rows(p, 0)...).print(os.Stdout, s.format)
			}
			fmt.Println()
		}
	}
	return nil
}

// profileOf builds the workload once more and profiles so many steps of it.
func profileOf(name string, steps int) (*profile.Report, error) {
	on, err := profile.Start()
	if err != nil {
		return nil, err
	}
	n, err := workload.Ready(name, "", false)
	if err == nil {
		for _, p := range n.Programs {
			p.Named(p.Name)
		}
		for range steps {
			n.Step()
		}
	}
	return on.Stop(), err
}

// timed calls f for the given time, three times at the least, and returns how often,
// and the median of what a call took.
func timed(seconds float64, f func()) (int, time.Duration) {
	var took []time.Duration
	for end := time.Now().Add(time.Duration(seconds * 1e9)); time.Now().Before(end) || len(took) < 3; {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return len(took), took[len(took)/2]
}
