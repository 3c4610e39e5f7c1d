package gan

import (
	"math"
	"testing"

	"lab/core/family/familytest"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

func TestSlerp(t *testing.T) {
	got := slerp([]float32{1, 0}, []float32{0, 2}, 0.5)
	if want := float32(math.Sqrt(0.5)); math.Abs(float64(got[0]-want)) > 1e-6 || math.Abs(float64(got[1]-2*want)) > 1e-6 {
		t.Errorf("half way: %v", got)
	}
	if got := slerp([]float32{3, 4}, []float32{3, 4}, 0.3); got[0] != 3 || got[1] != 4 {
		t.Errorf("between equals: %v", got)
	}
}
