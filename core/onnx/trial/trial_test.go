package trial_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/onnx/trial"
)

// file writes the model y = x·w + b, with every weight set to w.
func file(t *testing.T, w float32) string {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	l := nn.NewLinear(s, 2, 3, true)
	values, _ := s.Params.Flat()
	for i := range values {
		values[i] = w
	}
	b, err := exchange.Export("linear", onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", n["batch"], 2)
		return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "y", Node: l.Forward(x)}}
	})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, encoded, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	m, err := trial.Load(file(t, 0.5), 4)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Run(map[string][]float32{"x": {1, 2, 3, 4, 5, 6, 7, 8}})
	if err != nil {
		t.Fatal(err)
	}
	y := out["y"]
	if len(y) != 12 || y[0] != 2 || y[11] != 8 {
		t.Errorf("got %v", y)
	}
	for want, in := range map[string]map[string][]float32{
		`no input "z"`: {"z": nil},
		"takes 8":      {"x": make([]float32, 9)},
	} {
		if _, err := m.Run(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := trial.Check(file(t, 1)); err != nil {
		t.Error(err)
	}
	if err := trial.Check(file(t, float32(math.NaN()))); err == nil || !strings.Contains(err.Error(), "output y holds NaN") {
		t.Errorf("got %v", err)
	}
	if err := trial.Check(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a file that is not there")
	}
}
