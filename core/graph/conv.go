package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// ConvAttr is the geometry of a 2-D convolution. Pairs are height, width.
type ConvAttr struct {
	Stride, Dilation [2]int
	Pad              [4]int // top, left, bottom, right
	Groups           int
	Size             [2]int // what the operands do not tell: the input's size (ConvInput), the kernel's (ConvWeight)
}

// ConvTransposeAttr adds what a transposed convolution's output has at the bottom
// and right beyond what its input tells.
type ConvTransposeAttr struct {
	ConvAttr
	OutputPadding [2]int
}

const maxTaps = 256 // of one kernel, see kernel/conv.c

// geometry checks the three shapes and returns the kernel's view of them.
func (a ConvAttr) geometry(x, w, y tensor.Shape) (*kernel.Conv, error) {
	g := &kernel.Conv{N: x[0], H: x[1], W: x[2], C: x[3], OH: y[1], OW: y[2], K: y[3], KH: w[0], KW: w[1],
		SH: a.Stride[0], SW: a.Stride[1], PH: a.Pad[0], PW: a.Pad[1], DH: a.Dilation[0], DW: a.Dilation[1], Groups: a.Groups}
	switch {
	case g.SH < 1 || g.SW < 1 || g.DH < 1 || g.DW < 1 || g.Groups < 1 || min(a.Pad[0], a.Pad[1], a.Pad[2], a.Pad[3]) < 0:
		return nil, fmt.Errorf("stride, dilation and groups must be at least 1, padding at least 0: %+v", a)
	case g.KH < 1 || g.KW < 1 || g.KH*g.KW > maxTaps:
		return nil, fmt.Errorf("kernel %d×%d: must have 1 to %d taps", g.KH, g.KW, maxTaps)
	case g.C%g.Groups != 0 || g.K%g.Groups != 0 || w[2] != g.C/g.Groups || w[3] != g.K:
		return nil, fmt.Errorf("input %v, weights %v and output %v do not fit %d groups", x, w, y, g.Groups)
	case a.out(0, g.H, g.KH) < 1 || a.out(1, g.W, g.KW) < 1:
		return nil, fmt.Errorf("input %v is smaller than the kernel %d×%d with %+v", x, g.KH, g.KW, a)
	case y[0] != x[0] || g.OH != a.out(0, g.H, g.KH) || g.OW != a.out(1, g.W, g.KW):
		return nil, fmt.Errorf("input %v and output %v do not fit kernel %d×%d with %+v", x, y, g.KH, g.KW, a)
	}
	return g, nil
}

// out is the output's size along one axis.
func (a ConvAttr) out(axis, size, kernel int) int {
	span := size + a.Pad[axis] + a.Pad[axis+2] - a.Dilation[axis]*(kernel-1) - 1
	if span < 0 {
		return 0
	}
	return span/a.Stride[axis] + 1
}

func fourAxes(in []tensor.Shape) error {
	for _, s := range in {
		if len(s) != 4 {
			return fmt.Errorf("shapes %s: each needs four axes", tensor.Shapes(in))
		}
	}
	return nil
}

// The three passes are each other's gradients: all are linear in both operands.
var convDef, convInputDef, convWeightDef *Def

func init() {
	convDef = convolution("Conv",
		func(a ConvAttr, in []tensor.Shape) (x, w, y tensor.Shape) { // x, w
			x, w = in[0], in[1]
			return x, w, tensor.Shape{x[0], a.out(0, x[1], w[0]), a.out(1, x[2], w[1]), w[3]}
		},
		func(x, w, y tensor.Shape) tensor.Shape { return y },
		kernel.ConvForward, twin.ConvForward[float64],
		func(n, dy *Node) []*Node {
			return []*Node{convInput(n.attr(), dy, n.in[1], n.in[0].shape), convWeight(n.attr(), n.in[0], dy, n.in[1].shape)}
		})
	convInputDef = convolution("ConvInput",
		func(a ConvAttr, in []tensor.Shape) (x, w, y tensor.Shape) { // y, w
			y, w = in[0], in[1]
			return tensor.Shape{y[0], a.Size[0], a.Size[1], w[2] * a.Groups}, w, y
		},
		func(x, w, y tensor.Shape) tensor.Shape { return x },
		kernel.ConvInput, twin.ConvInput[float64],
		func(n, dx *Node) []*Node {
			return []*Node{conv(n.attr(), dx, n.in[1]), convWeight(n.attr(), dx, n.in[0], n.in[1].shape)}
		})
	convWeightDef = convolution("ConvWeight",
		func(a ConvAttr, in []tensor.Shape) (x, w, y tensor.Shape) { // x, y
			x, y = in[0], in[1]
			return x, tensor.Shape{a.Size[0], a.Size[1], x[3] / max(1, a.Groups), y[3]}, y
		},
		func(x, w, y tensor.Shape) tensor.Shape { return w },
		kernel.ConvWeight, twin.ConvWeight[float64],
		func(n, dw *Node) []*Node {
			return []*Node{convInput(n.attr(), n.in[1], dw, n.in[0].shape), conv(n.attr(), n.in[0], dw)}
		})
}

func (n *Node) attr() ConvAttr { return n.op.attr.(ConvAttr) }

func convolution(name string, shapes func(a ConvAttr, in []tensor.Shape) (x, w, y tensor.Shape), pick func(x, w, y tensor.Shape) tensor.Shape,
	fast func(g *kernel.Conv, a, b, out []float32) func(), slow func(g *kernel.Conv, a, b, out []float64), grad func(n, dy *Node) []*Node) *Def {
	geometry := func(op *Op) *kernel.Conv {
		a := op.attr.(ConvAttr)
		x, w, y := shapes(a, op.in)
		g, err := a.geometry(x, w, y)
		if err != nil {
			panic(err) // Shape has checked it
		}
		return g
	}
	return register(&Def{
		Name: name,
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			if err := fourAxes(in); err != nil {
				return nil, err
			}
			a := attr.(ConvAttr)
			if min(a.Stride[0], a.Stride[1], a.Groups) < 1 {
				return nil, fmt.Errorf("stride and groups must be at least 1: %+v", a)
			}
			x, w, y := shapes(a, in)
			if _, err := a.geometry(x, w, y); err != nil {
				return nil, err
			}
			return pick(x, w, y), nil
		},
		Grad: grad,
		Flops: func(op *Op) float64 {
			g := geometry(op)
			return 2 * float64(g.N*g.OH*g.OW) * float64(g.KH*g.KW*g.C/g.Groups*g.K)
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			return fast(geometry(op), in[0], in[1], out)
		},
		LowerThen: func(op *Op, out []float32, in [][]float32, then *kernel.Program, more [][]float32) func() {
			if name == "ConvWeight" {
				return nil
			}
			return kernel.ConvThen(name == "ConvInput", geometry(op), in[0], in[1], out, then, more)
		},
		Eval: func(op *Op, out []float64, in [][]float64) { slow(geometry(op), in[0], in[1], out) },
	})
}

func conv(a ConvAttr, x, w *Node) *Node {
	a.Size = [2]int{}
	return apply(convDef, a, x, w)
}

func convInput(a ConvAttr, y, w *Node, x tensor.Shape) *Node {
	a.Size = [2]int{x[1], x[2]}
	return apply(convInputDef, a, y, w)
}

func convWeight(a ConvAttr, x, y *Node, w tensor.Shape) *Node {
	a.Size = [2]int{w[0], w[1]}
	return apply(convWeightDef, a, x, y)
}

// Conv is the 2-D convolution (cross-correlation) of x [N,H,W,C] with w
// [KH,KW,C/groups,K]: [N,OH,OW,K]. Zero strides, dilations and groups mean 1.
func Conv(x, w *Node, a ConvAttr) *Node { return conv(a.defaults(), x, w) }

// ConvTranspose is the adjoint of Conv in its input: x [N,H,W,K] and w
// [KH,KW,C/groups,K] give [N,(H-1)*stride-pads+dilation*(KH-1)+1+extra,…,C].
func ConvTranspose(x, w *Node, t ConvTransposeAttr) *Node {
	a, extra := t.defaults(), t.OutputPadding
	if len(x.shape) != 4 || len(w.shape) != 4 {
		fail("ConvTranspose", "shapes %v and %v: each needs four axes", x.shape, w.shape)
	}
	size := make(tensor.Shape, 4)
	for i := range 2 {
		size[i+1] = (x.shape[i+1]-1)*a.Stride[i] - a.Pad[i] - a.Pad[i+2] + a.Dilation[i]*(w.shape[i]-1) + 1 + extra[i]
		if size[i+1] < 1 || extra[i] < 0 || extra[i] >= max(a.Stride[i], a.Dilation[i]) {
			fail("ConvTranspose", "input %v, kernel %d×%d, %+v and output padding %v give no output", x.shape, w.shape[0], w.shape[1], a, extra)
		}
	}
	return convInput(a, x, w, size)
}

func (a ConvAttr) defaults() ConvAttr {
	for i := range 2 {
		if a.Stride[i] == 0 {
			a.Stride[i] = 1
		}
		if a.Dilation[i] == 0 {
			a.Dilation[i] = 1
		}
	}
	if a.Groups == 0 {
		a.Groups = 1
	}
	return a
}
