package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

var cnn = Workload{
	Name: "cnn", What: "1×28×28, conv 3×3 32, conv 3×3 64, max pool 2, fc 128, fc 10, ReLU, batch 64, Adam",
	Batch: classified(10, 64, 1, 28, 28),
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		conv1 := nn.NewConv2d(s.Sub("conv1"), 1, 32, nn.Geometry{Kernel: 3}, true)
		conv2 := nn.NewConv2d(s.Sub("conv2"), 32, 64, nn.Geometry{Kernel: 3}, true)
		fc1 := nn.NewLinear(s.Sub("fc1"), 64*12*12, 128, true)
		fc2 := nn.NewLinear(s.Sub("fc2"), 128, 10, true)
		net := func(x *graph.Node) *graph.Node {
			h := graph.Relu(conv1.Forward(x))              // [N,26,26,32]
			h = graph.Relu(conv2.Forward(h))               // [N,24,24,64]
			h = flatten(nn.MaxPool2d(h, 2))                // [N,64·12·12]
			return fc2.Forward(graph.Relu(fc1.Forward(h))) // [N,10]
		}
		return classifier(s, net, 64, 28, 28, 1)
	},
}

// flatten puts channels first, as PyTorch's flatten finds them: the weights of the
// layer that follows then fit both.
func flatten(h *graph.Node) *graph.Node {
	return graph.Reshape(graph.Transpose(h, 0, 3, 1, 2), h.Shape()[0], -1)
}
