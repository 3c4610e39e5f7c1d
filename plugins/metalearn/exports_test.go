package metalearn

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
// learner.onnx is learning itself, gradient steps and all.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	familytest.TrainEach(t, Family, [][]string{
		{"maml", "iterations=40", "test_tasks=10", "test_every=10_000"},
		{"maml", "data=hershey", "iterations=2", "meta_batch=2", "test_tasks=10", "test_every=10_000"},
		{"fomaml", "iterations=40", "test_tasks=10", "test_every=10_000"},
		{"reptile", "iterations=40", "test_tasks=10", "test_every=10_000"},
		{"protonet", "iterations=8", "test_tasks=10", "test_every=10_000"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare("metalearn-maml-learner", "metalearn-fomaml-learner", "metalearn-reptile-learner", "metalearn-protonet-learner")
}
