package main

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"lab/tracker"
)

// curve is one line of a chart.
type curve struct {
	label   string
	class   string // of the colour
	buckets []tracker.Bucket
}

const (
	chartWidth, chartHeight = 560, 240
	chartLeft, chartBottom  = 62, 24 // margins with the figures
	chartTop, chartRight    = 8, 12
	chartPoints             = 300 // of a curve at the most
)

// chart draws curves over steps as SVG: their means, and between what extremes they lie
// where a curve was thinned. What is not finite is a gap. It is "" for nothing to draw.
func chart(curves []curve) template.HTML {
	x, y := axis{math.Inf(1), math.Inf(-1)}, axis{math.Inf(1), math.Inf(-1)}
	for _, c := range curves {
		for _, b := range c.buckets {
			if finite(b.Mean) {
				x.take(float64(b.StepLo))
				x.take(float64(b.StepHi))
				y.take(b.Mean)
			}
		}
	}
	if x.lo >= x.hi || y.lo > y.hi {
		return ""
	}
	if y.lo == y.hi {
		pad := math.Max(math.Abs(y.lo)*0.1, 1e-9)
		y = axis{y.lo - pad, y.hi + pad}
	}
	px := func(v float64) float64 {
		return chartLeft + (v-x.lo)/(x.hi-x.lo)*(chartWidth-chartLeft-chartRight)
	}
	py := func(v float64) float64 {
		v = min(max(v, y.lo), y.hi)
		return chartTop + (y.hi-v)/(y.hi-y.lo)*(chartHeight-chartTop-chartBottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img">`, chartWidth, chartHeight)
	for _, v := range y.ticks(5) {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, chartWidth-chartRight, py(v), py(v), chartLeft-6, py(v)+4, tick(v))
	}
	for _, v := range x.ticks(6) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, px(v), chartHeight-6, tick(v))
	}
	for _, c := range curves {
		title := template.HTMLEscapeString(c.label)
		for _, part := range unbroken(c.buckets) {
			var line, up, down []string
			thinned := false
			for _, p := range part {
				mid := px(float64(p.StepLo+p.StepHi) / 2)
				line = append(line, fmt.Sprintf("%.1f,%.1f", mid, py(p.Mean)))
				if finite(p.Lo) && finite(p.Hi) {
					thinned = thinned || p.Points > 1
					up = append(up, fmt.Sprintf("%.1f,%.1f", mid, py(p.Hi)))
					down = append([]string{fmt.Sprintf("%.1f,%.1f", mid, py(p.Lo))}, down...)
				}
			}
			if thinned && len(curves) <= 4 {
				fmt.Fprintf(&b, `<polygon class="%s" points="%s"/>`, c.class, strings.Join(append(up, down...), " "))
			}
			if len(line) == 1 {
				at := strings.Split(line[0], ",")
				fmt.Fprintf(&b, `<circle class="%s" cx="%s" cy="%s" r="2.5"><title>%s</title></circle>`, c.class, at[0], at[1], title)
				continue
			}
			fmt.Fprintf(&b, `<polyline class="%s" points="%s"><title>%s</title></polyline>`, c.class, strings.Join(line, " "), title)
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// unbroken cuts a curve where it is not finite.
func unbroken(buckets []tracker.Bucket) (parts [][]tracker.Bucket) {
	start := 0
	for i := range len(buckets) + 1 {
		if i == len(buckets) || !finite(buckets[i].Mean) {
			if i > start {
				parts = append(parts, buckets[start:i])
			}
			start = i + 1
		}
	}
	return parts
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// axis is a stretch of numbers.
type axis struct{ lo, hi float64 }

func (a *axis) take(v float64) { a.lo, a.hi = min(a.lo, v), max(a.hi, v) }

func tick(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// ticks are about n round numbers within the axis.
func (a axis) ticks(n int) (out []float64) {
	rough := (a.hi - a.lo) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= rough {
			step = m * unit
			break
		}
	}
	for i := math.Ceil(a.lo / step); i*step <= a.hi+step*1e-9; i++ {
		out = append(out, i*step)
	}
	return out
}
