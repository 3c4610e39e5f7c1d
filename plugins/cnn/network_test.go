package cnn

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

// The receptive field is what a change of a pixel reaches, measured on the network itself.
func TestReceptiveField(t *testing.T) {
	for _, p := range []classifyParams{
		{Channels: []int{2, 3}, Kernel: 3, Stride: 1, Padding: 1, Pool: 2, Pooling: "max", Hidden: 4},
		{Channels: []int{2, 2, 2}, Kernel: 3, Stride: 1, Padding: 0, Pool: 1, Pooling: "max", Hidden: 4},
		{Channels: []int{2, 2}, Kernel: 5, Stride: 2, Padding: 2, Pool: 2, Pooling: "mean", Hidden: 4},
	} {
		const side = 41
		net, err := newConvNet(rand.New(rand.NewPCG(1, 2)), p, tensor.Shape{side, side, 1}, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range net.Params.All() { // positive: no rectifier is dead, every path counts
			for i, v := range w.Value() {
				w.Value()[i] = max(v, -v) + 0.01
			}
		}
		p.Pooling = "mean" // of a maximum only the largest would count
		net.mean = true
		g := graph.New()
		x := g.Input("x", 1, side, side, 1)
		h := x
		for i := range net.convs {
			h = net.pooled(net.features(h, i))
		}
		d := h.Shape()
		if last := net.layers[len(net.layers)-1]; !last.output.Equal(d[1:]) {
			t.Errorf("%+v: the output is %v, said %v", p, d[1:], last.output)
		}
		middle := graph.Slice(graph.Slice(h, 1, d[1]/2, d[1]/2+1, 1), 2, d[2]/2, d[2]/2+1, 1)
		slope := graph.Grad(graph.Sum(middle), x)[0]
		program, err := vm.Compile([]*graph.Node{slope})
		if err != nil {
			t.Fatal(err)
		}
		for i := range program.Value(x) {
			program.Value(x)[i] = 1
		}
		program.Run()
		first, last := side, -1
		for i, v := range program.Value(slope) {
			if v != 0 {
				first, last = min(first, i%side), max(last, i%side)
			}
		}
		if got := net.layers[len(net.layers)-1].field; got != last-first+1 {
			t.Errorf("%+v: said to see %d pixels, sees %d", p, got, last-first+1)
		}
	}
}

func TestTooDeep(t *testing.T) {
	_, err := newConvNet(rand.New(rand.NewPCG(1, 2)), classifyParams{Channels: []int{1, 1, 1, 1, 1}, Kernel: 3, Stride: 1, Padding: 1, Pool: 2}, tensor.Shape{28, 28, 1}, 2)
	if err == nil || err.Error() != "conv5 leaves 1×1 pixels of 28×28, too few for what follows" || core.KindOf(err) != core.Usage {
		t.Errorf("got %v", err)
	}
	if _, err = newResNet(rand.New(rand.NewPCG(1, 2)), resnetParams{Channels: []int{1, 1, 1, 1}, Blocks: 1, StemPool: true}, tensor.Shape{8, 8, 1}, 2); core.KindOf(err) != core.Usage {
		t.Errorf("got %v", err)
	}
}

// TestPyTorch has PyTorch load the networks by load_state_dict(strict=True), and ONNX
// Runtime run them: all three compute the same.
func TestPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	r := rand.New(rand.NewPCG(3, 4))
	shape := tensor.Shape{12, 12, 3}
	conv, err := newConvNet(r, classifyParams{Channels: []int{4, 6}, Kernel: 3, Stride: 1, Padding: 1, Pool: 2, Pooling: "max", Hidden: 8}, shape, 5)
	if err != nil {
		t.Fatal(err)
	}
	res, err := newResNet(r, resnetParams{Channels: []int{4, 8}, Blocks: 2, StemPool: true}, shape, 5)
	if err != nil {
		t.Fatal(err)
	}
	for name, net := range map[string]classifier{"classify": conv, "resnet": res} {
		t.Run(name, func(t *testing.T) {
			for _, p := range net.params().All() { // as after training: nothing is 0 or 1 any more
				for i := range p.Value() {
					p.Value()[i] += 0.1 * float32(r.Float64())
				}
			}
			const n = 3
			g := graph.New()
			x := g.Input("image", append([]int{n}, shape...)...)
			y := net.forward(x, false)
			p, err := vm.Compile([]*graph.Node{y})
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Value(x) {
				p.Value(x)[i] = float32(r.NormFloat64())
			}
			p.Run()
			b, err := exchange.Export(name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
				x := graph.New().Input("image", n["batch"], shape[0], shape[1], shape[2])
				return []exchange.Port{{Name: "image", Node: x, Image: true}}, []exchange.Port{{Name: "logits", Node: net.forward(x, false)}}
			})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			model, values := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "values.safetensors")
			if err := b.WriteFile(model); err != nil {
				t.Fatal(err)
			}
			in := tensor.New(x.Shape(), p.Value(x)).Transpose(0, 3, 1, 2)
			if err := onnx.WriteSafetensors(values, map[string]*tensor.Tensor{"image": in, "logits": tensor.New(y.Shape(), p.Value(y))}, nil); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(python, "testdata/networks.py", name, model, values).CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != "same" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Augmented runs end on the same bits on any number of threads, and early stopping stops.
func TestPatience(t *testing.T) {
	r := familytest.Train(t, Family, "classify", "data=digits", "epochs=40", "patience=2", "lr=0.02", "hidden=16", "channels=[4]", "shift=1", "cut_out=2")
	if n := len(r.Values("val_accuracy")); n >= 40 || n < 3 {
		t.Errorf("%d epochs", n)
	}
}
