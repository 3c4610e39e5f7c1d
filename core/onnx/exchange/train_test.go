package exchange_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

// trained takes steps of Adam on a made-up loss and returns the first and last loss.
func trained(t *testing.T, net *exchange.Net, x *graph.Node, image bool) (first, last float64) {
	t.Helper()
	y, err := net.Apply(exchange.Port{Name: "x", Node: x, Image: image})
	if err != nil {
		t.Fatal(err)
	}
	loss := graph.Mean(graph.Square(graph.Shift(y[0], -1)))
	p, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, net.Params))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(r.NormFloat64())
	}
	adam := optim.NewAdam(net.Params, 1e-2)
	for i := range 30 {
		p.Run()
		if i == 0 {
			first = p.Scalar(loss)
		}
		adam.Step()
	}
	return first, p.Scalar(loss)
}

// A frozen model trains its head alone, and its file differs in that alone.
func TestFineTune(t *testing.T) {
	file := export(t, models()["discriminator"], "discriminator", 1)
	m, err := onnx.Decode(file, "")
	if err != nil {
		t.Fatal(err)
	}
	if h, err := exchange.FindHead(m); err != nil || h.Weight != "fc.weight" || h.Bias != "fc.bias" || h.In != 24 || h.Out != 3 {
		t.Fatalf("%+v, %v", h, err)
	}
	if _, err := exchange.NewHead(m, 5, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	net, err := exchange.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Params.Freeze("*", "!fc.*"); err != nil {
		t.Fatal(err)
	}
	first, last := trained(t, net, graph.New().Input("x", 4, 8, 8, 2), true)
	if !(last < first/10) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	path := filepath.Join(t.TempDir(), "tuned.onnx")
	if err := net.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	tuned, err := exchange.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if v := tuned.Model.Outputs[0]; v.Dims[0].Param != "batch" || v.Dims[1].Size >= 0 {
		t.Errorf("the output is %v", v)
	}
	before := load(t, file).Model.StateDict()
	for name, now := range tuned.Model.StateDict() {
		was, head := before[name], strings.HasPrefix(name, "fc.")
		if same := now.Shape.Equal(was.Shape); same == head {
			t.Errorf("%s has shape %v", name, now.Shape)
		} else if same && !equal(now.F, was.F) {
			t.Errorf("%s has changed", name)
		}
	}
	again, err := tuned.Encode()
	if b, _ := os.ReadFile(path); err != nil || !bytes.Equal(again, b) {
		t.Errorf("what was not trained is written otherwise (%v)", err)
	}
	if h, err := exchange.FindHead(tuned.Model); err != nil || h.Out != 5 {
		t.Errorf("%+v, %v", h, err)
	}
}

// Equal weights that an exporter keeps once, behind an Identity, train apart and are
// written apart, in the types that the file has.
func TestCopiedWeights(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*_*.onnx")
	written := 0
	for _, name := range names {
		m, err := onnx.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		state := m.StateDict()
		for _, v := range state {
			for i := range v.F {
				v.F[i] += float32(i)
			}
		}
		file, err := m.Encode(state)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := onnx.Decode(file, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		now := again.StateDict()
		for k, v := range state {
			written++
			if now[k] == nil || !equal(now[k].F, v.F) {
				t.Errorf("%s: %s was not written", name, k)
			}
		}
		if len(now) != len(state) || len(again.Nodes) != len(m.Nodes) {
			t.Errorf("%s: %d weights became %d, %d nodes %d", name, len(state), len(now), len(m.Nodes), len(again.Nodes))
		}
	}
	if written < 30 {
		t.Errorf("%d weights", written)
	}
}

func TestHeadErrors(t *testing.T) {
	b := onnx.NewBuilder("plain", onnx.DefaultOpset)
	x := b.AddInput("x", 1, onnx.Fixed(2))
	b.AddOutput("y", b.Op("Tanh", []string{x}), 1)
	file, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, file).Model
	if _, err := exchange.NewHead(m, 2, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), "last linear layer") {
		t.Error(err)
	}
	if _, err := m.Encode(load(t, export(t, models()["mlp"], "mlp", 1)).Model.StateDict()); err == nil || !strings.Contains(err.Error(), "no initialiser") {
		t.Error(err)
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if len(a) != len(b) || math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
