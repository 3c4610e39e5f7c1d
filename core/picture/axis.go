package picture

import (
	"math"
	"strconv"
)

// Axis is one axis of a chart.
type Axis struct {
	Label  string
	Log    bool    // equal distances are equal factors; what is not above 0 is left out
	Lo, Hi float64 // what it spans; both 0: what the data do

	whole bool // all values are whole, so that no tick lies between
}

// ends finds what the axis spans, from values that may hold anything.
func (a *Axis) ends(values func(yield func(float64))) {
	if a.Lo != a.Hi {
		return
	}
	a.Lo, a.Hi = math.Inf(1), math.Inf(-1)
	values(func(v float64) {
		if a.shows(v) {
			a.Lo, a.Hi = min(a.Lo, v), max(a.Hi, v)
		}
	})
	switch {
	case a.Lo > a.Hi: // nothing to see
		a.Lo, a.Hi = 0, 1
		if a.Log {
			a.Lo = .1
		}
	case a.Log && a.Lo == a.Hi:
		a.Lo, a.Hi = a.Lo/2, a.Hi*2
	case a.Lo == a.Hi:
		half := max(1e-3*math.Abs(a.Lo), 1e-12)
		if a.Lo == math.Trunc(a.Lo) {
			half = .5
		}
		a.Lo, a.Hi = a.Lo-half, a.Hi+half
	}
}

// margin widens the span by a share on both sides.
func (a *Axis) margin(share float64) {
	if a.Log {
		f := math.Pow(a.Hi/a.Lo, share)
		a.Lo, a.Hi = a.Lo/f, a.Hi*f
		return
	}
	d := (a.Hi - a.Lo) * share
	a.Lo, a.Hi = a.Lo-d, a.Hi+d
}

func (a *Axis) shows(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.Log || v > 0)
}

// at is where a value lies, 0 at the low end and 1 at the high one.
func (a *Axis) at(v float64) float64 {
	if a.Log {
		return math.Log(v/a.Lo) / math.Log(a.Hi/a.Lo)
	}
	return (v - a.Lo) / (a.Hi - a.Lo)
}

// ticks are round values within the axis, at most about n, and what is written at
// each; "" only marks it.
func (a *Axis) ticks(n int) (at []float64, texts []string) {
	if a.Log {
		if at, texts = a.decades(n); len(at) >= 2 {
			return at, texts
		}
		at, texts = nil, nil
	}
	step := nice((a.Hi - a.Lo) / float64(max(1, n)))
	if a.whole {
		step = max(1, step)
	}
	for i := math.Ceil(a.Lo/step - 1e-9); i*step <= a.Hi+1e-9*step; i++ {
		v := i*step + 0 // not -0
		if a.Log && v <= 0 {
			continue
		}
		at, texts = append(at, v), append(texts, write(v, step))
	}
	return at, texts
}

// decades are the powers of ten, or every so many of them, and 2 and 5 times them
// where there are few.
func (a *Axis) decades(n int) (at []float64, texts []string) {
	lo, hi := math.Ceil(math.Log10(a.Lo)-1e-9), math.Floor(math.Log10(a.Hi)+1e-9)
	every := max(1, math.Ceil((hi-lo+1)/float64(n)))
	between := []float64{1}
	if hi-lo < 3 {
		between = []float64{1, 2, 5}
	}
	for e := math.Floor(math.Log10(a.Lo)); e <= hi; e++ {
		if math.Mod(e, every) != 0 {
			continue
		}
		for _, m := range between {
			if v := m * math.Pow(10, e); v >= a.Lo*(1-1e-9) && v <= a.Hi*(1+1e-9) {
				at, texts = append(at, v), append(texts, write(v, v))
			}
		}
	}
	return at, texts
}

// nice is the smallest of 1, 2, 5 times a power of ten that is at least step.
func nice(step float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= step*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// write formats a value with the digits that a step needs.
func write(v, step float64) string {
	if size := max(math.Abs(v), step); size >= 1e5 || step < 1e-4 {
		if v == 0 {
			return "0"
		}
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := int(max(0, math.Ceil(-math.Log10(step)-1e-9)))
	return strconv.FormatFloat(v, 'f', digits, 64)
}
