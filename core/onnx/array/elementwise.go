package array

import (
	"cmp"
	"math"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operator computes an element from one of each of two arrays of one type; a nil
// function means that the type is not one of the operator's.
type Operator struct {
	f32 func(a, b float32) float32
	f64 func(a, b float64) float64
	i64 func(a, b int64) int64
	u64 func(a, b uint64) uint64

	logic bool // of bool as well
}

// The operators on two numbers. Whole numbers wrap, and are divided towards zero.
var (
	Add = Operator{add[float32], add[float64], add[int64], add[uint64], false}
	Sub = Operator{sub[float32], sub[float64], sub[int64], sub[uint64], false}
	Mul = Operator{mul[float32], mul[float64], mul[int64], mul[uint64], false}
	Div = Operator{quo[float32], quo[float64], divide[int64], divide[uint64], false}
	Max = Operator{greater[float32], greater[float64], greater[int64], greater[uint64], false}
	Min = Operator{lesser[float32], lesser[float64], lesser[int64], lesser[uint64], false}

	// Rem has the dividend's sign, as C's fmod; Mod the divisor's, as Python's %.
	Rem = Operator{func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) }, math.Mod, remainder[int64], remainder[uint64], false}
	Mod = Operator{func(a, b float32) float32 { return float32(modulo(float64(a), float64(b))) }, modulo, moduloWhole, remainder[uint64], false}

	Pow = Operator{func(a, b float32) float32 { return float32(math.Pow(float64(a), float64(b))) }, math.Pow, powSigned, power, false}

	And = Operator{i64: func(a, b int64) int64 { return a & b }, u64: func(a, b uint64) uint64 { return a & b }, logic: true}
	Or  = Operator{i64: func(a, b int64) int64 { return a | b }, u64: func(a, b uint64) uint64 { return a | b }, logic: true}
	Xor = Operator{i64: func(a, b int64) int64 { return a ^ b }, u64: func(a, b uint64) uint64 { return a ^ b }, logic: true}
)

func add[T Number](a, b T) T { return a + b }
func sub[T Number](a, b T) T { return a - b }
func mul[T Number](a, b T) T { return a * b }
func quo[T Number](a, b T) T { return a / b }

func divide[T int64 | uint64](a, b T) T {
	if b == 0 {
		fail("a whole number is divided by zero")
	}
	return a / b
}

func remainder[T int64 | uint64](a, b T) T {
	if b == 0 {
		fail("a whole number is divided by zero")
	}
	return a % b
}

func moduloWhole(a, b int64) int64 {
	r := remainder(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

func modulo(a, b float64) float64 {
	r := math.Mod(a, b)
	switch {
	case r != 0 && (r < 0) != (b < 0):
		r += b
	case r == 0:
		r = math.Copysign(0, b)
	}
	return r
}

// greater and lesser let NaN through.
func greater[T Number](a, b T) T {
	if a > b || a != a {
		return a
	}
	return b
}

func lesser[T Number](a, b T) T {
	if a < b || a != a {
		return a
	}
	return b
}

func power(a, b uint64) uint64 {
	r := uint64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			r *= a
		}
		a *= a
	}
	return r
}

func powSigned(a, b int64) int64 {
	switch {
	case b >= 0:
		return int64(power(uint64(a), uint64(b)))
	case a == 1 || a == -1:
		return int64(power(uint64(a), uint64(-(b % 2))))
	case a == 0:
		fail("0 is raised to the power of %d", b)
	}
	return 0 // the fraction, towards zero
}

// Has reports whether the operator is one of numbers of type t.
func (o Operator) Has(t pb.DataType) bool {
	switch New(t, 0).data.(type) { // what elements of the type are kept in
	case []float32:
		return o.f32 != nil
	case []float64:
		return o.f64 != nil
	case []int64:
		return o.i64 != nil && (t != pb.Bool || o.logic)
	case []uint64:
		return o.u64 != nil
	}
	return false
}

// Combine is the operator on two arrays of one type, broadcast to a common shape.
func Combine(o Operator, a, b *Array) *Array {
	if a.Type != b.Type || !o.Has(a.Type) {
		fail("types %v and %v", a.Type, b.Type)
	}
	out := New(a.Type, Broadcast(a.Shape, b.Shape)...)
	switch d := out.data.(type) {
	case []float32:
		zip(d, out.Shape, a, b, o.f32)
	case []float64:
		zip(d, out.Shape, a, b, o.f64)
	case []int64:
		zip(d, out.Shape, a, b, o.i64)
	case []uint64:
		zip(d, out.Shape, a, b, o.u64)
	}
	return out.fit()
}

func zip[T Element, U any](out []U, shape tensor.Shape, a, b *Array, f func(a, b T) U) {
	x, y := Of[T](a), Of[T](b)
	if a.Shape.Equal(b.Shape) {
		for i := range out {
			out[i] = f(x[i], y[i])
		}
		return
	}
	ia, ib := walk(a.Shape, shape), walk(b.Shape, shape)
	for i := range out {
		out[i] = f(x[ia()], y[ib()])
	}
}

// Comparison is how [Compare] compares.
type Comparison int

// The comparisons. Nothing is less than, or equal to, NaN.
const (
	Less Comparison = iota
	LessEqual
	Equal
)

// Compare tells of each pair of elements how they compare. Strings are only equal or not.
func Compare(how Comparison, a, b *Array) *Array {
	if a.Type != b.Type || a.Type == pb.String && how != Equal {
		fail("types %v and %v", a.Type, b.Type)
	}
	out := New(pb.Bool, Broadcast(a.Shape, b.Shape)...)
	d := Of[int64](out)
	switch a.data.(type) {
	case []float32:
		zip(d, out.Shape, a, b, compare[float32](how))
	case []float64:
		zip(d, out.Shape, a, b, compare[float64](how))
	case []int64:
		zip(d, out.Shape, a, b, compare[int64](how))
	case []uint64:
		zip(d, out.Shape, a, b, compare[uint64](how))
	case []string:
		zip(d, out.Shape, a, b, compare[string](how))
	}
	return out
}

func compare[T cmp.Ordered](how Comparison) func(a, b T) int64 {
	switch how {
	case Less:
		return func(a, b T) int64 { return truth(a < b) }
	case LessEqual:
		return func(a, b T) int64 { return truth(a <= b) }
	}
	return func(a, b T) int64 { return truth(a == b) }
}

// Shift moves the bits of whole numbers by those of b, to the left or right; by as many
// as there are, more, or a negative number, it leaves 0, or -1 of a negative number to the
// right.
func Shift(a, b *Array, left bool) *Array {
	width := max(widths[a.Type], -widths[a.Type])
	signed := func(x, n int64) int64 {
		beyond := n < 0 || n >= int64(width)
		switch {
		case left && beyond:
			return 0
		case left:
			return x << n
		case beyond:
			return x >> 63
		}
		return x >> n
	}
	unsigned := func(x, n uint64) uint64 {
		if left {
			return x << n
		}
		return x >> n
	}
	return Combine(Operator{i64: signed, u64: unsigned}, a, b)
}

// Function computes an element from an element.
type Function struct {
	Float func(float64) float64 // of the float types
	Int   func(int64) int64     // of the integer types but uint64, nil for none
	Uint  func(uint64) uint64
}

// Has reports whether the function is one of numbers of type t.
func (f Function) Has(t pb.DataType) bool {
	switch {
	case IsFloat(t):
		return f.Float != nil
	case t == pb.Uint64:
		return f.Uint != nil
	}
	return f.Int != nil && (IsWhole(t) || t == pb.Bool)
}

// Map is the function of every element.
func Map(f Function, a *Array) *Array {
	if !f.Has(a.Type) {
		fail("type %v", a.Type)
	}
	out := New(a.Type, a.Shape...)
	switch d := out.data.(type) {
	case []float32:
		for i, v := range Of[float32](a) {
			d[i] = float32(f.Float(float64(v)))
		}
	case []float64:
		for i, v := range Of[float64](a) {
			d[i] = f.Float(v)
		}
	case []int64:
		for i, v := range Of[int64](a) {
			d[i] = f.Int(v)
		}
	case []uint64:
		for i, v := range Of[uint64](a) {
			d[i] = f.Uint(v)
		}
	}
	return out.fit()
}

// Test tells of each float whether f holds.
func Test(f func(float64) bool, a *Array) *Array {
	out := New(pb.Bool, a.Shape...)
	for i := range Of[int64](out) {
		Of[int64](out)[i] = truth(f(a.At(i)))
	}
	return out
}

// Where takes the elements of a where cond is true, those of b elsewhere.
func Where(cond, a, b *Array) *Array {
	if cond.Type != pb.Bool || a.Type != b.Type {
		fail("types %v, %v and %v", cond.Type, a.Type, b.Type)
	}
	shape := Broadcast(cond.Shape, a.Shape, b.Shape)
	n := a.Len() // the elements of b come after those of a
	from := make([]int, shape.Size())
	c, ic, ia, ib := Of[int64](cond), walk(cond.Shape, shape), walk(a.Shape, shape), walk(b.Shape, shape)
	for i := range from {
		k, x, y := ic(), ia(), ib()
		if from[i] = n + y; c[k] != 0 {
			from[i] = x
		}
	}
	return Take(Concat(0, a.Reshape(n), b.Reshape(b.Len())), shape, from)
}
