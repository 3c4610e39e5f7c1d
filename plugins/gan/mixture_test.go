package gan

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What the mixtures draw scores as it should: all modes, and the quality of a normal
// distribution in the plane, 1 - e^(-9/2).
func TestMixture(t *testing.T) {
	for name, m := range map[string]mixture{"8": ring(), "25": grid()} {
		r := rand.New(rand.NewPCG(1, 2))
		points := make([]float32, 2*20000)
		m.draw(r, points)
		all := float64(len(m.centres))
		if got := m.score(points); got.Modes != len(m.centres) || math.Abs(got.Quality-(1-math.Exp(-4.5))) > 3e-3 || got.InEffect < 0.99*all {
			t.Errorf("%s modes: %+v", name, got)
		}
		for i := 0; i < len(points); i += 2 { // all to the first mode, every second one far off
			points[i], points[i+1] = float32(m.centres[0][0]), float32(m.centres[0][1]+float64(i/2%2))*10
		}
		if got := m.score(points); got.Modes > 1 || got.Quality > 0.5 || got.InEffect > 2 {
			t.Errorf("%s modes, collapsed: %+v", name, got)
		}
	}
}
