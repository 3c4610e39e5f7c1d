package tracker

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// foldRun is a finished run of a table for folding.
func foldRun(name string, seed uint64, lr string, fid float64, change ...func(*Summary)) Summary {
	s := Summary{UID: name, Name: name, Family: "gan", FamilyVersion: "1", Recipe: "dcgan", Status: core.Finished, Seed: seed,
		Started: time.Unix(int64(name[0]), 0),
		Params:  []core.Param{{Key: "seed", Value: fmt.Sprint(seed)}, {Key: "lr", Value: lr}, {Key: "epochs", Value: "5"}},
		Metrics: []Metric{{Name: "fid", Goal: core.Lower, Points: 3, Last: fid + 1, Min: fid, Max: fid + 9, Best: fid}},
		Columns: []Value{{Text: lr, Known: true}, {Text: "5", Num: 5, Number: true, Known: true}}}
	for _, c := range change {
		c(&s)
	}
	return s
}

func showGroups(gs []Group) string {
	var parts []string
	for _, g := range gs {
		var b strings.Builder
		for _, r := range g.Runs {
			b.WriteString(r.Name)
		}
		for _, r := range g.Repeats {
			b.WriteString("(" + r.Name + ")")
		}
		parts = append(parts, b.String())
	}
	return strings.Join(parts, " ")
}

func TestFold(t *testing.T) {
	runs := []Summary{
		foldRun("f", 1, "0.1", 10),
		foldRun("e", 1, "0.1", 99), // the same again, older
		foldRun("d", 2, "0.1", 20),
		foldRun("c", 3, "0.2", 30),
		foldRun("b", 3, "0.1", 30, func(s *Summary) { s.Params[0], s.Params[2] = s.Params[2], s.Params[0] }), // another order
		foldRun("a", 4, "0.1", 1, func(s *Summary) { s.Status = core.Running }),
		foldRun("9", 5, "0.1", 1, func(s *Summary) { s.Status = core.Failed }),
		foldRun("8", 6, "0.1", 1, func(s *Summary) { s.FamilyVersion = "2" }),
		foldRun("7", 7, "0.1", 1, func(s *Summary) { s.From = []string{"aa"} }),
		foldRun("6", 8, "0.1", 1, func(s *Summary) { s.Params = append(s.Params, core.Param{Key: "a", Value: "1:b"}) }),
	}
	gs := Fold(runs)
	if got := showGroups(gs); got != "fdb(e) c a 9 8 7 6" {
		t.Errorf("got %s", got)
	}
	for fn, want := range map[string]Statistic{
		"best": {N: 3, Mean: 20, Std: 10, Min: 10, Max: 30},
		"last": {N: 3, Mean: 21, Std: 10, Min: 11, Max: 31},
		"max":  {N: 3, Mean: 29, Std: 10, Min: 19, Max: 39},
	} {
		if got := gs[0].Metric(fn, "fid"); got != want {
			t.Errorf("%s: got %+v; want %+v", fn, got, want)
		}
	}
	if s := gs[1].Metric("best", "fid"); s.N != 1 || s.Mean != 30 || s.Std == s.Std {
		t.Errorf("one run: %+v", s)
	}
	if s := gs[0].Metric("best", "nothing"); s.N != 0 || s.Mean == s.Mean {
		t.Errorf("no run: %+v", s)
	}
	if s := gs[0].Column(1); s.N != 3 || s.Mean != 5 || s.Std != 0 {
		t.Errorf("column: %+v", s)
	}
	// A run that diverged is not left out of the mean.
	runs[2].Metrics[0].Best, runs[0].Metrics[0].Best = math.NaN(), math.Inf(1)
	if s := Fold(runs)[0].Metric("best", "fid"); s.N != 3 || s.Diverged != 2 || s.Mean == s.Mean || s.Min != 30 || !math.IsInf(s.Max, 1) {
		t.Errorf("got %+v", s)
	}
}

func TestGroupBy(t *testing.T) {
	runs := []Summary{
		foldRun("f", 1, "0.1", 10),
		foldRun("e", 1, "0.2", 5),
		foldRun("d", 1, "0.1", 20, func(s *Summary) { s.Params[2].Value = "6" }), // not a repeat: it differs elsewhere
		foldRun("c", 1, "0.3", 1, func(s *Summary) { s.Status = core.Lost }),
		foldRun("b", 2, "0.3", math.NaN()),
		foldRun("a", 2, "0.1", 1, func(s *Summary) { s.Columns[0] = Value{} }),
		foldRun("9", 2, "", 7),
	}
	gs := GroupBy(runs, 1)
	if got := showGroups(gs); got != "fd e b a 9" {
		t.Errorf("got %s", got)
	}
	if gs[0].Key[0].Text != "0.1" || gs[0].Metric("best", "fid").Mean != 15 {
		t.Errorf("got %+v", gs[0])
	}
}
