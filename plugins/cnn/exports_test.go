package cnn

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	familytest.TrainEach(t, Family, [][]string{
		{"classify", "data=digits", "epochs=1", "channels=[4,6]", "hidden=8"},
		{"classify", "data=digits", "epochs=1", "channels=[4]", "hidden=8", "kernel=5", "padding=1", "stride=2", "pooling=mean"},
		{"resnet", "data=digits", "epochs=1", "channels=[4,8]", "blocks=2"},
		{"resnet", "data=testdata/shapes", "image_size=12", "epochs=1", "val=0", "channels=[4,6,8]", "blocks=1", "stem_pool=false", "batch_size=4"},
		{"finetune", "from=" + small(t), "data=digits", "epochs=1"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare()
}
