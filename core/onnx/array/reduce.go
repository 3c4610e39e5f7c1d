package array

import (
	"math"

	"lab/core/onnx/pb"
)

// Reduction is what [Reduce] makes of the elements of a row.
type Reduction string

// The reductions, by the names of ONNX's operators.
const (
	ReduceSum       Reduction = "ReduceSum"
	ReduceMean      Reduction = "ReduceMean"
	ReduceProd      Reduction = "ReduceProd"
	ReduceMax       Reduction = "ReduceMax"
	ReduceMin       Reduction = "ReduceMin"
	ReduceSumSquare Reduction = "ReduceSumSquare"
	ReduceL1        Reduction = "ReduceL1"
	ReduceL2        Reduction = "ReduceL2"
	ReduceLogSum    Reduction = "ReduceLogSum"
	ReduceLogSumExp Reduction = "ReduceLogSumExp"
)

// maxRounded is up to how many bfloat16 are added as the type's own additions do, which
// round each time. That is what the reference implementation does with any number; but
// longer sums lose their terms so, and are rounded once.
const maxRounded = 16

// Reduce reduces over the axes marked, which then have size 1. An empty maximum is the
// least number of the type, an empty minimum the greatest.
func Reduce(r Reduction, a *Array, over []bool) *Array {
	kept, n := a.Shape.Clone(), 1
	var perm []int
	for i, m := range over {
		if !m {
			perm = append(perm, i)
		}
	}
	for i, m := range over {
		if m {
			perm = append(perm, i)
			n *= a.Shape[i]
			kept[i] = 1
		}
	}
	rows := Transpose(a, perm...)
	out := New(a.Type, kept...)
	switch d := out.data.(type) {
	case []float32:
		for i := range d {
			row := Of[float32](rows)[i*n : i*n+n]
			if r == ReduceSum && a.Type == pb.BFloat16 && n <= maxRounded {
				for _, v := range row {
					d[i] = formats[a.Type].round(d[i] + v)
				}
				continue
			}
			d[i] = float32(reduceFloats(r, row))
		}
	case []float64:
		for i := range d {
			d[i] = reduceFloats(r, Of[float64](rows)[i*n:i*n+n])
		}
	case []int64:
		lo, hi := Range(a.Type)
		for i := range d {
			d[i] = reduceWhole(r, Of[int64](rows)[i*n:i*n+n], lo, hi)
		}
	case []uint64:
		for i := range d {
			d[i] = reduceWhole(r, Of[uint64](rows)[i*n:i*n+n], 0, math.MaxUint64)
		}
	default:
		fail("type %v", a.Type)
	}
	return out.fit()
}

func reduceFloats[T float32 | float64](r Reduction, row []T) float64 {
	acc := 0.0
	switch r {
	case ReduceProd:
		acc = 1
	case ReduceMax, ReduceLogSumExp:
		acc = math.Inf(-1)
	case ReduceMin:
		acc = math.Inf(1)
	}
	for _, x := range row {
		switch v := float64(x); r {
		case ReduceSum, ReduceMean, ReduceLogSum:
			acc += v
		case ReduceProd:
			acc *= v
		case ReduceMax, ReduceLogSumExp:
			acc = greater(acc, v)
			if v != v {
				acc = v
			}
		case ReduceMin:
			acc = lesser(acc, v)
			if v != v {
				acc = v
			}
		case ReduceSumSquare, ReduceL2:
			acc += v * v
		case ReduceL1:
			acc += math.Abs(v)
		}
	}
	switch r {
	case ReduceMean:
		return acc / float64(len(row))
	case ReduceL2:
		return math.Sqrt(acc)
	case ReduceLogSum:
		return math.Log(acc)
	case ReduceLogSumExp:
		if math.IsInf(acc, 0) || acc != acc {
			return acc
		}
		sum := 0.0
		for _, x := range row {
			sum += math.Exp(float64(x) - acc)
		}
		return acc + math.Log(sum)
	}
	return acc
}

func reduceWhole[T int64 | uint64](r Reduction, row []T, lo, hi T) T {
	acc := T(0)
	switch r {
	case ReduceProd:
		acc = 1
	case ReduceMax:
		acc = lo
	case ReduceMin:
		acc = hi
	}
	for _, v := range row {
		switch r {
		case ReduceSum, ReduceMean:
			acc += v
		case ReduceProd:
			acc *= v
		case ReduceMax:
			acc = max(acc, v)
		case ReduceMin:
			acc = min(acc, v)
		case ReduceSumSquare:
			acc += v * v
		case ReduceL1:
			if acc += v; v < 0 {
				acc -= 2 * v
			}
		}
	}
	switch r {
	case ReduceMean:
		return divide(acc, T(len(row)))
	case ReduceL2, ReduceLogSum, ReduceLogSumExp: // of the real numbers, towards zero
		f := make([]float64, len(row))
		for i, v := range row {
			f[i] = float64(v)
		}
		return T(reduceFloats(r, f))
	}
	return acc
}

// Scan replaces each element of an axis by what the operator makes of those before it
// and, unless exclusive, itself, beginning with start.
func Scan(o Operator, a *Array, axis int, start int64, exclusive, reverse bool) *Array {
	if !o.Has(a.Type) {
		fail("type %v", a.Type)
	}
	out := New(a.Type, a.Shape...)
	n, inner := a.Shape[axis], a.Shape[axis+1:].Size()
	places := func(outer, i int) []int {
		row := make([]int, n)
		for k := range row {
			if row[k] = (outer*n+k)*inner + i; reverse {
				row[k] = (outer*n+n-1-k)*inner + i
			}
		}
		return row
	}
	for outer := range a.Shape[:axis].Size() {
		for i := range inner {
			row := places(outer, i)
			switch d := out.data.(type) {
			case []float32:
				scan(d, Of[float32](a), row, o.f32, float32(start), exclusive)
			case []float64:
				scan(d, Of[float64](a), row, o.f64, float64(start), exclusive)
			case []int64:
				scan(d, Of[int64](a), row, o.i64, start, exclusive)
			case []uint64:
				scan(d, Of[uint64](a), row, o.u64, uint64(start), exclusive)
			}
		}
	}
	return out.fit()
}

func scan[T Number](out, in []T, row []int, f func(a, b T) T, acc T, exclusive bool) {
	for _, k := range row {
		if exclusive {
			out[k] = acc
		}
		acc = f(acc, in[k])
		if !exclusive {
			out[k] = acc
		}
	}
}

// MatMul is the product over the last two axes, [..,m,k] by [..,k,n]; the axes before
// must be the same.
func MatMul(a, b *Array) *Array {
	r := len(a.Shape)
	if a.Type != b.Type || r < 2 || len(b.Shape) != r || !a.Shape[:r-2].Equal(b.Shape[:r-2]) || a.Shape[r-1] != b.Shape[r-2] {
		fail("%v of shape %v by %v of shape %v", a.Type, a.Shape, b.Type, b.Shape)
	}
	shape := a.Shape.Clone()
	shape[r-1] = b.Shape[r-1]
	out := New(a.Type, shape...)
	m, k, n := a.Shape[r-2], a.Shape[r-1], b.Shape[r-1]
	for i := range a.Shape[:r-2].Size() {
		switch d := out.data.(type) {
		case []float32: // summed in float64
			wide := make([]float64, m*n)
			matmul(wide, Of[float32](a)[i*m*k:], Of[float32](b)[i*k*n:], m, k, n)
			for j, v := range wide {
				d[i*m*n+j] = float32(v)
			}
		case []float64:
			matmul(d[i*m*n:], Of[float64](a)[i*m*k:], Of[float64](b)[i*k*n:], m, k, n)
		case []int64:
			matmul(d[i*m*n:], Of[int64](a)[i*m*k:], Of[int64](b)[i*k*n:], m, k, n)
		case []uint64:
			matmul(d[i*m*n:], Of[uint64](a)[i*m*k:], Of[uint64](b)[i*k*n:], m, k, n)
		default:
			fail("type %v", a.Type)
		}
	}
	return out.fit()
}

func matmul[S, T Number](out []S, a, b []T, m, k, n int) {
	for i := range m {
		row := out[i*n : i*n+n]
		for l := range k {
			x := S(a[i*k+l])
			for j, y := range b[l*n : l*n+n] {
				row[j] += x * S(y)
			}
		}
	}
}
