package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// varianceDef is the mean of (x-mean)² over the axes of ReduceAttr. Its operand
// mean must be x's mean over them: the gradient with respect to it is then zero, and
// that with respect to x is 2/n (x-mean) dy.
var varianceDef *Def

func init() {
	count := func(op *Op) float64 { // values that a mean is of
		at := op.attr.(ReduceAttr)
		return float64(op.in[0][at.First:at.Last].Size())
	}
	program := func(op *Op) *kernel.Program { // the sum of (x-mean)²
		at, x := op.attr.(ReduceAttr), op.in[0]
		a, r, b := x[:at.First].Size(), x[at.First:at.Last].Size(), x[at.Last:].Size()
		p := &kernel.Program{Inputs: 2, Code: []kernel.Instr{{Code: twin.Sub, Dst: 2, A: 0, B: 1}, {Code: twin.Square, Dst: 3, A: 2}}}
		p.Dim = [kernel.MaxDims]int{1, 1, a, r, b}
		p.Stride[0] = [kernel.MaxDims]int{0, 0, r * b, b, 1}
		p.Stride[1] = [kernel.MaxDims]int{0, 0, b, 0, 1}
		return p
	}
	varianceDef = register(&Def{
		Name: "Variance",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			out, err := sumDef.Shape(attr, in[:1])
			if err == nil && !out.Equal(in[1]) {
				err = fmt.Errorf("shape %v has means of %v, not %v", in[0], out, in[1])
			}
			return out, err
		},
		Grad: func(n, dy *Node) []*Node {
			x, mean := n.in[0], n.in[1]
			count := float64(x.shape.Size()) / float64(n.shape.Size())
			return []*Node{Mul(Sub(x, mean), Scale(dy, 2/count)), nil}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			sum, share := kernel.Reduce(twin.Sum, program(op), out, in), float32(1/count(op))
			return func() {
				sum()
				for i := range out {
					out[i] *= share
				}
			}
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			twin.Reduce(twin.Sum, program(op), out, in)
			for i := range out {
				out[i] /= count(op)
			}
		},
	})
}

// Moments returns the mean of x and its (biased) variance over the axes first to
// last-1, which are kept with size 1.
func Moments(x *Node, first, last int) (mean, variance *Node) {
	axes := make([]int, 0, len(x.shape))
	for a := first; a < last; a++ {
		axes = append(axes, a)
	}
	mean = MeanKeep(x, axes...)
	return mean, apply(varianceDef, ReduceAttr{first, last}, x, mean)
}
