package supervised

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if !(math.Abs(got-want) <= by) {
		t.Errorf("%s is %v; want %v", what, got, want)
	}
}

func TestScore(t *testing.T) {
	s := NewScore(3)
	s.Add([]float32{2, 0, 0, 0, 0, 0}, []int32{7, 8}, []int64{0, 2}) // right; a tie, taken for the first class
	s.Add([]float32{-1, 3, 1}, []int32{9}, []int64{0})
	near(t, "accuracy", s.Accuracy, 1./3, 1e-12)
	sure0 := math.Exp(2) / (math.Exp(2) + 2)
	sure2 := math.Exp(3) / (math.Exp(-1) + math.Exp(3) + math.Exp(1))
	wrong := math.Exp(-1) / (math.Exp(-1) + math.Exp(3) + math.Exp(1))
	near(t, "loss", s.Loss, (-math.Log(sure0)+math.Log(3)-math.Log(wrong))/3, 1e-6)
	if want := [][]int{{1, 1, 0}, {0, 0, 0}, {1, 0, 0}}; !reflect.DeepEqual(s.Confusion, want) {
		t.Errorf("confusion %v; want %v", s.Confusion, want)
	}
	// Each example is in a bin of its own: what it is sure of against whether it is right.
	near(t, "calibration", s.Calibration, ((1-sure0)+1./3+sure2)/3, 1e-6)
	if len(s.Mistakes) != 2 || s.Mistakes[0].At != 9 || s.Mistakes[0].As != 1 || s.Mistakes[1].At != 8 || s.Mistakes[1].Is != 2 {
		t.Errorf("mistakes %+v", s.Mistakes)
	}
}

// One who is right as often as he is sure has no calibration error; one who is three
// times as sure in his logits has one.
func TestCalibration(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	honest, boaster := NewScore(2), NewScore(2)
	for i := range int32(20000) {
		z := float32(2 * r.NormFloat64())
		label := int64(0)
		if r.Float64() < 1/(1+math.Exp(-float64(z))) {
			label = 1
		}
		honest.Add([]float32{0, z}, []int32{i}, []int64{label})
		boaster.Add([]float32{0, 3 * z}, []int32{i}, []int64{label})
	}
	if honest.Calibration > .015 || boaster.Calibration < .08 || honest.Accuracy != boaster.Accuracy || honest.Loss > boaster.Loss {
		t.Errorf("honest %.4f (loss %.4f), boaster %.4f (loss %.4f)", honest.Calibration, honest.Loss, boaster.Calibration, boaster.Loss)
	}
}

// The surest mistakes are kept, whatever the order they come in.
func TestMistakes(t *testing.T) {
	s := NewScore(2)
	for i := range int32(100) {
		sure := float32(i * 37 % 100)
		s.Add([]float32{sure / 50, 0}, []int32{i}, []int64{1})
	}
	if len(s.Mistakes) != mostMistakes {
		t.Fatalf("%d mistakes kept", len(s.Mistakes))
	}
	for i, m := range s.Mistakes {
		if want := 99 - i; int(m.At)*37%100 != want {
			t.Errorf("mistake %d is example %d, the %d-th surest", i, m.At, m.At*37%100)
		}
	}
}

func TestScoreOfNaN(t *testing.T) {
	s := NewScore(2)
	s.Add([]float32{float32(math.NaN()), float32(math.NaN())}, []int32{0}, []int64{1})
	if !math.IsNaN(s.Loss) || s.Accuracy != 0 {
		t.Errorf("a net that diverged has loss %v, accuracy %v", s.Loss, s.Accuracy)
	}
}

func TestFit(t *testing.T) {
	var f Fit
	f.Add([]float32{1, 2}, []float32{2, 2})
	f.Add([]float32{3}, []float32{6})
	near(t, "rmse", f.RMSE, math.Sqrt(10./3), 1e-9)
	near(t, "mae", f.MAE, 4./3, 1e-9)
	near(t, "r2", f.R2, 1-10./(32./3), 1e-9)
}
