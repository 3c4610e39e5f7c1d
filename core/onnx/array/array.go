package array

import (
	"fmt"
	"math"
	"slices"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Array is an n-dimensional array in row-major order. Its elements are kept in the
// smallest of five Go types that holds them exactly: see [Of].
type Array struct {
	Type  pb.DataType
	Shape tensor.Shape
	data  any // of type []T for one Element T
}

// Element is what the elements are kept in: double in float64, all other floats in
// float32, uint64 in itself, all other whole numbers and bool (0 or 1) in int64.
type Element interface {
	float32 | float64 | int64 | uint64 | string
}

// Number is an Element that can be computed with.
type Number interface {
	float32 | float64 | int64 | uint64
}

// Error is what functions of this package panic with.
type Error string

func (e Error) Error() string { return string(e) }

func fail(format string, args ...any) { panic(Error(fmt.Sprintf(format, args...))) }

// Of returns the elements of a, which are kept as T; nil if they are not.
func Of[T Element](a *Array) []T {
	d, _ := a.data.([]T)
	return d
}

// New is an array of zeros, or of empty strings.
func New(t pb.DataType, shape ...int) *Array {
	a := &Array{Type: t, Shape: tensor.Shape(shape).Clone()}
	n := a.Shape.Size()
	switch {
	case t == pb.Double:
		a.data = make([]float64, n)
	case IsFloat(t):
		a.data = make([]float32, n)
	case t == pb.Uint64:
		a.data = make([]uint64, n)
	case t == pb.String:
		a.data = make([]string, n)
	case IsWhole(t) || t == pb.Bool:
		a.data = make([]int64, n)
	default:
		fail("type %v is not supported", t)
	}
	return a
}

// From is an array over data, which it keeps and which must hold values of type t.
func From[T Element](t pb.DataType, shape tensor.Shape, data []T) *Array {
	a := New(t, 0)
	if _, fits := a.data.([]T); !fits || len(data) != shape.Size() {
		fail("%d elements as %T for %v of shape %v", len(data), data, t, shape)
	}
	a.Shape, a.data = shape.Clone(), data
	return a
}

// Ints is a list of int64.
func Ints(v ...int64) *Array {
	if v == nil {
		v = []int64{}
	}
	return From(pb.Int64, tensor.Shape{len(v)}, v)
}

// Int is one number of type t.
func Int(t pb.DataType, v int64) *Array { return Cast(From(pb.Int64, tensor.Shape{}, []int64{v}), t) }

// Float is one number of type t.
func Float(t pb.DataType, v float64) *Array {
	return Cast(From(pb.Double, tensor.Shape{}, []float64{v}), t)
}

// Truth is an array of bool.
func Truth(shape tensor.Shape, v []bool) *Array {
	a := New(pb.Bool, shape...)
	d := Of[int64](a)
	for i := range v {
		d[i] = truth(v[i])
	}
	return a
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// FromTensor is the tensor's values, which it shares.
func FromTensor(t *tensor.Tensor) *Array {
	if t.F != nil {
		return From(pb.Float, t.Shape, t.F)
	}
	return From(pb.Int64, t.Shape, t.I)
}

// Tensor is the array as a tensor, with which it shares its values where it can: floats
// of every size as float32, whole numbers and truths as int64. It is nil for values that
// neither can hold.
func (a *Array) Tensor() *tensor.Tensor {
	t := &tensor.Tensor{Shape: a.Shape}
	switch d := a.data.(type) {
	case []float32:
		t.F = d
	case []float64:
		t.F = make([]float32, len(d))
		for i, v := range d {
			if t.F[i] = float32(v); math.IsInf(float64(t.F[i]), 0) && !math.IsInf(v, 0) {
				return nil
			}
		}
	case []int64:
		t.I = d
	case []uint64:
		t.I = make([]int64, len(d))
		for i, v := range d {
			if v > math.MaxInt64 {
				return nil
			}
			t.I[i] = int64(v)
		}
	default:
		return nil
	}
	return t
}

// Floats are the elements as float32, whatever they are kept in, or ok = false if one of
// them is no float32.
func (a *Array) Floats() (f []float32, ok bool) {
	if f := Of[float32](a); f != nil {
		return f, true
	}
	f = make([]float32, a.Len())
	ok = true
	for i := range f {
		switch d := a.data.(type) {
		case []float64:
			f[i] = float32(d[i])
			ok = ok && (float64(f[i]) == d[i] || d[i] != d[i])
		case []int64:
			f[i] = float32(d[i])
			ok = ok && exactInt(f[i], d[i])
		case []uint64:
			f[i] = float32(d[i])
			ok = ok && f[i] < 1<<64 && uint64(f[i]) == d[i]
		default:
			return nil, false
		}
	}
	return f, ok
}

func exactInt(f float32, v int64) bool { return f < 1<<63 && int64(f) == v }

// Len is the number of elements.
func (a *Array) Len() int { return a.Shape.Size() }

// At is element i as a float64, for messages and for numbers that are small.
func (a *Array) At(i int) float64 {
	switch d := a.data.(type) {
	case []float32:
		return float64(d[i])
	case []float64:
		return d[i]
	case []int64:
		return float64(d[i])
	case []uint64:
		return float64(d[i])
	}
	fail("type %v is no number", a.Type)
	return 0
}

// Reshape is the array with another shape of as many elements, which it shares.
func (a *Array) Reshape(shape ...int) *Array {
	if tensor.Shape(shape).Size() != a.Len() {
		fail("shape %v to %v", a.Shape, tensor.Shape(shape))
	}
	return &Array{Type: a.Type, Shape: tensor.Shape(shape).Clone(), data: a.data}
}

// IsFloat reports whether t is a floating-point type.
func IsFloat(t pb.DataType) bool { return t == pb.Double || t == pb.Float || formats[t] != nil }

// IsWhole reports whether t is an integer type; bool is none.
func IsWhole(t pb.DataType) bool { return widths[t] != 0 }

// IsSigned reports whether t is an integer type with negative numbers.
func IsSigned(t pb.DataType) bool { return widths[t] < 0 }

// widths are the bits of the integer types, negative for signed ones.
var widths = map[pb.DataType]int{pb.Int64: -64, pb.Int32: -32, pb.Int16: -16, pb.Int8: -8, pb.Int4: -4, pb.Int2: -2,
	pb.Uint64: 64, pb.Uint32: 32, pb.Uint16: 16, pb.Uint8: 8, pb.Uint4: 4, pb.Uint2: 2}

// Range is the least and the greatest number of an integer type, or of bool. The
// greatest uint64 is beyond int64: hi is the greatest int64.
func Range(t pb.DataType) (lo, hi int64) {
	switch w := widths[t]; {
	case t == pb.Bool:
		return 0, 1
	case t == pb.Uint64:
		return 0, math.MaxInt64
	case w < 0:
		return math.MinInt64 >> (64 + w), math.MaxInt64 >> (64 + w)
	case w > 0:
		return 0, 1<<w - 1
	}
	fail("type %v is no integer", t)
	return 0, 0
}

// fit brings elements that were just computed into the type: whole numbers wrap, small
// floats are rounded.
func (a *Array) fit() *Array {
	switch d := a.data.(type) {
	case []int64:
		w := widths[a.Type]
		for i, v := range d {
			switch {
			case w < 0:
				d[i] = v << (64 + w) >> (64 + w)
			case w > 0:
				d[i] = v & (1<<w - 1)
			}
		}
	case []float32:
		if f := formats[a.Type]; f != nil {
			for i, v := range d {
				d[i] = f.round(v)
			}
		}
	}
	return a
}

// Clone is a copy.
func (a *Array) Clone() *Array {
	c := &Array{Type: a.Type, Shape: a.Shape.Clone()}
	switch d := a.data.(type) {
	case []float32:
		c.data = slices.Clone(d)
	case []float64:
		c.data = slices.Clone(d)
	case []int64:
		c.data = slices.Clone(d)
	case []uint64:
		c.data = slices.Clone(d)
	case []string:
		c.data = slices.Clone(d)
	}
	return c
}
