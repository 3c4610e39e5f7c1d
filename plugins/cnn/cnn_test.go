package cnn

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("classify", "data=digits", "epochs=2", "hidden=16", "channels=[4,4]", "shift=1"),
		familytest.Long("classify", "data=digits", "epochs=20", "hidden=16", "channels=[4,4]", "shift=1"),
		familytest.Short("resnet", "data=digits", "epochs=2", "channels=[4,8]"),
		familytest.Long("resnet", "data=digits", "epochs=20", "channels=[4,8]"),
		familytest.From("finetune", small(t)),
		familytest.Short("finetune", "data=digits", "epochs=2", "freeze=[conv*]"),
		familytest.Long("finetune", "data=digits", "epochs=20", "freeze=[conv*]"),
		familytest.Reload(trial.Check))
}

// TestShort is a short run with a safe bar.
func TestShort(t *testing.T) {
	r := familytest.Train(t, Family, "classify", "epochs=2", "data=fashion-mini")
	t.Log(r.Values("val_accuracy"), r.Last("test_accuracy"), r.Last("calibration_error"), r.Log)
	if a := r.Last("test_accuracy"); !(a > 0.80) {
		t.Errorf("accuracy %v after two epochs, want more than 0.80", a)
	}
}
