package stock

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"lab/bench/protocol"
	"lab/core/onnx"
	"lab/core/tensor"
)

// Builder is stock Gorgonia as a contender.
type Builder struct{}

// Versions implements protocol.Builder.
func (Builder) Versions() []string {
	out := []string{runtime.Version(), fmt.Sprintf("%d threads", runtime.GOMAXPROCS(0))}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			switch m.Path {
			case "gorgonia.org/gorgonia":
				out = append([]string{"Gorgonia " + m.Version}, out...)
			case "gorgonia.org/tensor":
				out = append(out, "tensor "+m.Version)
			}
		}
	}
	return out
}

// network is a graph from x to logits, with its weights.
type network struct {
	g       *gorgonia.ExprGraph
	state   map[string]*tensor.Tensor // weights and batch, in the layout of files
	weights gorgonia.Nodes
	err     error // the first, so that networks read as a list of layers
}

var networks = map[string]func(*network, *gorgonia.Node) *gorgonia.Node{"mlp": mlp, "cnn": cnn}

// Build implements protocol.Builder.
func (Builder) Build(r protocol.Request) (*protocol.Work, error) {
	build := networks[r.Workload]
	if build == nil {
		return nil, protocol.Missing("not built: only mlp and cnn are")
	}
	read, _, err := onnx.ReadSafetensors(r.State)
	if err != nil {
		return nil, err
	}
	n := &network{g: gorgonia.NewGraph(), state: map[string]*tensor.Tensor{}}
	for _, w := range read {
		n.state[w.Name] = w.Tensor
	}
	return n.train(build)
}

// train compiles a step: cross-entropy of the batch, its gradients, Adam.
func (n *network) train(build func(*network, *gorgonia.Node) *gorgonia.Node) (*protocol.Work, error) {
	images, labels := n.state[protocol.BatchPrefix+"x"], n.state[protocol.BatchPrefix+"y"]
	x := n.leaf("x", images)
	logits := build(n, x)
	if n.err != nil {
		return nil, n.err
	}
	k := logits.Shape()[1]
	target := tensor.New(tensor.Shape{len(labels.I), k}, nil)
	for i, c := range labels.I {
		target.F[i*k+int(c)] = 1
	}
	y := n.leaf("y", target)

	p := n.do(gorgonia.SoftMax(logits))
	picked := n.do(gorgonia.Sum(n.do(gorgonia.HadamardProd(n.do(gorgonia.Log(p)), y))))
	loss := n.do(gorgonia.Mul(picked, gorgonia.NewConstant(float32(-1/float64(len(labels.I))))))
	if n.err != nil {
		return nil, n.err
	}
	if _, err := gorgonia.Grad(loss, n.weights...); err != nil {
		return nil, err
	}
	var value gorgonia.Value
	gorgonia.Read(loss, &value)

	vm := gorgonia.NewTapeMachine(n.g, gorgonia.BindDualValues(n.weights...))
	adam := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-3))
	model := gorgonia.NodesToValueGrads(n.weights)
	parameters := 0
	for _, w := range n.weights {
		parameters += w.Shape().TotalSize()
	}
	return &protocol.Work{
		Parameters: parameters,
		Step: func() {
			if err := vm.RunAll(); err != nil {
				panic(err) // the same graph ran before
			}
			if err := adam.Step(model); err != nil {
				panic(err)
			}
			vm.Reset()
		},
		Losses: func() []float64 { return []float64{float64(value.Data().(float32))} },
	}, nil
}

// leaf adds a node that holds t.
func (n *network) leaf(name string, t *tensor.Tensor) *gorgonia.Node {
	if t == nil {
		n.err = fmt.Errorf("there is no tensor %q", name)
		t = tensor.New(tensor.Shape{1, 1}, nil)
	}
	v := gt.New(gt.WithShape(t.Shape...), gt.WithBacking(append([]float32{}, t.F...)))
	return gorgonia.NewTensor(n.g, gorgonia.Float32, len(t.Shape), gorgonia.WithShape(t.Shape...), gorgonia.WithName(name), gorgonia.WithValue(v))
}

// weight is the named weight; perm changes its layout first.
func (n *network) weight(name string, perm ...int) *gorgonia.Node {
	t := n.state[name]
	if t != nil && len(perm) > 0 {
		t = t.Transpose(perm...)
	}
	w := n.leaf(name, t)
	n.weights = append(n.weights, w)
	return w
}

// do takes a call's result and remembers its error.
func (n *network) do(out *gorgonia.Node, err error) *gorgonia.Node {
	if n.err == nil {
		n.err = err
	}
	return out
}
