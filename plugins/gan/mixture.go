package gan

import (
	"math"
	"math/rand/v2"
)

// mixture is a distribution in the plane whose modes are known: normal distributions of
// one spread around centres, each as likely as the others. What a generator leaves out
// can be counted.
type mixture struct {
	centres [][2]float64
	std     float64
}

// ring has 8 modes on a circle of radius 2.
func ring() mixture {
	m := mixture{std: 0.02}
	for i := range 8 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 8)
		m.centres = append(m.centres, [2]float64{2 * cos, 2 * sin})
	}
	return m
}

// grid has 5×5 modes at distances of 1.
func grid() mixture {
	m := mixture{std: 0.025}
	for x := -2.0; x <= 2; x++ {
		for y := -2.0; y <= 2; y++ {
			m.centres = append(m.centres, [2]float64{x, y})
		}
	}
	return m
}

// draw fills points [n,2].
func (m mixture) draw(r *rand.Rand, points []float32) {
	for i := 0; i < len(points); i += 2 {
		c := m.centres[r.IntN(len(m.centres))]
		points[i] = float32(c[0] + m.std*r.NormFloat64())
		points[i+1] = float32(c[1] + m.std*r.NormFloat64())
	}
}

// tally is what a generator's points hit.
type tally struct {
	// Modes are covered by 2 in 1,000 points within three standard deviations; a fair
	// share is 125 or 40. (Srivastava et al. 2017, section 4.1, ask for a single one.)
	Modes   int
	Quality float64 // share of the points within three standard deviations of a centre
	// InEffect is e^entropy of the shares of points whose nearest centre is a mode's,
	// however far: as many as there are modes unless the generator has collapsed.
	InEffect float64
}

// score tallies points [n,2].
func (m mixture) score(points []float32) (t tally) {
	near, hits, n := make([]int, len(m.centres)), make([]int, len(m.centres)), len(points)/2
	for i := 0; i < len(points); i += 2 {
		nearest, at := math.Inf(1), 0
		for k, c := range m.centres {
			if d := math.Hypot(float64(points[i])-c[0], float64(points[i+1])-c[1]); d < nearest {
				nearest, at = d, k
			}
		}
		near[at]++
		if nearest < 3*m.std {
			hits[at]++
		}
	}
	entropy := 0.0
	for k, h := range hits {
		t.Quality += float64(h) / float64(n)
		if h >= max(1, n/500) {
			t.Modes++
		}
		if p := float64(near[k]) / float64(n); p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	t.InEffect = math.Exp(entropy)
	return t
}
