package task

import (
	"math"
	"math/rand/v2"

	"lab/core/tensor"
)

// Sine are the regression tasks of Finn, Abbeel & Levine (2017), section 5.1:
// y = A sin(x - φ), amplitude A from U[0.1, 5], phase φ from U[0, MaxPhase], x from
// U[-5, 5].
type Sine struct {
	MaxPhase  float64 // π in MAML's paper, 2π in Reptile's
	EvenQuery bool    // the query points are evenly spaced, as for a picture
	Grid      int     // not 0: support points are some of so many evenly spaced ones, each but once
}

// Bounds of the inputs.
const SineLo, SineHi = -5, 5

// Shape is [1].
func (Sine) Shape() tensor.Shape { return tensor.Shape{1} }

// Sample draws a sine and points on it.
func (s Sine) Sample(r *rand.Rand, support, query Points) {
	amplitude := 0.1 + 4.9*r.Float64()
	phase := s.MaxPhase * r.Float64()
	set := func(p Points, i int, at float64) { // at from 0 to 1
		x := SineLo + (SineHi-SineLo)*at
		p.X[i], p.Y[i] = float32(x), float32(amplitude*math.Sin(x-phase))
	}
	if s.Grid > 0 {
		for i, at := range r.Perm(s.Grid)[:len(support.Y)] {
			set(support, i, float64(at)/float64(s.Grid-1))
		}
	} else {
		for i := range support.Y {
			set(support, i, r.Float64())
		}
	}
	for i := range query.Y {
		if s.EvenQuery {
			set(query, i, float64(i)/float64(len(query.Y)-1))
		} else {
			set(query, i, r.Float64())
		}
	}
}
