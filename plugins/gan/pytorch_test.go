package gan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

// TestPyTorch has PyTorch load both networks by load_state_dict(strict=True), and
// ONNX Runtime run them: all three compute the same.
func TestPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	r := rand.New(rand.NewPCG(1, 2))
	G, D := newGenerator(r, 20, 32), newDiscriminator(r, 16, byBatch)
	for _, set := range []*graph.Params{G.Params, D.Params} {
		for _, p := range set.All() { // as after training: nothing is 0 or 1 any more
			for i := range p.Value() {
				p.Value()[i] += 0.1 * float32(r.Float64())
			}
		}
	}
	const n = 5
	for _, m := range []struct {
		name  string
		shape []int
		image bool // input; the output is one otherwise
		f     func(x *graph.Node) *graph.Node
	}{
		{"generator", []int{20}, false, func(x *graph.Node) *graph.Node { return G.forward(x, false) }},
		{"discriminator", []int{28, 28, 1}, true, func(x *graph.Node) *graph.Node { return D.forward(x, false) }},
	} {
		t.Run(m.name, func(t *testing.T) {
			g := graph.New()
			x := g.Input("x", append([]int{n}, m.shape...)...)
			y := m.f(x)
			p, err := vm.Compile([]*graph.Node{y})
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Value(x) {
				p.Value(x)[i] = float32(r.NormFloat64())
			}
			p.Run()
			dir := t.TempDir()
			b, err := exchange.Export(m.name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
				x := graph.New().Input("x", append([]int{n["batch"]}, m.shape...)...)
				return []exchange.Port{{Name: "x", Node: x, Image: m.image}}, []exchange.Port{{Name: "y", Node: m.f(x), Image: !m.image}}
			})
			if err != nil {
				t.Fatal(err)
			}
			model, values := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "values.safetensors")
			if err := b.WriteFile(model); err != nil {
				t.Fatal(err)
			}
			in, out := tensor.New(x.Shape(), p.Value(x)), tensor.New(y.Shape(), p.Value(y))
			if m.image {
				in = in.Transpose(0, 3, 1, 2)
			} else {
				out = out.Transpose(0, 3, 1, 2)
			}
			if err := onnx.WriteSafetensors(values, map[string]*tensor.Tensor{"x": in, "y": out}, nil); err != nil {
				t.Fatal(err)
			}
			said, err := exec.Command(python, "../../examples/pytorch/compare.py", model, values).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			var pytorch, runtime float64
			if _, err := fmt.Sscanf(string(said), "pytorch %g onnxruntime %g", &pytorch, &runtime); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			if !(pytorch <= 1e-4) || !(runtime <= 1e-4) {
				t.Errorf("largest difference to PyTorch %g, to ONNX Runtime %g", pytorch, runtime)
			}
			t.Logf("largest difference to PyTorch %g, to ONNX Runtime %g", pytorch, runtime)
		})
	}
}
