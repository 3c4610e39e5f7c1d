package cnn

import (
	"math/rand/v2"
	"testing"

	"lab/core"
	"lab/core/family/familytest"
	"lab/core/graph"
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

// Augmented runs end on the same bits on any number of threads, and early stopping stops.
func TestPatience(t *testing.T) {
	r := familytest.Train(t, Family, "classify", "data=digits", "epochs=40", "patience=2", "lr=0.02", "hidden=16", "channels=[4]", "shift=1", "cut_out=2")
	if n := len(r.Values("val_accuracy")); n >= 40 || n < 3 {
		t.Errorf("%d epochs", n)
	}
}
