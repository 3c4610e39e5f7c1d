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
func Fold(runs []Summary) []Group {
	return group(runs, func(s *Summary) (string, []Value) {
		if s.Status != core.Finished {
			return s.UID, nil
		}
		return sameness(s, false), nil
	})
}

// GroupBy puts together the finished runs whose first n columns, see
// [Query.Columns], have the same values: "--by lr". Runs that are not finished
// are left out.
func GroupBy(runs []Summary, n int) []Group {
	var finished []Summary
	for i := range runs {
		if runs[i].Status == core.Finished {
			finished = append(finished, runs[i])
		}
	}
	return group(finished, func(s *Summary) (string, []Value) {
		key := s.Columns[:min(n, len(s.Columns))]
		var b strings.Builder
		for _, v := range key {
			field(&b, strconv.FormatBool(v.Known)+v.Text)
		}
		return b.String(), key
	})
}

func group(runs []Summary, key func(*Summary) (string, []Value)) []Group {
	var groups []Group
	at := map[string]int{}
	newest := map[string]*Summary{} // of runs equal in everything
	for i := range runs {
		s := &runs[i]
		k, values := key(s)
		g, ok := at[k]
		if !ok {
			g = len(groups)
			at[k] = g
			groups = append(groups, Group{Key: values})
		}
		groups[g].Runs = append(groups[g].Runs, s)
		if s.Status == core.Finished {
			if same := sameness(s, true); newest[same] == nil || s.Started.After(newest[same].Started) {
				newest[same] = s
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		g.Runs = slices.DeleteFunc(g.Runs, func(s *Summary) bool {
			repeat := s.Status == core.Finished && newest[sameness(s, true)] != s
			if repeat {
				g.Repeats = append(g.Repeats, s)
			}
			return repeat
		})
	}
	return slices.DeleteFunc(groups, func(g Group) bool { return len(g.Runs) == 0 })
}

// sameness is equal for runs that are equal, with or without regard to the seed.
func sameness(s *Summary, seed bool) string {
	var b strings.Builder
	field(&b, s.Family)
	field(&b, s.FamilyVersion)
	field(&b, s.Recipe)
	if seed {
		field(&b, strconv.FormatUint(s.Seed, 10))
	}
	params := slices.Clone(s.Params)
	slices.SortFunc(params, func(a, b core.Param) int { return strings.Compare(a.Key, b.Key) })
	for _, p := range params {
		if p.Key != "seed" {
			field(&b, p.Key)
			field(&b, p.Value)
		}
	}
	for _, sum := range s.From {
		field(&b, sum)
	}
	return b.String()
}

// field writes s so that fields next to each other cannot be read in two ways.
func field(b *strings.Builder, s string) {
	b.WriteString(strconv.Itoa(len(s)))
	b.WriteByte(':')
	b.WriteString(s)
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

// statistic is computed in two passes over the values in ascending order, so that
// it does not depend on the order of the runs.
func (g *Group) statistic(value func(*Summary) (float64, bool)) Statistic {
	s := Statistic{Mean: math.NaN(), Std: math.NaN(), Min: math.NaN(), Max: math.NaN()}
	var vs []float64
	for _, r := range g.Runs {
		v, ok := value(r)
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

// SortByMean sorts groups by the mean of a metric, best first by the metric's
// goal; where it has none, ascending. Groups without the metric, and those whose
// mean is NaN, come last.
func SortByMean(groups []Group, fn, metric string) {
	goal := core.Neutral
	means := make(map[*Summary]float64, len(groups))
	for i := range groups {
		g := &groups[i]
		means[g.Runs[0]] = g.Metric(fn, metric).Mean
		for _, r := range g.Runs {
			if m, ok := r.Metric(metric); ok && m.Goal != core.Neutral {
				goal = m.Goal
			}
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		x, y := means[a.Runs[0]], means[b.Runs[0]]
		switch {
		case x != x || y != y:
			return btoi(x != x) - btoi(y != y)
		case x == y:
			return 0
		case (x < y) == (goal != core.Higher):
			return -1
		}
		return 1
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
