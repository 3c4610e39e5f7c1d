package workload

import (
	"fmt"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

// A residual network for images of CIFAR's size (He et al. 2016, section 4.2), with
// one block a stage: ResNet-8.
var resnet = Workload{
	Name: "resnet", What: "3×32×32, residual stages of 16, 32, 64 channels with one block each, batch norm, batch 32, Adam",
	Batch: classified(10, 32, 3, 32, 32),
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		stem := newConvNorm(s.Sub("stem"), 3, 16, 3, 1)
		var blocks []*residual
		for i, stage := range []struct{ in, out, stride int }{{16, 16, 1}, {16, 32, 2}, {32, 64, 2}} {
			blocks = append(blocks, newResidual(s.Sub(fmt.Sprintf("block%d", i+1)), stage.in, stage.out, stage.stride))
		}
		fc := nn.NewLinear(s.Sub("fc"), 64, 10, true)
		net := func(x *graph.Node) *graph.Node {
			h := graph.Relu(stem.forward(x)) // [N,32,32,16]
			for _, b := range blocks {
				h = b.forward(h) // [N,32,32,16], [N,16,16,32], [N,8,8,64]
			}
			return fc.Forward(graph.Mean(h, 1, 2)) // [N,64] → [N,10]
		}
		return classifier(s, net, 32, 32, 32, 3)
	},
}

// residual is relu(x' + bn(conv(relu(bn(conv(x)))))), where x' is x, or a 1×1
// convolution of it where shapes change.
type residual struct {
	first, second *convNorm
	shortcut      *convNorm // nil: the identity
}

func newResidual(s *nn.Scope, in, out, stride int) *residual {
	b := &residual{first: newConvNorm(s.Sub("first"), in, out, 3, stride), second: newConvNorm(s.Sub("second"), out, out, 3, 1)}
	if in != out || stride != 1 {
		b.shortcut = newConvNorm(s.Sub("shortcut"), in, out, 1, stride)
	}
	return b
}

func (b *residual) forward(x *graph.Node) *graph.Node {
	h := b.second.forward(graph.Relu(b.first.forward(x)))
	if b.shortcut != nil {
		x = b.shortcut.forward(x)
	}
	return graph.Relu(graph.Add(h, x))
}

// convNorm is a convolution without bias and a batch norm in training.
type convNorm struct {
	conv *nn.Conv2d
	bn   *nn.BatchNorm
}

func newConvNorm(s *nn.Scope, in, out, kernel, stride int) *convNorm {
	return &convNorm{conv: nn.NewConv2d(s.Sub("conv"), in, out, nn.Geometry{Kernel: kernel, Stride: stride, Padding: kernel / 2}, false),
		bn: nn.NewBatchNorm(s.Sub("bn"), out)}
}

func (c *convNorm) forward(x *graph.Node) *graph.Node { return c.bn.Forward(c.conv.Forward(x), true) }
