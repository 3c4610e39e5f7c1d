package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// PoolAttr is the geometry of a pooling. Pairs are height, width; Pad is top, left,
// bottom, right.
type PoolAttr struct {
	Kernel, Stride [2]int
	Pad            [4]int
}

func (a PoolAttr) geometry(x tensor.Shape) (*kernel.Conv, error) {
	if len(x) != 4 {
		return nil, fmt.Errorf("shape %v: needs four axes", x)
	}
	c := ConvAttr{Stride: a.Stride, Dilation: [2]int{1, 1}, Pad: a.Pad}
	for i := range 2 {
		switch {
		case a.Kernel[i] < 1 || a.Stride[i] < 1 || a.Kernel[0]*a.Kernel[1] > maxTaps:
			return nil, fmt.Errorf("window %v with stride %v: must have 1 to %d pixels", a.Kernel, a.Stride, maxTaps)
		case a.Pad[i] < 0 || a.Pad[i+2] < 0 || a.Pad[i] >= a.Kernel[i] || a.Pad[i+2] >= a.Kernel[i]:
			return nil, fmt.Errorf("padding %v: must be smaller than the window %v", a.Pad, a.Kernel)
		}
	}
	if c.out(0, x[1], a.Kernel[0]) < 1 || c.out(1, x[2], a.Kernel[1]) < 1 {
		return nil, fmt.Errorf("input %v is smaller than the window %v with padding %v", x, a.Kernel, a.Pad)
	}
	return &kernel.Conv{N: x[0], H: x[1], W: x[2], C: x[3], OH: c.out(0, x[1], a.Kernel[0]), OW: c.out(1, x[2], a.Kernel[1]), K: x[3],
		KH: a.Kernel[0], KW: a.Kernel[1], SH: a.Stride[0], SW: a.Stride[1], PH: a.Pad[0], PW: a.Pad[1], DH: 1, DW: 1, Groups: 1}, nil
}

// Which element of a window wins is fixed by x; in the other operand all three are
// linear, and each other's gradients.
var maxPoolDef, maxUnpoolDef, maxPoolTakeDef *Def

func init() {
	pooled := func(attr any, in []tensor.Shape) (tensor.Shape, error) {
		g, err := attr.(PoolAttr).geometry(in[0])
		if err != nil {
			return nil, err
		}
		return tensor.Shape{g.N, g.OH, g.OW, g.C}, nil
	}
	geometry := func(op *Op) *kernel.Conv {
		g, err := op.attr.(PoolAttr).geometry(op.in[0])
		if err != nil {
			panic(err) // Shape has checked it
		}
		return g
	}
	maxPoolDef = register(&Def{
		Name:  "MaxPool",
		Shape: pooled,
		Grad:  func(n, dy *Node) []*Node { return []*Node{apply(maxUnpoolDef, n.op.attr, n.in[0], dy)} },
		Lower: func(op *Op, out []float32, in [][]float32) func() { return kernel.MaxPool(geometry(op), in[0], out) },
		Eval:  func(op *Op, out []float64, in [][]float64) { twin.MaxPool(geometry(op), in[0], out) },
	})
	maxUnpoolDef = register(&Def{
		Name: "MaxUnpool",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			if s, err := pooled(attr, in[:1]); err != nil || !s.Equal(in[1]) {
				return nil, fmt.Errorf("input %v and gradient %v do not fit %+v", in[0], in[1], attr)
			}
			return in[0], nil
		},
		Grad: func(n, dx *Node) []*Node { return []*Node{nil, apply(maxPoolTakeDef, n.op.attr, n.in[0], dx)} },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			return kernel.MaxUnpool(geometry(op), in[0], in[1], out)
		},
		Eval: func(op *Op, out []float64, in [][]float64) { twin.MaxUnpool(geometry(op), in[0], in[1], out) },
	})
	maxPoolTakeDef = register(&Def{
		Name: "MaxPoolTake",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			if !in[0].Equal(in[1]) {
				return nil, fmt.Errorf("shapes %s differ", tensor.Shapes(in))
			}
			return pooled(attr, in[:1])
		},
		Grad: func(n, dy *Node) []*Node { return []*Node{nil, apply(maxUnpoolDef, n.op.attr, n.in[0], dy)} },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			return kernel.MaxPoolTake(geometry(op), in[0], in[1], out)
		},
		Eval: func(op *Op, out []float64, in [][]float64) { twin.MaxPoolTake(geometry(op), in[0], in[1], out) },
	})
}

// MaxPool is the maximum of each window of x [N,H,W,C]. The gradient goes to the
// first of equal maxima, as in PyTorch.
func MaxPool(x *Node, a PoolAttr) *Node { return apply(maxPoolDef, a, x) }

// MeanPoolAttr adds whether the padding counts as zeros in the averages, as PyTorch's
// AvgPool2d has it unless told otherwise.
type MeanPoolAttr struct {
	PoolAttr
	CountPad bool
	Size     [2]int // of the input, where the operands do not tell
}

var meanPoolDef, meanUnpoolDef *Def

func init() {
	geometry := func(a MeanPoolAttr, x tensor.Shape) *kernel.Conv {
		g, err := a.geometry(x)
		if err != nil {
			panic(err) // Shape has checked it
		}
		return g
	}
	input := func(a MeanPoolAttr, y tensor.Shape) tensor.Shape {
		return tensor.Shape{y[0], a.Size[0], a.Size[1], y[3]}
	}
	meanPoolDef = register(&Def{
		Name: "MeanPool",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			g, err := attr.(MeanPoolAttr).geometry(in[0])
			if err != nil {
				return nil, err
			}
			return tensor.Shape{g.N, g.OH, g.OW, g.C}, nil
		},
		Grad: func(n, dy *Node) []*Node {
			a := n.op.attr.(MeanPoolAttr)
			a.Size = [2]int{n.in[0].shape[1], n.in[0].shape[2]}
			return []*Node{apply(meanUnpoolDef, a, dy)}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(MeanPoolAttr)
			return kernel.MeanPool(geometry(a, op.in[0]), a.CountPad, in[0], out)
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(MeanPoolAttr)
			twin.MeanPool(geometry(a, op.in[0]), a.CountPad, in[0], out)
		},
	})
	meanUnpoolDef = register(&Def{
		Name: "MeanUnpool",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			if err := fourAxes(in); err != nil {
				return nil, err
			}
			x := input(attr.(MeanPoolAttr), in[0])
			g, err := attr.(MeanPoolAttr).geometry(x)
			if err == nil && (g.OH != in[0][1] || g.OW != in[0][2]) {
				err = fmt.Errorf("input %v and gradient %v do not fit %+v", x, in[0], attr)
			}
			return x, err
		},
		Grad: func(n, dx *Node) []*Node {
			a := n.op.attr.(MeanPoolAttr)
			a.Size = [2]int{}
			return []*Node{apply(meanPoolDef, a, dx)}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(MeanPoolAttr)
			return kernel.MeanUnpool(geometry(a, op.out), a.CountPad, in[0], out)
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(MeanPoolAttr)
			twin.MeanUnpool(geometry(a, op.out), a.CountPad, in[0], out)
		},
	})
}

// MeanPool is the average of each window of x [N,H,W,C]. countPad lets the padding
// count as zeros.
func MeanPool(x *Node, a PoolAttr, countPad bool) *Node {
	return apply(meanPoolDef, MeanPoolAttr{PoolAttr: a, CountPad: countPad}, x)
}
