package task

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A task is one sine: three of its points tell amplitude and phase, and all others,
// query points too, lie on it.
func TestSine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	support, query := Points{make([]float32, 10), make([]float32, 10)}, Points{make([]float32, 50), make([]float32, 50)}
	for range 200 {
		Sine{MaxPhase: math.Pi, EvenQuery: true}.Sample(r, support, query)
		// y = a sin x - b cos x: least squares over all points leaves nothing.
		var ss, sc, cc, sy, cy float64
		all := func(f func(x, y float64)) {
			for _, p := range []Points{support, query} {
				for i := range p.X {
					f(float64(p.X[i]), float64(p.Y[i]))
				}
			}
		}
		all(func(x, y float64) {
			s, c := math.Sincos(x)
			ss, sc, cc, sy, cy = ss+s*s, sc+s*c, cc+c*c, sy+s*y, cy+c*y
		})
		det := ss*cc - sc*sc
		a, b := (cc*sy-sc*cy)/det, (ss*cy-sc*sy)/det
		all(func(x, y float64) {
			if d := a*math.Sin(x) + b*math.Cos(x) - y; math.Abs(d) > 1e-5 || x < SineLo || x > SineHi {
				t.Fatalf("point (%v, %v) is %v off the sine %v sin x + %v cos x", x, y, d, a, b)
			}
		})
		if amplitude, phase := math.Hypot(a, b), math.Atan2(-b, a); amplitude < 0.1-1e-4 || amplitude > 5 || phase < -1e-4 || phase > math.Pi {
			t.Fatalf("amplitude %v, phase %v", amplitude, phase)
		}
	}
	if query.X[0] != SineLo || query.X[49] != SineHi {
		t.Errorf("even points go from %v to %v", query.X[0], query.X[49])
	}
}

// Of a grid every point comes once.
func TestSineGrid(t *testing.T) {
	support := Points{make([]float32, 50), make([]float32, 50)}
	Sine{MaxPhase: 1, Grid: 50}.Sample(rand.New(rand.NewPCG(1, 2)), support, Points{})
	x := slices.Clone(support.X)
	slices.Sort(x)
	for i, v := range x {
		if want := -5 + 10*float64(i)/49; math.Abs(float64(v)-want) > 1e-6 {
			t.Fatalf("point %d of the grid is %v, want %v", i, v, want)
		}
	}
	if slices.Equal(x, support.X) {
		t.Error("the points come in order")
	}
}
