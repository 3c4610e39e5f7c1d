package data

import (
	"math"
	"slices"
	"testing"

	"lab/core/tensor"
)

func TestStatisticsOfTable(t *testing.T) {
	e := &Examples{Shape: tensor.Shape{2}, Values: []float32{1, 7, 3, 7, 100, 100}, Targets: []float32{10, 30, 0}}
	v := View{e, []int32{0, 1}} // the third row must leave no trace
	s := v.Statistics()
	if !slices.Equal(s.Mean, []float64{2, 7}) || !slices.Equal(s.Std, []float64{1, 1}) {
		t.Errorf("got %+v", s)
	}
	if s := v.TargetStatistics(); s.Mean[0] != 20 || s.Std[0] != 10 {
		t.Errorf("target: %+v", s)
	}
	x := []float32{1, 7, 5, 8}
	s.Apply(x)
	if !slices.Equal(x, []float32{-1, 0, 3, 1}) {
		t.Errorf("scaled: %v", x)
	}
	if s.Undo(x); !slices.Equal(x, []float32{1, 7, 5, 8}) {
		t.Errorf("undone: %v", x)
	}
}

func TestStatisticsMetadata(t *testing.T) {
	s := Statistics{Mean: []float64{.1, 3e-20, -7}, Std: []float64{1.0 / 3, 1, 2}}
	m := map[string]string{}
	s.Metadata("input", func(k, v string) { m[k] = v })
	got, ok, err := ParseStatistics("input", m)
	if err != nil || !ok || !slices.Equal(got.Mean, s.Mean) || !slices.Equal(got.Std, s.Std) {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := ParseStatistics("target", m); ok || err != nil {
		t.Errorf("target: %v, %v", ok, err)
	}
	m["input.std"] = "1,2"
	if _, _, err := ParseStatistics("input", m); err == nil {
		t.Error("two of three standard deviations were taken")
	}
}

// The generated sets are the same everywhere but for the last bit of a sine.
func TestGenerated(t *testing.T) {
	moons := open(t, "two-moons")
	if moons.Train.Len() != 1000 || moons.Test.Len() != 1000 || len(moons.SHA256) != 64 {
		t.Errorf("got %+v", moons)
	}
	s := All(moons.Train).Statistics()
	if math.Abs(s.Mean[0]-.5) > .05 || math.Abs(s.Mean[1]-.25) > .05 {
		t.Errorf("the moons lie around %v", s.Mean)
	}
	sine := open(t, "sine")
	var square float64
	for i, y := range sine.Test.Targets {
		d := float64(y) - math.Sin(float64(sine.Test.Values[i]))
		square += d * d / float64(sine.Test.Len())
	}
	if math.Abs(math.Sqrt(square)-.1) > .01 {
		t.Errorf("the sine's noise is %.3f", math.Sqrt(square))
	}
}
