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
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

func python(t *testing.T, args ...string) []byte {
	t.Helper()
	said, err := exec.Command(os.Getenv("LAB_PYTHON"), append([]string{"testdata/compare.py"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return said
}

func needPython(t *testing.T) {
	if os.Getenv("LAB_PYTHON") == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
}

// input is what a network takes, per example.
type input struct {
	shape []int
	whole bool // labels
}

// TestPyTorch has PyTorch load every network by load_state_dict(strict=True), and ONNX
// Runtime run it: all three compute the same.
func TestPyTorch(t *testing.T) {
	needPython(t)
	r := rand.New(rand.NewPCG(1, 2))
	image, noise := input{shape: []int{28, 28, 1}}, input{shape: []int{20}}
	label, colour, point := input{whole: true}, input{shape: []int{32, 32, 3}}, input{shape: []int{2}}
	G, D, critic, spectral := newGenerator(r, 20, 32), newDiscriminator(r, 16, byBatch), newDiscriminator(r, 16, byNothing), newDiscriminator(r, 16, bySpectrum)
	points, pointD := newPointGenerator(r, 20, 12), newPointDiscriminator(r, 12)
	classG, classD := newClassGenerator(r, 20, 32), newClassDiscriminator(r, 16)
	translate, patches := newTranslator(r, 8), newPatchDiscriminator(r, 8)
	one := func(f func(*graph.Node) *graph.Node) func([]*graph.Node) *graph.Node {
		return func(x []*graph.Node) *graph.Node { return f(x[0]) }
	}
	eval := func(f func(*graph.Node, bool) *graph.Node) func([]*graph.Node) *graph.Node {
		return func(x []*graph.Node) *graph.Node { return f(x[0], false) }
	}
	args, dir := []string{"nets"}, t.TempDir()
	nets := []struct {
		name   string
		kind   string // in compare.py
		params *graph.Params
		in     []input
		f      func(x []*graph.Node) *graph.Node
	}{
		{"dcgan's generator", "generator", G.Params, []input{noise}, eval(G.forward)},
		{"dcgan's discriminator", "discriminator", D.Params, []input{image}, eval(D.forward)},
		{"wgan-gp's critic", "critic", critic.Params, []input{image}, eval(critic.forward)},
		{"spectral norm, folded", "critic", spectral.Params, []input{image}, eval(spectral.forward)},
		{"ring's generator", "points", points.Params, []input{noise}, one(points.forward)},
		{"ring's discriminator", "point-discriminator", pointD.Params, []input{point}, one(pointD.forward)},
		{"conditional's generator", "class-generator", classG.Params, []input{noise, label}, func(x []*graph.Node) *graph.Node { return classG.draw(x[0], x[1], false) }},
		{"conditional's discriminator", "class-discriminator", classD.Params, []input{image, label}, func(x []*graph.Node) *graph.Node { return classD.judge(x[0], x[1], false) }},
		{"cyclegan's translator", "translator", translate.Params, []input{colour}, one(translate.forward)},
		{"cyclegan's discriminator", "patch-discriminator", patches.Params, []input{colour}, one(patches.forward)},
	}
	for i, m := range nets {
		for _, p := range m.params.All() { // as after training: nothing is 0 or 1 any more
			for i := range p.Value() {
				p.Value()[i] += 0.1 * float32(r.Float64())
			}
		}
		if m.params == spectral.Params {
			if err := spectral.spectral.Fold(); err != nil {
				t.Fatal(err)
			}
			spectral.spectral = nil
		}
		build := func(n int) (in, out []exchange.Port) {
			g := graph.New()
			var x []*graph.Node
			for i, p := range m.in {
				x = append(x, g.Input(fmt.Sprintf("x%d", i), append([]int{n}, p.shape...)...))
				in = append(in, exchange.Port{Name: x[i].Name(), Node: x[i], Image: len(p.shape) == 3, Whole: p.whole})
			}
			y := m.f(x)
			return in, []exchange.Port{{Name: "y", Node: y, Image: len(y.Shape()) == 4}}
		}
		in, out := build(5)
		p, err := vm.Compile([]*graph.Node{out[0].Node})
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]*tensor.Tensor{}
		for _, port := range in {
			v := p.Value(port.Node)
			for i := range v {
				if v[i] = float32(r.NormFloat64()); port.Whole {
					v[i] = float32(r.IntN(classes))
				}
			}
			values[port.Name] = outside(port, v)
		}
		p.Run()
		values["y"] = outside(out[0], p.Value(out[0].Node))
		b, err := exchange.Export("net", onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) { return build(n["batch"]) })
		if err != nil {
			t.Fatal(err)
		}
		model, file := filepath.Join(dir, fmt.Sprintf("%d.onnx", i)), filepath.Join(dir, fmt.Sprintf("%d.safetensors", i))
		if err := b.WriteFile(model); err != nil {
			t.Fatal(err)
		}
		if err := onnx.WriteSafetensors(file, values, nil); err != nil {
			t.Fatal(err)
		}
		args = append(args, m.kind, model, file)
	}
	said := bufio.NewScanner(bytes.NewReader(python(t, args...)))
	for _, m := range nets {
		var pytorch, runtime float64
		said.Scan()
		if _, err := fmt.Sscanf(said.Text(), "pytorch %g onnxruntime %g", &pytorch, &runtime); err != nil {
			t.Fatalf("%s: %v: %s", m.name, err, said.Text())
		}
		if !(pytorch <= 1e-4) || !(runtime <= 1e-4) {
			t.Errorf("%s: largest difference to PyTorch %g, to ONNX Runtime %g", m.name, pytorch, runtime)
		}
		t.Logf("%s: largest difference to PyTorch %g, to ONNX Runtime %g", m.name, pytorch, runtime)
	}
}

// outside is a port's value in the layout and type of files.
func outside(p exchange.Port, v []float32) *tensor.Tensor {
	if p.Whole {
		t := tensor.NewInt(p.Node.Shape(), nil)
		for i, x := range v {
			t.I[i] = int64(x)
		}
		return t
	}
	t := tensor.New(p.Node.Shape(), append([]float32(nil), v...))
	if p.Image {
		t = t.Transpose(0, 3, 1, 2)
	}
	return t
}

// TestPenaltyPyTorch compares the gradient penalty of wgan-gp's own critic and batch,
// and its gradients, with PyTorch's create_graph=True. A smaller critic is compared in
// core/nn, without PyTorch at hand.
func TestPenaltyPyTorch(t *testing.T) {
	needPython(t)
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
	image := func(n *graph.Node) *tensor.Tensor { return outside(exchange.Port{Node: n, Image: true}, p.Value(n)) }
	values := map[string]*tensor.Tensor{"real": image(real), "drawn": image(drawn), "mix": outside(exchange.Port{Node: mix}, p.Value(mix)),
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
	said := python(t, "penalty", file)
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
