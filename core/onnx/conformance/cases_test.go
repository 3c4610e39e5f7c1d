package main

import (
	"errors"
	"path/filepath"
	"testing"

	"lab/core"
)

// TestCases runs the committed cases: exactly, and as a part of a graph, where what needs
// more is refused but nothing is wrong.
func TestCases(t *testing.T) {
	models, _ := filepath.Glob("testdata/*/model.onnx")
	if len(models) < 60 {
		t.Fatalf("%d cases", len(models))
	}
	built := 0
	for _, m := range models {
		dir := filepath.Dir(m)
		if err := check(dir, false); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		var wrong *mismatch
		switch err := check(dir, true); {
		case err == nil:
			built++
		case errors.As(err, &wrong):
			t.Errorf("%s: in a graph: %v", dir, err)
		case core.KindOf(err) != core.Usage:
			t.Errorf("%s: in a graph: %v", dir, err)
		}
	}
	if built < 45 {
		t.Errorf("only %d of %d in a graph", built, len(models))
	}
}
