package gan

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// TestPenaltyPyTorch compares the gradient penalty of wgan-gp's own critic and batch,
// and its gradients, with PyTorch's create_graph=True. A smaller critic is compared in
// core/nn, without PyTorch at hand.
func TestPenaltyPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch and safetensors (make python sets it up)")
	}
	r := rand.New(rand.NewPCG(1, 2))
	const n = 64
	D := newDiscriminator(r, 64, byNothing)
	g := graph.New()
	real, drawn, mix := g.Input("real", n, 28, 28, 1), g.Input("drawn", n, 28, 28, 1), g.Input("mix", n)
	penalty, _ := nn.GradientPenalty(func(x *graph.Node) *graph.Node { return D.forward(x, true) }, real, drawn, mix)
	p, err := vm.Compile([]*graph.Node{penalty}, graph.Backward(penalty, D.Params))
	if err != nil {
		t.Fatal(err)
	}
	normal(r, p.Value(real))
	normal(r, p.Value(drawn))
	uniform(r, p.Value(mix))
	p.Run()
	image := func(n *graph.Node) *tensor.Tensor { return tensor.New(n.Shape(), p.Value(n)).Transpose(0, 3, 1, 2) }
	values := map[string]*tensor.Tensor{"real": image(real), "drawn": image(drawn), "mix": tensor.New(mix.Shape(), p.Value(mix)),
		"penalty": tensor.New(tensor.Shape{}, p.Value(penalty))}
	for _, w := range D.Params.Trained() {
		values["param."+w.Name] = w.Export()
		grad := tensor.New(w.Shape, append([]float32(nil), w.Grad()...))
		if w.Perm != nil {
			grad = grad.Transpose(w.Perm...)
		}
		values["grad."+w.Name] = grad
	}
	file := filepath.Join(t.TempDir(), "values.safetensors")
	if err := onnx.WriteSafetensors(file, values, nil); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(python, "testdata/penalty.py", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("differences to PyTorch:\n%s", said)
	lines := 0
	for s := bufio.NewScanner(bytes.NewReader(said)); s.Scan(); lines++ {
		var name string
		var apart float64
		if _, err := fmt.Sscanf(s.Text(), "%s %g", &name, &apart); err != nil || !(apart <= 1e-4) {
			t.Errorf("%s: %v", s.Text(), err)
		}
	}
	if lines != 1+len(D.Params.Trained()) {
		t.Errorf("%d lines for %d parameters", lines, len(D.Params.Trained()))
	}
}
