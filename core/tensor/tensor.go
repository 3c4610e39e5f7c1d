// Package tensor is the dense value that crosses every boundary of lab: a shape
// and its numbers in row-major order, float32 or int64. It has no operations;
// see core/graph for those.
package tensor

import (
	"fmt"
	"slices"
)

// Shape is the size of each axis, outermost first; a scalar has none.
type Shape []int

// Size is the number of elements: 1 for a scalar.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether both have the same axes.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// Clone returns a copy.
func (s Shape) Clone() Shape { return append(Shape{}, s...) }

// Strides are the row-major strides in elements.
func (s Shape) Strides() []int {
	st := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		st[i] = n
		n *= s[i]
	}
	return st
}

// String formats as PyTorch does: (32, 1, 28, 28).
func (s Shape) String() string {
	out := "("
	for i, d := range s {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprint(d)
	}
	return out + ")"
}

// Tensor is a dense value. Exactly one of F and I is set; its length is the
// shape's size.
type Tensor struct {
	Shape Shape
	F     []float32
	I     []int64
}

// New returns a float32 tensor over data, which it keeps; nil data means zeros.
// It panics when the length does not fit.
func New(shape Shape, data []float32) *Tensor {
	if data == nil {
		data = make([]float32, shape.Size())
	}
	if len(data) != shape.Size() {
		panic(fmt.Sprintf("tensor: %d values for shape %v", len(data), shape))
	}
	return &Tensor{Shape: shape.Clone(), F: data}
}

// NewInt is New for int64.
func NewInt(shape Shape, data []int64) *Tensor {
	if data == nil {
		data = make([]int64, shape.Size())
	}
	if len(data) != shape.Size() {
		panic(fmt.Sprintf("tensor: %d values for shape %v", len(data), shape))
	}
	return &Tensor{Shape: shape.Clone(), I: data}
}

// Clone returns a deep copy.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: t.Shape.Clone(), F: slices.Clone(t.F), I: slices.Clone(t.I)}
}

// Transpose returns a copy with its axes permuted: axis i of the result is axis
// perm[i] of t. It panics when perm is no permutation of t's axes.
func (t *Tensor) Transpose(perm ...int) *Tensor {
	shape := make(Shape, len(perm))
	seen := make([]bool, len(t.Shape))
	if len(perm) != len(t.Shape) {
		panic(fmt.Sprintf("tensor: permutation %v for shape %v", perm, t.Shape))
	}
	for i, p := range perm {
		if p < 0 || p >= len(seen) || seen[p] {
			panic(fmt.Sprintf("tensor: %v is no permutation", perm))
		}
		seen[p] = true
		shape[i] = t.Shape[p]
	}
	from := t.Shape.Strides()
	out := &Tensor{Shape: shape}
	n := shape.Size()
	if t.F != nil {
		out.F = make([]float32, n)
	} else {
		out.I = make([]int64, n)
	}
	idx := make([]int, len(shape))
	src := 0
	for dst := 0; dst < n; dst++ {
		if t.F != nil {
			out.F[dst] = t.F[src]
		} else {
			out.I[dst] = t.I[src]
		}
		for a := len(shape) - 1; a >= 0; a-- {
			idx[a]++
			src += from[perm[a]]
			if idx[a] < shape[a] {
				break
			}
			src -= idx[a] * from[perm[a]]
			idx[a] = 0
		}
	}
	return out
}
