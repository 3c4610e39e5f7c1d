package mlp

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	familytest.TrainEach(t, Family, [][]string{
		{"classify", "data=iris", "epochs=3", "hidden=[8,6]", "activation=gelu"},
		{"classify", "data=digits", "epochs=1", "hidden=[8]", "batch_norm=true", "activation=leaky-relu", "dropout=0.2"},
		{"regress", "epochs=3", "hidden=[8]", "activation=sigmoid"},
		{"activations", "epochs=2", "layers=2", "hidden=4"},
		{"batchnorm", "data=digits", "epochs=2", "hidden=8"},
		{"landscape", "epochs=2", "polish=5"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare()
}
