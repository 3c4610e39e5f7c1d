package graph

import (
	"fmt"
	"slices"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// ReduceAttr says which axes Sum or Amax run over: [First, Last), which then have
// size 1.
type ReduceAttr struct{ First, Last int }

func reduction(name string, kind kernel.ReduceKind, grad func(n, dy *Node) []*Node) *Def {
	return register(&Def{
		Name: name,
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			a, out := attr.(ReduceAttr), in[0].Clone()
			if a.First < 0 || a.Last > len(out) || a.First >= a.Last {
				return nil, fmt.Errorf("shape %v has no axes %d to %d", in[0], a.First, a.Last-1)
			}
			for i := a.First; i < a.Last; i++ {
				out[i] = 1
			}
			return out, nil
		},
		Grad:  grad,
		Flops: func(op *Op) float64 { return float64(op.in[0].Size()) },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			return kernel.Reduce(kind, op.identity(), out, in)
		},
		Eval: func(op *Op, out []float64, in [][]float64) { twin.Reduce(kind, op.identity(), out, in) },
	})
}

// Reduction reports whether the op sums or takes the maximum over the middle of
// [a, r, b].
func (op *Op) Reduction() (kind kernel.ReduceKind, a, r, b int, ok bool) {
	if op.def != sumDef && op.def != amaxDef {
		return 0, 0, 0, 0, false
	}
	if op.def == amaxDef {
		kind = twin.Maximum
	}
	at := op.attr.(ReduceAttr)
	return kind, op.in[0][:at.First].Size(), op.in[0][at.First:at.Last].Size(), op.in[0][at.Last:].Size(), true
}

// identity is the program that reads the operand over [a, r, b].
func (op *Op) identity() *kernel.Program {
	_, a, r, b, _ := op.Reduction()
	p := &kernel.Program{Inputs: 1, Code: []kernel.Instr{{Code: twin.Copy, Dst: 1}}}
	p.Dim = [kernel.MaxDims]int{1, 1, a, r, b}
	p.Stride[0] = [kernel.MaxDims]int{0, 0, r * b, b, 1}
	return p
}

var sumDef, amaxDef *Def

func init() {
	sumDef = reduction("Sum", twin.Sum, func(n, dy *Node) []*Node { return []*Node{Expand(dy, n.in[0].shape...)} })
	amaxDef = reduction("Amax", twin.Maximum, func(n, dy *Node) []*Node { // shared evenly among ties, as torch.amax
		a := n.op.attr.(ReduceAttr)
		tie := Equal(n.in[0], n)
		return []*Node{Mul(tie, Div(dy, apply(sumDef, a, tie)))}
	})
}

// over applies a reduction to the given axes (negative from the end; none given
// means all), keeping them with size 1.
func over(def *Def, x *Node, axes []int) *Node {
	if len(x.shape) == 0 {
		return x
	}
	marked := make([]bool, len(x.shape))
	for _, a := range axes {
		if a < 0 {
			a += len(x.shape)
		}
		if a < 0 || a >= len(marked) {
			fail(def.Name, "shape %v has no axis %v", x.shape, axes)
		}
		marked[a] = true
	}
	if len(axes) == 0 {
		for i := range marked {
			marked[i] = true
		}
	}
	for last := len(marked); last > 0; { // neighbouring axes at once, from the back
		if !marked[last-1] {
			last--
			continue
		}
		first := last - 1
		for first > 0 && marked[first-1] {
			first--
		}
		x = apply(def, ReduceAttr{first, last}, x)
		last = first
	}
	return x
}

// squeeze drops the given axes, or all, which have size 1.
func squeeze(x *Node, rank int, axes []int) *Node {
	var shape []int
	for i, d := range x.shape {
		if len(axes) > 0 && !slices.Contains(axes, i) && !slices.Contains(axes, i-rank) {
			shape = append(shape, d)
		}
	}
	return Reshape(x, shape...)
}

// Sum adds over the axes (negative from the end; all when none is given) and drops
// them.
func Sum(x *Node, axes ...int) *Node { return squeeze(SumKeep(x, axes...), len(x.shape), axes) }

// SumKeep is Sum that keeps the axes with size 1.
func SumKeep(x *Node, axes ...int) *Node { return over(sumDef, x, axes) }

// Mean is the average over the axes, which are dropped.
func Mean(x *Node, axes ...int) *Node { return squeeze(MeanKeep(x, axes...), len(x.shape), axes) }

// MeanKeep is Mean that keeps the axes with size 1.
func MeanKeep(x *Node, axes ...int) *Node {
	s := SumKeep(x, axes...)
	return Scale(s, float64(s.shape.Size())/float64(x.shape.Size()))
}

// Amax is the maximum over the axes, which are dropped; its gradient is shared
// evenly among ties.
func Amax(x *Node, axes ...int) *Node { return squeeze(AmaxKeep(x, axes...), len(x.shape), axes) }

// AmaxKeep is Amax that keeps the axes with size 1.
func AmaxKeep(x *Node, axes ...int) *Node { return over(amaxDef, x, axes) }

// SumTo sums x over the axes along which the shape was broadcast to x's.
func SumTo(x *Node, shape ...int) *Node {
	if x.shape.Equal(shape) {
		return x
	}
	lead := len(x.shape) - len(shape)
	var axes []int
	for i := range x.shape {
		if i < lead || shape[i-lead] == 1 && x.shape[i] != 1 {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		x = SumKeep(x, axes...)
	}
	return Reshape(x, shape...)
}
