package mlp

import (
	"fmt"
	"math/rand/v2"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx/exchange"
)

// networkParams are the shape of a network.
type networkParams struct {
	Hidden     []int   `default:"[128]" min:"1" doc:"units of each hidden layer; [] for none"`
	Activation string  `default:"relu" enum:"none,sigmoid,tanh,relu,leaky-relu,gelu" doc:"what follows each hidden layer"`
	BatchNorm  bool    `default:"false" doc:"normalise what goes into each activation"`
	Dropout    float64 `default:"0" min:"0" max:"0.95" doc:"share of the hidden units left out at each step"`
}

// network maps [N,features] to [N,outputs] through fully connected layers fc1, fc2, …
// In PyTorch it is a module with nn.Linear and nn.BatchNorm1d of these names.
type network struct {
	*nn.Scope
	p     networkParams
	fc    []*nn.Linear
	bn    []*nn.BatchNorm // nil without
	drop  []*nn.Dropout
	sizes []int // features, hidden, outputs
}

func newNetwork(r *rand.Rand, seed uint64, p networkParams, features, outputs int) *network {
	s := nn.NewScope(r)
	s.Seed = seed // of dropout
	n := &network{Scope: s, p: p, sizes: append(append([]int{features}, p.Hidden...), outputs)}
	for i := range len(n.sizes) - 1 {
		n.fc = append(n.fc, nn.NewLinear(s.Sub(fmt.Sprint("fc", i+1)), n.sizes[i], n.sizes[i+1], true))
		if i == len(p.Hidden) {
			break
		}
		if p.BatchNorm {
			n.bn = append(n.bn, nn.NewBatchNorm(s.Sub(fmt.Sprint("bn", i+1)), n.sizes[i+1]))
		}
		n.drop = append(n.drop, nn.NewDropout(s.Sub(fmt.Sprint("drop", i+1)), p.Dropout))
	}
	return n
}

func (n *network) forward(x *graph.Node, train bool) *graph.Node {
	h := x
	for i, fc := range n.fc {
		h = fc.Forward(h) // [N,hidden_i]
		if i == len(n.fc)-1 {
			break
		}
		if n.bn != nil {
			h = n.bn[i].Forward(h, train)
		}
		h = activate(n.p.Activation, h)
		if n.p.Dropout > 0 {
			h = n.drop[i].Forward(h, train)
		}
	}
	return h // [N,outputs]
}

func activate(name string, x *graph.Node) *graph.Node {
	switch name {
	case "sigmoid":
		return graph.Sigmoid(x)
	case "tanh":
		return graph.Tanh(x)
	case "relu":
		return graph.Relu(x)
	case "leaky-relu":
		return graph.LeakyRelu(x, 0.01)
	case "gelu":
		return graph.Gelu(x)
	}
	return x
}

// eval is the network as it is outside of training.
func (n *network) eval(x *graph.Node) *graph.Node { return n.forward(x, false) }

// model is the network as a file has it.
func (n *network) model(output string) exchange.Model {
	return func(size exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", size["batch"], n.sizes[0])
		return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: output, Node: n.eval(x)}}
	}
}

// startFrom sets the weights to those of the file of an earlier run, or of PyTorch, if
// one is given.
func (n *network) startFrom(s *family.Session) error {
	return modelfile.StartFrom(s, fmt.Sprintf("the hidden, batch_norm and data that the file was trained with; this network's layers are %d", n.sizes), n.Params)
}
