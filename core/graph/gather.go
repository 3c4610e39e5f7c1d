package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// Indices and labels are whole numbers in float32, exact to 2^24. They have no
// gradient.

var gatherDef, scatterDef *Def

func init() {
	gatherDef = register(&Def{ // table [v,...], index [...]
		Name: "Gather",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			if len(in[0]) == 0 {
				return nil, fmt.Errorf("shape %v has no rows", in[0])
			}
			return append(in[1].Clone(), in[0][1:]...), nil
		},
		Grad: func(n, dy *Node) []*Node {
			return []*Node{apply(scatterDef, n.in[0].shape[0], n.in[1], dy), nil}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			v, r, n := op.in[0][0], op.in[1].Size(), op.in[0][1:].Size()
			return func() { kernel.Gather(v, r, n, in[0], in[1], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			twin.Gather(op.in[0][0], op.in[1].Size(), op.in[0][1:].Size(), in[0], in[1], out)
		},
	})
	scatterDef = register(&Def{ // index [...], rows [...,...]; attr: v
		Name: "ScatterAdd",
		Shape: func(v any, in []tensor.Shape) (tensor.Shape, error) {
			if len(in[1]) < len(in[0]) || !in[1][:len(in[0])].Equal(in[0]) || v.(int) < 0 {
				return nil, fmt.Errorf("indices %v and rows %v do not fit", in[0], in[1])
			}
			return append(tensor.Shape{v.(int)}, in[1][len(in[0]):]...), nil
		},
		Grad: func(n, dx *Node) []*Node { return []*Node{nil, apply(gatherDef, nil, dx, n.in[0])} },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			v, r, n := op.out[0], op.in[0].Size(), op.out[1:].Size()
			return func() { kernel.ScatterAdd(v, r, n, in[0], in[1], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			twin.ScatterAdd(op.out[0], op.in[0].Size(), op.out[1:].Size(), in[0], in[1], out)
		},
	})
}

// Gather takes rows of table [v,...] by index [...], as torch.nn.functional.embedding:
// [index...,row...]. An index that is none gives NaN.
func Gather(table, index *Node) *Node { return apply(gatherDef, nil, table, index) }

// ScatterAdd adds rows to zeros [v,...] by index: the adjoint of Gather. An index that
// is none is left out.
func ScatterAdd(v int, index, rows *Node) *Node { return apply(scatterDef, v, index, rows) }

// OneHot is 1 at each label's place along a new last axis of size n, else 0.
func OneHot(labels *Node, n int) *Node {
	return Equal(Reshape(labels, append(labels.shape.Clone(), 1)...), Iota(labels.g, n))
}

// Iota is the constant 0, 1, … n-1.
func Iota(g *Graph, n int) *Node {
	name := fmt.Sprintf("iota %d", n)
	if x := g.byKey[name]; x != nil {
		return x
	}
	t := tensor.New(tensor.Shape{n}, nil)
	for i := range t.F {
		t.F[i] = float32(i)
	}
	x := g.Const(t)
	g.byKey[name] = x
	return x
}
