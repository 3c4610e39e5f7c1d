package array

import (
	"slices"

	"lab/core/tensor"
)

// What only moves elements is said by places: for each element of the result, the place
// of an element of the operand. A graph can do the same with the same places.

// Take is a new array of elements of a, given by where they are in it; -1 gives zero.
func Take(a *Array, shape tensor.Shape, from []int) *Array {
	out := New(a.Type, shape...)
	switch d := out.data.(type) {
	case []float32:
		take(d, a, from)
	case []float64:
		take(d, a, from)
	case []int64:
		take(d, a, from)
	case []uint64:
		take(d, a, from)
	case []string:
		take(d, a, from)
	}
	return out
}

func take[T Element](out []T, a *Array, from []int) {
	in := Of[T](a)
	for i, k := range from {
		if k >= 0 {
			out[i] = in[k]
		}
	}
}

// Broadcast is the common shape of the operands.
func Broadcast(in ...tensor.Shape) tensor.Shape {
	out, err := tensor.Broadcast(in...)
	if err != nil {
		fail("%v", err)
	}
	return out
}

// walk returns, call by call, the places in an array of shape from of the elements of
// one of shape that it is broadcast to.
func walk(from, shape tensor.Shape) func() int {
	strides := make([]int, len(shape))
	for a, st := range from.Strides() {
		if from[a] != 1 {
			strides[len(shape)-len(from)+a] = st
		}
	}
	return Walk(shape, strides, 0)
}

// Walk returns, call by call, start plus the index times the strides, for every index
// into the shape in row-major order.
func Walk(shape tensor.Shape, strides []int, start int) func() int {
	index := make([]int, len(shape))
	at := start
	return func() int {
		here := at
		for a := len(shape) - 1; a >= 0; a-- {
			index[a]++
			if at += strides[a]; index[a] < shape[a] {
				break
			}
			at -= index[a] * strides[a]
			index[a] = 0
		}
		return here
	}
}

// Places lists the next n places of a walk.
func Places(next func() int, n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = next()
	}
	return p
}

// Expand broadcasts a to the shape.
func Expand(a *Array, shape tensor.Shape) *Array {
	if !Broadcast(a.Shape, shape).Equal(shape) {
		fail("shape %v does not broadcast to %v", a.Shape, shape)
	}
	return Take(a, shape, Places(walk(a.Shape, shape), shape.Size()))
}

// Transpose permutes the axes: axis i of the result is axis perm[i] of a.
func Transpose(a *Array, perm ...int) *Array {
	shape, strides := make(tensor.Shape, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], strides[i] = a.Shape[p], a.Shape.Strides()[p]
	}
	return Take(a, shape, Places(Walk(shape, strides, 0), shape.Size()))
}

// Slice takes n elements of an axis, from start on by steps.
func Slice(a *Array, axis, start, n, step int) *Array {
	shape, strides := a.Shape.Clone(), a.Shape.Strides()
	at := start * strides[axis]
	shape[axis] = n
	strides[axis] *= step
	return Take(a, shape, Places(Walk(shape, strides, at), shape.Size()))
}

// Concat joins arrays of one type along an axis.
func Concat(axis int, parts ...*Array) *Array {
	shape := parts[0].Shape.Clone()
	shape[axis] = 0
	for _, p := range parts {
		s := p.Shape.Clone()
		if p.Type != parts[0].Type || len(s) != len(shape) {
			fail("%v of shape %v beside %v of shape %v", p.Type, s, parts[0].Type, parts[0].Shape)
		}
		shape[axis] += s[axis]
		if s[axis] = shape[axis]; !s.Equal(shape) {
			fail("shapes %v and %v differ off axis %d", parts[0].Shape, p.Shape, axis)
		}
	}
	out := New(parts[0].Type, shape...)
	switch d := out.data.(type) {
	case []float32:
		concat(d, axis, shape, parts)
	case []float64:
		concat(d, axis, shape, parts)
	case []int64:
		concat(d, axis, shape, parts)
	case []uint64:
		concat(d, axis, shape, parts)
	case []string:
		concat(d, axis, shape, parts)
	}
	return out
}

func concat[T Element](out []T, axis int, shape tensor.Shape, parts []*Array) {
	at, row := 0, shape[axis:].Size()
	for _, p := range parts {
		part := p.Shape[axis:].Size()
		for r := range shape[:axis].Size() {
			copy(out[r*row+at:], Of[T](p)[r*part:(r+1)*part])
		}
		at += part
	}
}

// Put is a copy of a in which the elements at the places are those of values, or what
// the operator makes of the two where there is one; later ones come on top of earlier.
func Put(a *Array, places []int, values *Array, o *Operator) *Array {
	if a.Type != values.Type {
		fail("types %v and %v", a.Type, values.Type)
	}
	out := New(a.Type, a.Shape...)
	switch d := out.data.(type) {
	case []float32:
		put(d, a, places, values, o, func(o *Operator) func(a, b float32) float32 { return o.f32 })
	case []float64:
		put(d, a, places, values, o, func(o *Operator) func(a, b float64) float64 { return o.f64 })
	case []int64:
		put(d, a, places, values, o, func(o *Operator) func(a, b int64) int64 { return o.i64 })
	case []uint64:
		put(d, a, places, values, o, func(o *Operator) func(a, b uint64) uint64 { return o.u64 })
	case []string:
		put(d, a, places, values, o, func(*Operator) func(a, b string) string { return nil })
	}
	return out.fit()
}

func put[T Element](out []T, a *Array, places []int, values *Array, o *Operator, pick func(*Operator) func(a, b T) T) {
	copy(out, Of[T](a))
	var f func(a, b T) T
	if o != nil {
		if f = pick(o); f == nil {
			fail("type %v", a.Type)
		}
	}
	for i, v := range Of[T](values) {
		if f != nil {
			v = f(out[places[i]], v)
		}
		out[places[i]] = v
	}
}

// NonZero lists the places of the elements that are not zero, false or empty.
func NonZero(a *Array) []int {
	var at []int
	switch d := a.data.(type) {
	case []string:
		for i, v := range d {
			if v != "" {
				at = append(at, i)
			}
		}
	default:
		for i := range a.Len() {
			if a.At(i) != 0 {
				at = append(at, i)
			}
		}
	}
	return at
}

// Same reports whether two arrays have the same type, shape and elements, bit for bit but
// for the payload of NaN.
func Same(a, b *Array) bool {
	if a.Type != b.Type || !a.Shape.Equal(b.Shape) {
		return false
	}
	switch d := a.data.(type) {
	case []float32:
		return slices.EqualFunc(d, Of[float32](b), same)
	case []float64:
		return slices.EqualFunc(d, Of[float64](b), same)
	case []int64:
		return slices.Equal(d, Of[int64](b))
	case []uint64:
		return slices.Equal(d, Of[uint64](b))
	}
	return slices.Equal(Of[string](a), Of[string](b))
}

func same[T float32 | float64](x, y T) bool { return x == y || x != x && y != y }
