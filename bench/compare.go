package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"lab/bench/protocol"
	"lab/bench/workload"
)

// report is everything that a comparison found.
type report struct {
	Machine machine  `json:"machine"`
	Lab     []string `json:"lab"`
	Rounds  int      `json:"rounds"`
	Seconds float64  `json:"seconds"`
	Busy    string   `json:"busy,omitempty"`
	Results []result `json:"results"`
}

// result is one workload on one number of threads.
type result struct {
	Workload   string     `json:"workload"`
	Threads    int        `json:"threads"`
	Parameters int        `json:"parameters"`
	Peers      []*pairing `json:"peers"`
}

// compare measures the workloads against the peers and prints the table.
func compare(s *settings) error {
	stage, err := newStage()
	if err != nil {
		return err
	}
	defer stage.close()
	r := &report{Machine: thisMachine(), Rounds: s.rounds, Seconds: s.seconds, Busy: s.busy}
	var busy *neighbour
	if s.busy != "" {
		if busy, err = startNeighbour(stage.self, s.busy); err != nil {
			return err
		}
		defer busy.close()
	}
	for _, threads := range s.threads {
		if err := compareOn(stage, s, threads, busy, r); err != nil {
			return err
		}
	}
	r.Machine.After = load()
	return r.print(os.Stdout, s.format)
}

// compareOn measures on one number of threads.
func compareOn(stage *stage, s *settings, threads int, busy *neighbour, r *report) error {
	lab, err := stage.start("lab", threads)
	if err != nil {
		return err
	}
	defer lab.close()
	r.Lab = lab.versions
	peers, absent := map[string]*contender{}, map[string]string{}
	defer func() {
		for _, c := range peers {
			c.close()
		}
	}()
	for _, name := range s.peers {
		c, err := stage.start(name, threads)
		if err != nil {
			absent[name] = err.Error()
			continue
		}
		peers[name] = c
	}
	for _, w := range workload.Table {
		if !s.workload.MatchString(w.Name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s, threads %d\n", w.Name, threads)
		res, err := measure(stage, s, lab, w.Name, threads, peers, absent, busy)
		if err != nil {
			return err
		}
		r.Results = append(r.Results, *res)
	}
	return nil
}

// measure builds a workload everywhere, checks that it is the same, and plays.
func measure(stage *stage, s *settings, lab *contender, name string, threads int, peers map[string]*contender, absent map[string]string, busy *neighbour) (*result, error) {
	build := protocol.Request{Do: protocol.Build, Workload: name, State: filepath.Join(stage.dir, name+".safetensors"), Write: true}
	a, err := lab.ask(build)
	if err != nil {
		return nil, err
	}
	losses, err := lab.ask(protocol.Request{Do: protocol.Check, Steps: checkedSteps})
	if err != nil {
		return nil, err
	}
	if err := lab.calibrate(s.seconds); err != nil {
		return nil, err
	}
	build.Write = false
	res := &result{Workload: name, Threads: threads, Parameters: a.Parameters}
	var ready []*contender
	checked := map[string]string{}
	for _, name := range s.peers {
		p := peers[name]
		var err error
		if p == nil {
			res.Peers = append(res.Peers, &pairing{Peer: name, Missing: absent[name]})
			continue
		}
		if p.broken != nil { // at the workload before
			p.close()
			if p, err = stage.start(name, threads); err != nil {
				res.Peers = append(res.Peers, &pairing{Peer: name, Missing: err.Error()})
				continue
			}
			peers[name] = p
		}
		said, err := agree(p, a.Parameters, losses.Losses, build)
		if err == nil {
			err = p.calibrate(s.seconds)
		}
		if err != nil {
			var missing errMissing
			if !errors.As(err, &missing) {
				fmt.Fprintln(os.Stderr, err)
			}
			res.Peers = append(res.Peers, &pairing{Peer: name, Versions: p.versions, Missing: err.Error()})
			continue
		}
		checked[name] = said
		ready = append(ready, p)
	}
	played, err := play(lab, ready, s.rounds, busy)
	if err != nil {
		return nil, err
	}
	for _, p := range played {
		p.Checked = checked[p.Peer]
	}
	res.Peers = append(res.Peers, played...)
	slices.SortFunc(res.Peers, func(a, b *pairing) int { return slices.Index(s.peers, a.Peer) - slices.Index(s.peers, b.Peer) })
	return res, nil
}
