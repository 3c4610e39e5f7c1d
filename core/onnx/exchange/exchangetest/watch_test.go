package exchangetest_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/onnx/exchange/exchangetest"
)

// errors collects what is wrong instead of failing.
type errors struct {
	testing.TB
	said []string
}

func (e *errors) Errorf(format string, args ...any) {
	e.said = append(e.said, fmt.Sprintf(format, args...))
}

// A file whose network changed after it was written is found out, and so is one that
// PyTorch has no module for.
func TestFindsDifferences(t *testing.T) {
	found := &errors{TB: t}
	files := exchangetest.Watch(found)
	for i, name := range []string{"mlp-regress", "mlp-regress", "stranger"} {
		s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
		fc1, fc2 := nn.NewLinear(s.Sub("fc1"), 3, 4, true), nn.NewLinear(s.Sub("fc2"), 4, 2, true)
		b, err := exchange.Export(name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
			x := graph.New().Input("x", n["batch"], 3)
			y := fc2.Forward(graph.Relu(fc1.Forward(x)))
			if i == 1 { // not what is written
				y = graph.Shift(y, 1e-3*float64(n["batch"]/4))
			}
			return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "y", Node: y}}
		})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := b.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		files.Add(path)
	}
	files.Compare()
	want := []string{"mlp-regress: differs from ONNX Runtime by 0.001", "mlp-regress: differs from PyTorch by 0.001", "stranger: examples/pytorch has no module for it"}
	if strings.Join(found.said, "\n") != strings.Join(want, "\n") {
		t.Errorf("found %q, want %q", found.said, want)
	}
}
