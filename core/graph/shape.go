package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

var reshapeDef, stopDef, expandDef, transposeDef, sliceDef, placeDef, concatDef *Def

func init() {
	reshapeDef = register(&Def{
		Name: "Reshape", Alias: true,
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			to := attr.(tensor.Shape)
			if to.Size() != in[0].Size() {
				return nil, fmt.Errorf("shape %v has %d elements, %v has %d", in[0], in[0].Size(), to, to.Size())
			}
			return to, nil
		},
		Grad: func(n, dy *Node) []*Node { return []*Node{Reshape(dy, n.in[0].shape...)} },
		Eval: func(op *Op, out []float64, in [][]float64) { copy(out, in[0]) },
	})
	stopDef = register(&Def{
		Name: "StopGradient", Alias: true,
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) { return in[0], nil },
		Eval:  func(op *Op, out []float64, in [][]float64) { copy(out, in[0]) },
	})
	expandDef = elementwise(twin.Copy, func(n, dy *Node) []*Node { return []*Node{dy} })
	expandDef.Name = "Expand"
	expandDef.Shape = func(attr any, in []tensor.Shape) (tensor.Shape, error) {
		to := attr.(tensor.Shape)
		if s, err := tensor.Broadcast(in[0], to); err != nil || !s.Equal(to) {
			return nil, fmt.Errorf("shape %v does not broadcast to %v", in[0], to)
		}
		return to, nil
	}
	transposeDef = copying("Transpose",
		func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			perm := attr.(Perm)
			out, seen := make(tensor.Shape, len(perm)), make([]bool, len(in[0]))
			for i, p := range perm {
				if len(perm) != len(in[0]) || p < 0 || p >= len(seen) || seen[p] {
					return nil, fmt.Errorf("%v is no permutation of the axes of %v", []int(perm), in[0])
				}
				seen[p], out[i] = true, in[0][p]
			}
			return out, nil
		},
		func(n, dy *Node) []*Node {
			back := make([]int, len(n.shape))
			for i, p := range n.op.attr.(Perm) {
				back[p] = i
			}
			return []*Node{Transpose(dy, back...)}
		},
		func(op *Op) []block {
			from, strides := op.in[0].Strides(), make([]int, len(op.out))
			for i, p := range op.attr.(Perm) {
				strides[i] = from[p]
			}
			return []block{{dim: op.out, so: op.out.Strides(), si: strides}}
		})
	sliceDef = copying("Slice",
		func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			r := attr.(Range)
			return r.out(in[0])
		},
		func(n, dy *Node) []*Node {
			r := n.op.attr.(Range)
			return []*Node{apply(placeDef, Placement{r, n.in[0].shape[r.Axis]}, dy)}
		},
		func(op *Op) []block {
			r, si := op.attr.(Range), op.in[0].Strides()
			start := r.Start * si[r.Axis]
			si[r.Axis] *= r.Step
			return []block{{dim: op.out, so: op.out.Strides(), si: si, in: start}}
		})
	placeDef = copying("Place", // the adjoint of Slice: zeros but for the range
		func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			p, out := attr.(Placement), in[0].Clone()
			out[p.Axis] = p.Size
			if s, err := p.Range.out(out); err != nil || !s.Equal(in[0]) {
				return nil, fmt.Errorf("shape %v does not fill %+v", in[0], p)
			}
			return out, nil
		},
		func(n, dy *Node) []*Node { return []*Node{apply(sliceDef, n.op.attr.(Placement).Range, dy)} },
		func(op *Op) []block {
			p, so := op.attr.(Placement), op.out.Strides()
			start := p.Start * so[p.Axis]
			so[p.Axis] *= p.Step
			return []block{{dim: op.in[0], so: so, si: op.in[0].Strides(), out: start}}
		})
	concatDef = copying("Concat",
		func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			axis, out := attr.(int), in[0].Clone()
			if axis < 0 || axis >= len(out) {
				return nil, fmt.Errorf("shape %v has no axis %d", in[0], axis)
			}
			for _, s := range in[1:] {
				same := len(s) == len(out)
				for i := range s {
					same = same && (i == axis || s[i] == out[i])
				}
				if !same {
					return nil, fmt.Errorf("shapes %s differ off axis %d", tensor.Shapes(in), axis)
				}
				out[axis] += s[axis]
			}
			return out, nil
		},
		func(n, dy *Node) []*Node {
			axis, at := n.op.attr.(int), 0
			var g []*Node
			for _, x := range n.in {
				g = append(g, Slice(dy, axis, at, at+x.shape[axis], 1))
				at += x.shape[axis]
			}
			return g
		},
		func(op *Op) []block {
			axis, so, at := op.attr.(int), op.out.Strides(), 0
			var bs []block
			for i, s := range op.in {
				bs = append(bs, block{operand: i, dim: s, so: so, si: s.Strides(), out: at})
				at += s[axis] * so[axis]
			}
			return bs
		})
}

// Contiguous reports whether the op is a slice of neighbouring elements, and where in its
// operand they begin.
func (op *Op) Contiguous() (at int, ok bool) {
	if op.def != sliceDef {
		return 0, false
	}
	r := op.attr.(Range)
	if r.Step != 1 || op.in[0][:r.Axis].Size() != 1 {
		return 0, false
	}
	return r.Start * op.in[0][r.Axis+1:].Size(), true
}

// block is one strided copy from an operand to the result.
type block struct {
	operand int
	dim     tensor.Shape
	so, si  []int // strides
	out, in int   // offsets
}

// copying declares an op whose result is made of blocks of its operands, and zeros.
func copying(name string, shape func(any, []tensor.Shape) (tensor.Shape, error), grad func(n, dy *Node) []*Node, blocks func(*Op) []block) *Def {
	return register(&Def{
		Name:  name,
		Shape: shape,
		Grad:  grad,
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			var calls []func()
			copied := 0
			for _, b := range blocks(op) {
				if b.dim.Size() == 0 {
					continue
				}
				copied += b.dim.Size()
				dim, to, from := b.pack(op)
				calls = append(calls, kernel.CopyStrided(dim, to, out, from, in[b.operand]))
			}
			zeros := copied < len(out)
			return func() {
				if zeros {
					clear(out)
				}
				for _, c := range calls {
					c()
				}
			}
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			clear(out)
			for _, b := range blocks(op) {
				if b.dim.Size() > 0 {
					dim, to, from := b.pack(op)
					twin.CopyStrided(dim, to, out, from, in[b.operand])
				}
			}
		},
	})
}

// pack merges axes that both sides walk alike into the kernel's five.
func (b block) pack(op *Op) (dim [kernel.MaxDims]int, to, from kernel.Layout) {
	type axis struct{ n, so, si int }
	var axes []axis // innermost first
	for a := len(b.dim) - 1; a >= 0; a-- {
		x := axis{b.dim[a], b.so[a], b.si[a]}
		if x.n == 1 {
			continue
		}
		if k := len(axes) - 1; k >= 0 && x.so == axes[k].so*axes[k].n && x.si == axes[k].si*axes[k].n {
			axes[k].n *= x.n
			continue
		}
		axes = append(axes, x)
	}
	if len(axes) > kernel.MaxDims {
		fail(op.def.Name, "shape %v mixes more than %d axes", b.dim, kernel.MaxDims)
	}
	for d := range dim {
		dim[d] = 1
	}
	for k, x := range axes {
		d := kernel.MaxDims - 1 - k
		dim[d], to.Stride[d], from.Stride[d] = x.n, x.so, x.si
	}
	to.Offset, from.Offset = b.out, b.in
	return dim, to, from
}

// Perm is a permutation of axes.
type Perm []int

// Range is part of one axis: Start, Start+Step, … before Stop.
type Range struct{ Axis, Start, Stop, Step int }

// Placement is the attribute of Place: a Range of an axis of the given size is the operand,
// all else zero.
type Placement struct {
	Range
	Size int
}

func (r Range) out(in tensor.Shape) (tensor.Shape, error) {
	if r.Axis < 0 || r.Axis >= len(in) {
		return nil, fmt.Errorf("shape %v has no axis %d", in, r.Axis)
	}
	d := in[r.Axis]
	n := 0
	switch {
	case r.Step > 0 && r.Start >= 0 && r.Stop <= d && r.Start <= r.Stop:
		n = (r.Stop - r.Start + r.Step - 1) / r.Step
	case r.Step < 0 && r.Start < d && r.Stop >= -1 && r.Start >= r.Stop:
		n = (r.Start - r.Stop - r.Step - 1) / -r.Step
	default:
		return nil, fmt.Errorf("axis %d of %v has no range %d:%d:%d", r.Axis, in, r.Start, r.Stop, r.Step)
	}
	out := in.Clone()
	out[r.Axis] = n
	return out, nil
}

// Reshape gives x another shape with as many elements; one size may be -1. It
// costs nothing.
func Reshape(x *Node, shape ...int) *Node {
	to, free, known := append(tensor.Shape{}, shape...), -1, 1
	for i, d := range to {
		switch {
		case d == -1 && free < 0:
			free = i
		case d < 0:
			fail("Reshape", "shape %v to %v: sizes must not be negative, but for one -1", x.shape, to)
		default:
			known *= d
		}
	}
	if free >= 0 {
		if known == 0 || x.shape.Size()%known != 0 {
			fail("Reshape", "shape %v does not divide into %v", x.shape, to)
		}
		to[free] = x.shape.Size() / known
	}
	if x.shape.Equal(to) {
		return x
	}
	if x.op != nil && x.op.def == reshapeDef {
		return Reshape(x.in[0], to...)
	}
	return apply(reshapeDef, to, x)
}

// StopGradient is x, through which no gradient passes.
func StopGradient(x *Node) *Node { return apply(stopDef, nil, x) }

// Expand broadcasts x to the shape. A shape that mixes more axes than one kernel takes is
// reached one axis after the other.
func Expand(x *Node, shape ...int) *Node {
	if x.shape.Equal(shape) {
		return x
	}
	if Broadcasts(shape, x.shape) != nil && len(shape) > kernel.MaxDims {
		x = Reshape(x, append(ones(len(shape)-len(x.shape)), x.shape...)...)
		for a := range shape {
			step := x.shape.Clone()
			step[a] = shape[a]
			if !step.Equal(x.shape) {
				x = apply(expandDef, step, x)
			}
		}
		return x
	}
	return apply(expandDef, append(tensor.Shape{}, shape...), x)
}

// Slice takes the elements start, start+step, … before stop of one axis.
func Slice(x *Node, axis, start, stop, step int) *Node {
	if axis < 0 {
		axis += len(x.shape)
	}
	if axis >= 0 && axis < len(x.shape) && start == 0 && stop == x.shape[axis] && step == 1 {
		return x
	}
	return apply(sliceDef, Range{axis, start, stop, step}, x)
}

// Pad adds zeros before and after along one axis.
func Pad(x *Node, axis, before, after int) *Node {
	if axis < 0 {
		axis += len(x.shape)
	}
	if axis < 0 || axis >= len(x.shape) || before < 0 || after < 0 {
		fail("Pad", "shape %v cannot be padded by %d and %d along axis %d", x.shape, before, after, axis)
	}
	d := x.shape[axis]
	return apply(placeDef, Placement{Range{axis, before, before + d, 1}, before + d + after}, x)
}

// Concat joins along an axis.
func Concat(axis int, xs ...*Node) *Node {
	if len(xs) == 0 {
		fail("Concat", "needs an operand")
	}
	if axis < 0 {
		axis += len(xs[0].shape)
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return apply(concatDef, axis, xs...)
}
