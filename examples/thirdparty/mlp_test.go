package main

import (
	"testing"

	"lab/core/data"
	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("mlp", "epochs=1", "batch_size=200", "hidden=16"),
		familytest.Long("mlp", "epochs=16", "hidden=16"),
		familytest.Reload(trial.Check))
}

// TestLearns holds the recipe to a safe bar, and its file to what the recipe measured.
func TestLearns(t *testing.T) {
	r := familytest.Train(t, Family, "mlp", "epochs=2")
	accuracy := r.Last("accuracy")
	if !(accuracy > 0.7) {
		t.Errorf("accuracy %v after two epochs, want more than 0.7", accuracy)
	}
	set, err := data.Open("fashion-mini", "")
	if err != nil {
		t.Fatal(err)
	}
	n := set.Test.Len()
	m, err := trial.Load(r.Model(), n)
	if err != nil {
		t.Fatal(err)
	}
	images := make([]float32, n*pixels)
	set.Test.Copy(images, data.All(set.Test).Index, set.Test.Levels(0, 1))
	out, err := m.Run(map[string][]float32{"x": images})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, label := range set.Test.Labels {
		row, best := out["logits"][i*classes:(i+1)*classes], 0
		for c, v := range row {
			if v > row[best] {
				best = c
			}
		}
		if best == int(label) {
			right++
		}
	}
	if got := float64(right) / float64(n); got != accuracy {
		t.Errorf("the exported model has accuracy %v, the recipe measured %v", got, accuracy)
	}
}
