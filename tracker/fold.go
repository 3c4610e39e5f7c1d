package tracker

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"lab/core"
)

// Group is runs that a report shows as one row.
type Group struct {
	Key     []Value    // what they were grouped by; nil from Fold
	Runs    []*Summary // those that count, in the order given
	Repeats []*Summary // the same again: equal in everything, seed included; of those the newest counts
}

// Fold puts together the finished runs that are equal but for their seed: in
// family and its version, recipe, every other parameter and what their weights
// start from. Any other run is a group of its own, for its numbers would spoil
// the statistic. Groups come in the order of their first run.
func Fold(runs []Summary) []Group { return group(runs, 0) }

// GroupBy puts together the finished runs whose first n columns, see
// [Query.Columns], have the same values: "--by lr". Runs that are not finished
// are left out.
func GroupBy(runs []Summary, n int) []Group { return group(runs, n) }

func group(runs []Summary, by int) []Group {
	os := make([]outline, len(runs))
	for i := range runs {
		s := &runs[i]
		o := outline{id: int64(i), ord: s.Started.UnixNano(), finished: s.Status == core.Finished, by: s.Columns[:min(by, len(s.Columns))]}
		o.fold, o.same = identify([]byte(packParams(s.Params)), strconv.AppendUint(nil, s.Seed, 10),
			[]byte(s.Family), []byte(s.FamilyVersion), []byte(s.Recipe), []byte(strings.Join(s.From, " ")))
		os[i] = o
	}
	var groups []Group
	for _, b := range bundle(os, false, by > 0) {
		g := Group{}
		if by > 0 {
			g.Key = os[b.runs[0]].by
		}
		for _, i := range b.runs {
			g.Runs = append(g.Runs, &runs[i])
		}
		for _, i := range b.repeats {
			g.Repeats = append(g.Repeats, &runs[i])
		}
		groups = append(groups, g)
	}
	return groups
}

// Statistic sums up one number over the runs of a group.
type Statistic struct {
	N        int     // runs that have the number
	Diverged int     // those of them where it is NaN or infinite
	Mean     float64 // NaN or infinite when one of the numbers is: a run that diverged counts
	Std      float64 // sample standard deviation, with N-1; NaN for N < 2
	Min, Max float64 // of those that are not NaN
}

// Metric returns the statistic of a metric by one of the functions of a filter:
// "best", "last", "min" or "max".
func (g *Group) Metric(fn, name string) Statistic {
	return g.statistic(func(s *Summary) (float64, bool) {
		m, ok := s.Metric(name)
		return m.Value(fn), ok && m.Points > 0
	})
}

// Column returns the statistic of column i where it is a number.
func (g *Group) Column(i int) Statistic {
	return g.statistic(func(s *Summary) (float64, bool) { return s.Columns[i].Num, s.Columns[i].Number })
}

// Seconds returns the statistic of the time that the runs took.
func (g *Group) Seconds() Statistic {
	return g.statistic(func(s *Summary) (float64, bool) { return s.Elapsed.Seconds(), true })
}

// Value is the metric's value by one of the functions of a filter.
func (m *Metric) Value(fn string) float64 {
	switch fn {
	case "min":
		return m.Min
	case "max":
		return m.Max
	case "last":
		return m.Last
	}
	return m.Best
}

func (g *Group) statistic(value func(*Summary) (float64, bool)) Statistic {
	return statisticOf(len(g.Runs), func(i int) (float64, bool) { return value(g.Runs[i]) })
}

// statisticOf is computed in two passes over the values in ascending order, so that
// it does not depend on the order of the runs.
func statisticOf(n int, value func(i int) (float64, bool)) Statistic {
	s := Statistic{Mean: math.NaN(), Std: math.NaN(), Min: math.NaN(), Max: math.NaN()}
	var vs []float64
	for i := range n {
		v, ok := value(i)
		if !ok {
			continue
		}
		s.N++
		if math.IsNaN(v) || math.IsInf(v, 0) {
			s.Diverged++
		}
		vs = append(vs, v)
	}
	if s.N == 0 {
		return s
	}
	slices.Sort(vs) // NaN first
	sum := 0.0
	for _, v := range vs {
		sum += v
		if v == v {
			if s.Min != s.Min {
				s.Min = v
			}
			s.Max = v
		}
	}
	s.Mean = sum / float64(s.N)
	if s.N > 1 {
		squares := 0.0
		for _, v := range vs {
			squares += (v - s.Mean) * (v - s.Mean)
		}
		s.Std = math.Sqrt(squares / float64(s.N-1))
	}
	return s
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
