package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number formats a metric for people: four significant digits, whole numbers whole.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(fmt.Sprintf("%+v", v), "+")
	case v == math.Trunc(v) && math.Abs(v) < 1e7:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case math.Abs(v) >= 1e6 || math.Abs(v) < 1e-4:
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
	digits := 3 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', max(0, digits), 64)
}

// duration formats for people: 940ms, 12.3s, 4m05s, 2h03m.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// spark draws values as a line of blocks, width of them at the most.
func spark(v []float64, width int) string {
	if len(v) > width { // means of equal stretches
		w := make([]float64, width)
		for i := range w {
			from, to := i*len(v)/width, (i+1)*len(v)/width
			for _, x := range v[from:to] {
				w[i] += x / float64(to-from)
			}
		}
		v = w
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range v {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, x := range v {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			b.WriteByte('?')
		case hi == lo:
			b.WriteRune(blocks[3])
		default:
			b.WriteRune(blocks[int((x-lo)/(hi-lo)*7.999)])
		}
	}
	return b.String()
}
