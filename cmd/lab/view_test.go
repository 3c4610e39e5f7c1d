package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"lab/core"
)

// What a plugin says of its progress and by its warnings can be anything.
func TestViewOfNonsense(t *testing.T) {
	var out bytes.Buffer
	r := &core.Recipe{Name: "r", Metrics: []core.MetricSpec{{Name: "loss"}}}
	v := newView(&app{err: &out}, "f/r", r)
	v.live = true
	for _, p := range []core.Progress{{Done: 5, Total: 3}, {Done: math.MaxInt64, Total: 1, Samples: math.MaxInt64}, {Epoch: 3}, {}} {
		v.drawnAt = v.start.Add(-1e9)
		v.show(p)
	}
	if !strings.Contains(out.String(), strings.Repeat("━", 24)) {
		t.Errorf("more than everything is not a full bar:\n%s", out.String())
	}
	v.live, v.drawn = false, 0
	out.Reset()
	for i := range 1000 {
		v.show(core.Log{Level: core.Warn, Text: fmt.Sprintf("\x1b[2Jno. %d\n\a", i)})
		v.show(core.Log{Level: core.Fail, Text: "goroutine 1 [running]:"})
	}
	if lines := strings.Count(out.String(), "\n"); lines != maxWarnings+1 || strings.ContainsAny(out.String(), "\x1b\a") || strings.Contains(out.String(), "goroutine") {
		t.Errorf("%d lines:\n%q", lines, out.String())
	}
	for i := range 10_000 {
		v.show(core.Metrics{Points: []core.Point{{Metric: fmt.Sprint("m", i)}, {Metric: "loss", Value: float64(i)}}})
	}
	if len(v.series) != 1 || len(v.series["loss"]) > seriesLength {
		t.Errorf("%d series are kept", len(v.series))
	}
}
