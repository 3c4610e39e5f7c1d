package graph

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Def declares an op.
type Def struct {
	Name string

	// Shape is the shape of the result, or an error that names the operands' shapes.
	// Everything that a kernel relies on is checked here.
	Shape func(attr any, in []tensor.Shape) (tensor.Shape, error)

	// Grad returns the gradient with respect to each operand of n, given dy, the
	// gradient with respect to n: nodes of the operands' shapes, nil where there is
	// none. A nil Grad means that no operand has one.
	Grad func(n, dy *Node) []*Node

	// Lower prepares one call of the kernel over these buffers.
	Lower func(op *Op, out []float32, in [][]float32) func()

	// LowerThen prepares a call that also applies a program to the result, seen as [rows,
	// last axis], while it is in cache: input 0 of the program is the result, more holds
	// the others from 1 on. It returns nil where it cannot.
	LowerThen func(op *Op, out []float32, in [][]float32, then *kernel.Program, more [][]float32) func()

	// Eval is the op's meaning, in float64.
	Eval func(op *Op, out []float64, in [][]float64)

	// Define is the op in terms of primitive ops, for one that has a kernel of its own
	// for speed. Where Grad is nil it is what gets differentiated.
	Define func(attr any, in []*Node) *Node

	// Alias says that the result is operand 0 under another shape.
	Alias bool

	// Flops is the number of floating-point operations, a multiply-add counting as two;
	// nil means one an element of the result.
	Flops func(op *Op) float64

	// Code is set for elementwise ops: the instruction that computes one element.
	Code kernel.Code
}

// defs lists every op, for tests that must not skip one.
var defs []*Def

func register(d *Def) *Def {
	if d.Define != nil && d.Grad == nil {
		d.Grad = d.gradByDefinition
	}
	defs = append(defs, d)
	return d
}

// gradByDefinition differentiates what Define makes.
func (d *Def) gradByDefinition(n, dy *Node) []*Node {
	in := standIns(n.in)
	return reverse(d.Define(n.op.attr, in), dy, in, true)
}

// standIns are nodes of the operands' values for a definition to be differentiated by.
// The operands themselves will not do: a reshape of a reshape, say, goes past the first.
func standIns(in []*Node) []*Node {
	out := make([]*Node, len(in))
	for i, x := range in {
		out[i] = Label(x, fmt.Sprintf("operand %d", i), nil)
	}
	return out
}

// Defs lists every op there is.
func Defs() []*Def { return defs }

// Op is a Def with its attributes and shapes. It implements gorgonia.Op and SDOp.
type Op struct {
	def  *Def
	attr any
	in   []tensor.Shape
	out  tensor.Shape
	id   uint32
	node *Node
}

// Def is the op's declaration.
func (op *Op) Def() *Def { return op.def }

// Attr holds the op's attributes; its type depends on the Def.
func (op *Op) Attr() any { return op.attr }

// Elementwise reports whether the op computes each element from the operands'
// elements at the same place (broadcast), and with which instruction.
func (op *Op) Elementwise() (code kernel.Code, imm float32, ok bool) {
	imm, _ = op.attr.(float32)
	return op.def.Code, imm, op.def.Code != 0
}

// Flops is the number of floating-point operations of one run, a multiply-add counting
// as two. Functions such as exp count as one.
func (op *Op) Flops() float64 {
	switch {
	case op.def.Flops != nil:
		return op.def.Flops(op)
	case op.def.Alias:
		return 0
	}
	return float64(op.out.Size())
}

// Shapes are the operands' shapes and the result's.
func (op *Op) Shapes() (in []tensor.Shape, out tensor.Shape) { return op.in, op.out }

// Arity implements gorgonia.Op.
func (op *Op) Arity() int { return len(op.in) }

// Type implements gorgonia.Op. It is made anew at every call: Gorgonia recycles it.
func (op *Op) Type() hm.Type {
	ts := make([]hm.Type, 0, len(op.in)+1)
	for _, s := range append(append([]tensor.Shape{}, op.in...), op.out) {
		if len(s) == 0 {
			ts = append(ts, gorgonia.Float32)
		} else {
			ts = append(ts, gorgonia.TensorType{Dims: len(s), Of: gorgonia.Float32})
		}
	}
	return hm.NewFnType(ts...)
}

// InferShape implements gorgonia.Op.
func (op *Op) InferShape(...gorgonia.DimSizer) (gt.Shape, error) { return gorgoniaShape(op.out), nil }

// Do implements gorgonia.Op: one run of the kernel, into new memory.
func (op *Op) Do(vs ...gorgonia.Value) (gorgonia.Value, error) {
	in := make([][]float32, len(vs))
	for i, v := range vs {
		switch d := v.Data().(type) {
		case []float32:
			in[i] = d
		case float32:
			in[i] = []float32{d}
		default:
			return nil, fmt.Errorf("%s: operand %d holds %T, not float32", op.def.Name, i, d)
		}
		if len(in[i]) != op.in[i].Size() {
			return nil, fmt.Errorf("%s: operand %d has %d values for shape %v", op.def.Name, i, len(in[i]), op.in[i])
		}
	}
	out := kernel.Alloc(op.out.Size())
	if op.def.Alias {
		copy(out, in[0])
	} else {
		op.def.Lower(op, out, in)()
	}
	if len(op.out) == 0 {
		return gorgonia.NewF32(out[0]), nil
	}
	return gt.New(gt.WithShape(op.out...), gt.WithBacking(out)), nil
}

// ReturnsPtr implements gorgonia.Op.
func (op *Op) ReturnsPtr() bool { return false }

// CallsExtern implements gorgonia.Op. False, so that the tapeMachine treats the op as plain Go.
func (op *Op) CallsExtern() bool { return false }

// OverwritesInput implements gorgonia.Op.
func (op *Op) OverwritesInput() int { return -1 }

// WriteHash implements gorgonia.Op. The node's number is part of it: Gorgonia
// takes equal hashes for equal nodes without looking at the operands.
func (op *Op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s %v #%d", op.def.Name, op.attr, op.id) }

// Hashcode implements gorgonia.Op.
func (op *Op) Hashcode() uint32 { return op.id }

func (op *Op) String() string {
	if op.attr == nil {
		return op.def.Name
	}
	return fmt.Sprintf("%s%v", op.def.Name, op.attr)
}

// DiffWRT implements gorgonia.SDOp.
func (op *Op) DiffWRT(n int) []bool {
	d := make([]bool, n)
	for i := range d {
		d[i] = op.def.Grad != nil
	}
	return d
}

// SymDiff implements gorgonia.SDOp. Gradients that do not exist are nil.
func (op *Op) SymDiff(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if op.def.Grad == nil {
		return nil, fmt.Errorf("%s has no gradient", op.def.Name)
	}
	dy := op.node.g.find(grad)
	if dy == nil {
		return nil, fmt.Errorf("%s: the gradient is not a node of lab's graph", op.def.Name)
	}
	var out gorgonia.Nodes
	err := Build(func() {
		for _, d := range op.def.Grad(op.node, dy) {
			if d == nil {
				out = append(out, nil)
				continue
			}
			out = append(out, d.gn)
		}
	})
	return out, err
}

func (g *Graph) find(gn *gorgonia.Node) *Node {
	for i := len(g.nodes) - 1; i >= 0; i-- {
		if g.nodes[i].gn == gn {
			return g.nodes[i]
		}
	}
	return nil
}
