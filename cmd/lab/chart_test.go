package main

import (
	"math"
	"strings"
	"testing"

	"lab/tracker"
)

func points(values ...float64) (out []tracker.Bucket) {
	for i, v := range values {
		out = append(out, tracker.Bucket{StepLo: int64(i), StepHi: int64(i), Points: 1, Lo: v, Hi: v, Mean: v})
	}
	return out
}

func TestChart(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name                   string
		values                 []float64
		lines, circles, bodies int // polylines, lone points, bands
	}{
		{"a line", []float64{1, 2, 3}, 1, 0, 0},
		{"a gap", []float64{1, 2, nan, 3, 4}, 2, 0, 0},
		{"lone points", []float64{1, inf, 3, nan, 4, 5}, 1, 2, 0},
		{"flat", []float64{0, 0, 0}, 1, 0, 0},
		{"one point", []float64{1}, 0, 0, 0},
		{"nothing finite", []float64{nan, inf, -inf}, 0, 0, 0},
	} {
		svg := string(chart([]curve{{"<x>", "c0", points(c.values...)}}))
		if n := strings.Count(svg, "<polyline"); n != c.lines {
			t.Errorf("%s: %d lines in %s", c.name, n, svg)
		}
		if n := strings.Count(svg, "<circle"); n != c.circles {
			t.Errorf("%s: %d lone points in %s", c.name, n, svg)
		}
		if strings.Contains(svg, "<x>") || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: %s", c.name, svg)
		}
	}
	thinned := points(1, 2, 3)
	thinned[1] = tracker.Bucket{StepLo: 1, StepHi: 9, Points: 9, Lo: -4, Hi: 7, Mean: 2}
	if svg := string(chart([]curve{{"x", "c0", thinned}})); strings.Count(svg, "<polygon") != 1 {
		t.Errorf("no band in %s", svg)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    axis
		n    int
		want []float64
	}{{axis{0, 10}, 5, []float64{0, 2, 4, 6, 8, 10}}, {axis{0.31, 0.52}, 4, []float64{0.4, 0.5}}, {axis{-1, 1}, 4, []float64{-1, -0.5, 0, 0.5, 1}}} {
		got := c.a.ticks(c.n)
		if len(got) != len(c.want) {
			t.Errorf("%v: %v", c.a, got)
			continue
		}
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-12 {
				t.Errorf("%v: %v", c.a, got)
			}
		}
	}
}

func TestPlusMinus(t *testing.T) {
	for _, c := range []struct {
		s    tracker.Statistic
		want string
	}{
		{tracker.Statistic{N: 3, Mean: 33.512, Std: 2.234}, "33.5 ± 2.2"},
		{tracker.Statistic{N: 3, Mean: 0.87123, Std: 0.0123}, "0.871 ± 0.012"},
		{tracker.Statistic{N: 2, Mean: 1234.5, Std: 120}, "1234 ± 120"},
		{tracker.Statistic{N: 2, Mean: 5, Std: 0}, "5 ± 0"},
		{tracker.Statistic{N: 1, Mean: 0.5, Std: math.NaN()}, "0.5000"},
		{tracker.Statistic{N: 3, Mean: math.NaN(), Std: math.NaN(), Diverged: 1}, "nan (1 of 3 diverged)"},
		{tracker.Statistic{N: 2, Mean: 1e-12, Std: 1e-13}, "1.00e-12 ± 1.00e-13"},
		{tracker.Statistic{}, ""},
	} {
		if got := plusMinus(c.s); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.s, got, c.want)
		}
	}
}
