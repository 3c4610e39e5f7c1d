package array

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

func list[T Element](t pb.DataType, v ...T) *Array { return From(t, tensor.Shape{len(v)}, v) }

func TestCast(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct{ from, want *Array }{
		{list[float32](pb.Float, 1.9, -1.9, 300, nan), list[int64](pb.Int8, 1, -1, 44, 0)},
		{list[float32](pb.Float, 2.5, 0, nan), list[int64](pb.Bool, 1, 0, 1)},
		{list[int64](pb.Int64, 1<<62+1, -1, 200), list[int64](pb.Int16, 1, -1, 200)},
		{list[int64](pb.Int64, -1, 7), list[uint64](pb.Uint64, math.MaxUint64, 7)},
		{list[uint64](pb.Uint64, math.MaxUint64), list[float64](pb.Double, 1<<64)},
		{list[uint64](pb.Uint64, math.MaxUint64), list[int64](pb.Int32, -1)},
		{list[int64](pb.Int64, 1<<24+1), list[float32](pb.Float, 1<<24)},
		{list[float64](pb.Double, 1e300, -1e300), list[float32](pb.Float, float32(math.Inf(1)), float32(math.Inf(-1)))},
		{list[int64](pb.Bool, 1, 0), list[string](pb.String, "True", "False")},
		{list[float32](pb.Float, 0.1, 3, 1e-7, float32(math.Inf(-1))), list[string](pb.String, "0.1", "3.0", "1e-07", "-INF")},
		{list[string](pb.String, "3.25", "+INF", " 1e3 ", "nan"), list[float32](pb.Float, 3.25, float32(math.Inf(1)), 1000, nan)},
		{list[string](pb.String, "-7", "100.5"), list[int64](pb.Int32, -7, 100)},
		{list[string](pb.String, "18446744073709551615"), list[uint64](pb.Uint64, math.MaxUint64)},
		{list[int64](pb.Int32, 9, -9), list[int64](pb.Int4, -7, 7)},
	} {
		if got := Cast(c.from, c.want.Type); !Same(got, c.want) {
			t.Errorf("%v as %v: got %v, want %v", c.from.data, c.want.Type, got.data, c.want.data)
		}
	}
	if failure(func() { Cast(list(pb.String, "x"), pb.Int64) }) == "" {
		t.Error("text that is no number was cast")
	}
	bits := BitCast(list[float32](pb.Float, 1), pb.Uint32)
	if Of[int64](bits)[0] != 0x3f800000 || !Same(BitCast(bits, pb.Float), list[float32](pb.Float, 1)) {
		t.Errorf("bits of 1: %x", bits.data)
	}
}

// failure is what f panics with, "" for nothing.
func failure(f func()) (text string) {
	defer func() {
		if e, ok := recover().(Error); ok {
			text = string(e)
		}
	}()
	f()
	return ""
}

func TestWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		name       string
		o          Operator
		a, b, want *Array
	}{
		{"wrap", Add, list[int64](pb.Int8, 127), list[int64](pb.Int8, 1), list[int64](pb.Int8, -128)},
		{"wrap unsigned", Sub, list[int64](pb.Uint16, 0), list[int64](pb.Uint16, 1), list[int64](pb.Uint16, 65535)},
		{"beyond 2^53", Add, list[int64](pb.Int64, 1<<53), list[int64](pb.Int64, 1), list[int64](pb.Int64, 1<<53+1)},
		{"wrap int64", Mul, list[int64](pb.Int64, math.MinInt64), list[int64](pb.Int64, -1), list[int64](pb.Int64, math.MinInt64)},
		{"towards zero", Div, list[int64](pb.Int32, -7, 7), list[int64](pb.Int32, 2, -2), list[int64](pb.Int32, -3, -3)},
		{"sign of the divisor", Mod, list[int64](pb.Int32, -7, 7), list[int64](pb.Int32, 3, -3), list[int64](pb.Int32, 2, -2)},
		{"sign of the dividend", Rem, list[int64](pb.Int32, -7, 7), list[int64](pb.Int32, 3, -3), list[int64](pb.Int32, -1, 1)},
		{"floats", Mod, list[float64](pb.Double, -7, 0), list[float64](pb.Double, 3, -3), list[float64](pb.Double, 2, math.Copysign(0, -1))},
		{"power", Pow, list[int64](pb.Int64, 3, -1, 2), list[int64](pb.Int64, 39, -3, -1), list[int64](pb.Int64, 4052555153018976267, -1, 0)},
		{"uint64", Max, list[uint64](pb.Uint64, math.MaxUint64), list[uint64](pb.Uint64, 1), list[uint64](pb.Uint64, math.MaxUint64)},
		{"half", Add, list[float32](pb.Float16, 2048), list[float32](pb.Float16, 1), list[float32](pb.Float16, 2048)},
		{"NaN", Max, list(pb.Float, float32(math.NaN())), list[float32](pb.Float, 1), list(pb.Float, float32(math.NaN()))},
	} {
		if got := Combine(c.o, c.a, c.b); !Same(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got.data, c.want.data)
		}
	}
	for _, f := range []func(){
		func() { Combine(Div, list[int64](pb.Int32, 1), list[int64](pb.Int32, 0)) },
		func() { Combine(Mod, list[uint64](pb.Uint64, 1), list[uint64](pb.Uint64, 0)) },
		func() { Combine(Add, list[int64](pb.Int32, 1), list[int64](pb.Int64, 1)) },
		func() { Combine(Add, list[int64](pb.Bool, 1), list[int64](pb.Bool, 1)) },
		func() { Combine(Add, list(pb.String, "a"), list(pb.String, "b")) },
		func() { Combine(Add, New(pb.Int64, 2), New(pb.Int64, 3)) },
	} {
		if failure(f) == "" {
			t.Error("no failure")
		}
	}
	for n, want := range map[int64][2]int64{1: {-6, -2}, 8: {0, -1}, -1: {0, -1}} {
		x, by := list[int64](pb.Int8, -3), list(pb.Int8, n)
		if left, right := Shift(x, by, true).At(0), Shift(x, by, false).At(0); left != float64(want[0]) || right != float64(want[1]) {
			t.Errorf("-3 shifted by %d: %v and %v", n, left, right)
		}
	}
}

// Operations on shapes, against loops over indices.
func TestMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		shape := make(tensor.Shape, 1+r.IntN(4))
		for i := range shape {
			shape[i] = 1 + r.IntN(4)
		}
		a := New(pb.Int32, shape...)
		for i := range Of[int64](a) {
			Of[int64](a)[i] = int64(i)
		}
		perm := r.Perm(len(shape))
		if got := Transpose(a, perm...); !slices.Equal(Of[int64](got), a.Tensor().Transpose(perm...).I) {
			t.Fatalf("%v transposed by %v: %v", shape, perm, got.data)
		}
		axis := r.IntN(len(shape))
		n := shape[axis]
		start := r.IntN(n)
		step := 1 - 2*r.IntN(2)
		count := n - start
		if step < 0 {
			count = start + 1
		}
		part := Slice(a, axis, start, count, step)
		inner := shape[axis+1:].Size()
		for i, v := range Of[int64](part) {
			k := i / inner % count
			want := (i/inner/count*n+start+k*step)*inner + i%inner
			if v != int64(want) {
				t.Fatalf("%v[axis %d from %d by %d]: element %d is %d, want %d", shape, axis, start, step, i, v, want)
			}
		}
		if back := Concat(axis, Slice(a, axis, 0, start, 1), Slice(a, axis, start, n-start, 1)); !Same(back, a) {
			t.Fatalf("%v cut at %d of axis %d and joined", shape, start, axis)
		}
		wide := append(tensor.Shape{2}, shape...)
		if e := Expand(a, wide); !Same(Slice(e, 0, 1, 1, 1).Reshape(shape...), a) {
			t.Fatalf("%v expanded", shape)
		}
	}
	put := Put(New(pb.Int8, 3), []int{1, 1, 2}, list[int64](pb.Int8, 100, 100, 5), &Add)
	if !Same(put, list[int64](pb.Int8, 0, -56, 5)) {
		t.Errorf("put: %v", put.data)
	}
	if got := Where(list[int64](pb.Bool, 1, 0), list(pb.String, "a"), list(pb.String, "b", "c")); !Same(got, list(pb.String, "a", "c")) {
		t.Errorf("where: %v", got.data)
	}
}

func TestReduce(t *testing.T) {
	x := From(pb.Int8, tensor.Shape{2, 3}, []int64{100, 100, -3, 1, 2, 3})
	for r, want := range map[Reduction][]int64{
		ReduceSum: {-59, 6}, ReduceProd: {-48, 6}, ReduceMax: {100, 3}, ReduceMin: {-3, 1}, ReduceMean: {65, 2},
		ReduceL1: {-53, 6}, ReduceSumSquare: {41, 14}, ReduceL2: {-115, 3},
	} {
		if got := Reduce(r, x, []bool{false, true}); !slices.Equal(Of[int64](got), want) || !got.Shape.Equal(tensor.Shape{2, 1}) {
			t.Errorf("%s: %v, want %v", r, got.data, want)
		}
	}
	none := New(pb.Float, 0, 2)
	for r, want := range map[Reduction]float64{ReduceSum: 0, ReduceProd: 1, ReduceMax: math.Inf(-1), ReduceMin: math.Inf(1), ReduceLogSum: math.Inf(-1), ReduceLogSumExp: math.Inf(-1), ReduceL2: 0} {
		if got := Reduce(r, none, []bool{true, false}); got.Len() != 2 || got.At(1) != want {
			t.Errorf("%s of nothing: %v, want %v", r, got.data, want)
		}
	}
	if got := Reduce(ReduceMax, New(pb.Uint8, 0), []bool{true}); got.At(0) != 0 {
		t.Errorf("the greatest of no uint8: %v", got.data)
	}
	big := From(pb.Double, tensor.Shape{2}, []float64{1000, 1000})
	if got := Reduce(ReduceLogSumExp, big, []bool{true}).At(0); math.Abs(got-1000-math.Ln2) > 1e-9 {
		t.Errorf("logarithm of a sum of exponentials: %v", got)
	}
	many := New(pb.BFloat16, 1000)
	for i := range Of[float32](many) {
		Of[float32](many)[i] = 1
	}
	if got := Reduce(ReduceSum, many, []bool{true}).At(0); got != 1000 {
		t.Errorf("1000 times 1 in bfloat16: %v", got)
	}
	sum := Scan(Add, list[int64](pb.Int32, 1, 2, 3), 0, 0, true, true)
	if !Same(sum, list[int64](pb.Int32, 5, 3, 0)) {
		t.Errorf("scan: %v", sum.data)
	}
	p := MatMul(From(pb.Int32, tensor.Shape{1, 2}, []int64{1 << 20, 3}), From(pb.Int32, tensor.Shape{2, 1}, []int64{1 << 12, 5}))
	if !slices.Equal(Of[int64](p), []int64{15}) { // 2^32 + 15
		t.Errorf("product: %v", p.data)
	}
	order := Rank(list[float32](pb.Float, 2, float32(math.NaN()), 1, 2), true)
	if !slices.Equal(order[0], []int{1, 0, 3, 2}) {
		t.Errorf("order: %v", order)
	}
}

func TestDecodeSmallTypes(t *testing.T) {
	for _, c := range []struct {
		p    pb.Tensor
		want []float64
	}{
		{pb.Tensor{DataType: pb.Int4, Dims: []int64{3}, RawData: []byte{0x8f, 0x07}}, []float64{-1, -8, 7}},
		{pb.Tensor{DataType: pb.Uint4, Dims: []int64{3}, Int32Data: []int32{0x8f, 0x07}}, []float64{15, 8, 7}},
		{pb.Tensor{DataType: pb.Int2, Dims: []int64{5}, RawData: []byte{0b11_10_01_00, 0b10}}, []float64{0, 1, -2, -1, -2}},
		{pb.Tensor{DataType: pb.Float6E2M3, Dims: []int64{4}, RawData: []byte{0x48, 0x80, 0x7f}}, []float64{1, 0.125, -4, 7.5}},
		{pb.Tensor{DataType: pb.Float8E4M3FN, Dims: []int64{2}, Int32Data: []int32{0x7e, 0x81}}, []float64{448, -0x1p-9}},
		{pb.Tensor{DataType: pb.Float8E8M0, Dims: []int64{1}, RawData: []byte{130}}, []float64{8}},
	} {
		a, err := Decode(&c.p, tensor.Shape{int(c.p.Dims[0])}, c.p.RawData)
		if err != nil {
			t.Errorf("%v: %v", c.p.DataType, err)
			continue
		}
		for i, w := range c.want {
			if a.At(i) != w {
				t.Errorf("%v: element %d is %v, want %v", c.p.DataType, i, a.At(i), w)
			}
		}
	}
	for _, c := range []struct {
		p    pb.Tensor
		want string
	}{
		{pb.Tensor{DataType: pb.Int4, Dims: []int64{3}, RawData: []byte{1}}, "has 1 bytes of data, want 2"},
		{pb.Tensor{DataType: pb.Int4, Dims: []int64{2}, Int32Data: []int32{256}}, "256 is no byte"},
		{pb.Tensor{DataType: pb.Int4, Dims: []int64{2}, Int32Data: []int32{1}, FloatData: []float32{1}}, "2 in others"},
		{pb.Tensor{DataType: pb.Float6E3M2, Dims: []int64{1}, Int32Data: []int32{64}}, "64 is no float6e3m2"},
	} {
		if _, err := Decode(&c.p, tensor.Shape{int(c.p.Dims[0])}, c.p.RawData); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
