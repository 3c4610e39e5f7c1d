package array

import (
	"math"
	"strconv"
	"strings"

	"lab/core/onnx/pb"
)

// Cast converts to another type (ONNX operators, Cast): floats to the nearest value, to
// whole numbers towards zero; whole numbers wrap; text is read and written as numbers.
func Cast(a *Array, to pb.DataType) *Array { return CastAs(a, to, true, "up") }

// Truncate is a way of rounding for [CastAs].
const Truncate = "truncate"

// CastAs is Cast with what concerns small floats: whether what is too large becomes the
// greatest value, and how float8e8m0 is rounded ("up", "down", "nearest"). Truncate
// rounds bfloat16 towards zero.
func CastAs(a *Array, to pb.DataType, saturate bool, round string) *Array {
	if a.Type == to {
		return a
	}
	out := New(to, a.Shape...)
	switch d := a.data.(type) {
	case []float32:
		castFloat(out, d, saturate, round)
	case []float64:
		castFloat(out, d, saturate, round)
	case []int64:
		castWhole(out, d, a.Type == pb.Bool, saturate, round)
	case []uint64:
		castWhole(out, d, false, saturate, round)
	case []string:
		castText(out, d, saturate, round)
	}
	return out
}

// castFloat writes floats to out. What becomes of a number that an integer type does not
// hold is undefined; here it wraps, as the integers do, and NaN becomes 0.
func castFloat[T float32 | float64](out *Array, from []T, saturate bool, round string) {
	switch d := out.data.(type) {
	case []float32:
		f := formats[out.Type]
		for i, v := range from {
			switch {
			case f == nil:
				d[i] = float32(v)
			case f.special == powers:
				d[i] = f.power(float32(v), round, saturate)
			case round == Truncate && out.Type == pb.BFloat16:
				d[i] = math.Float32frombits(math.Float32bits(float32(v)) &^ 0xffff)
			default:
				d[i] = f.convert(odd(float64(v)), saturate && f.exponent+f.fraction < 8)
			}
		}
	case []float64:
		for i, v := range from {
			d[i] = float64(v)
		}
	case []int64:
		for i, v := range from {
			d[i] = whole(out.Type, float64(v))
		}
		out.fit()
	case []uint64:
		for i, v := range from {
			switch x := math.Trunc(float64(v)); {
			case x >= 1<<64:
				d[i] = math.MaxUint64
			case x > 0:
				d[i] = uint64(x)
			}
		}
	case []string:
		size := 32
		if _, wide := any(from).([]float64); wide {
			size = 64
		}
		for i, v := range from {
			d[i] = write(float64(v), size)
		}
	}
}

// odd is a float64 as a float32 that rounds further as the float64 would: where it is
// between two of them, the one with an odd last bit.
func odd(v float64) float32 {
	f := float32(v)
	if float64(f) == v || v != v || math.IsInf(float64(f), 0) {
		return f
	}
	if math.Abs(float64(f)) > math.Abs(v) {
		f = math.Nextafter32(f, 0)
	}
	return math.Float32frombits(math.Float32bits(f) | 1)
}

func whole(t pb.DataType, v float64) int64 {
	if t == pb.Bool {
		return truth(v != 0)
	}
	switch {
	case v != v:
		return 0
	case v <= math.MinInt64:
		return math.MinInt64
	case v >= math.MaxInt64:
		return math.MaxInt64
	}
	return int64(v)
}

func castWhole[T int64 | uint64](out *Array, from []T, boolean, saturate bool, round string) {
	switch d := out.data.(type) {
	case []float32:
		f := formats[out.Type]
		for i, v := range from {
			switch {
			case f == nil:
				d[i] = float32(v)
			case f.special == powers:
				d[i] = f.power(float32(v), round, saturate)
			default:
				d[i] = f.convert(float32(v), saturate && f.exponent+f.fraction < 8)
			}
		}
	case []float64:
		for i, v := range from {
			d[i] = float64(v)
		}
	case []int64:
		for i, v := range from {
			if d[i] = int64(v); out.Type == pb.Bool {
				d[i] = truth(v != 0)
			}
		}
		out.fit()
	case []uint64:
		for i, v := range from {
			d[i] = uint64(v)
		}
	case []string:
		for i, v := range from {
			switch {
			case boolean && v != 0:
				d[i] = "True"
			case boolean:
				d[i] = "False"
			case v < 0:
				d[i] = strconv.FormatInt(int64(v), 10)
			default:
				d[i] = strconv.FormatUint(uint64(v), 10)
			}
		}
	}
}

func castText(out *Array, from []string, saturate bool, round string) {
	for i, s := range from {
		s = strings.TrimSpace(s)
		switch d := out.data.(type) {
		case []int64:
			v, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				f, ferr := strconv.ParseFloat(s, 64)
				if ferr != nil {
					fail("%q is no number", s)
				}
				v = whole(out.Type, f)
			}
			if d[i] = v; out.Type == pb.Bool {
				d[i] = truth(v != 0)
			}
		case []uint64:
			v, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				fail("%q is no %v", s, out.Type)
			}
			d[i] = v
		default:
			v, err := strconv.ParseFloat(s, 64)
			if err != nil && !math.IsInf(v, 0) {
				fail("%q is no number", s)
			}
			one := CastAs(From(pb.Double, nil, []float64{v}), out.Type, saturate, round)
			switch d := d.(type) {
			case []float32:
				d[i] = Of[float32](one)[0]
			case []float64:
				d[i] = v
			}
		}
	}
	out.fit()
}

// write formats a number as the reference implementation does: the shortest decimal that
// is read back as the same.
func write(v float64, size int) string {
	switch {
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	case v != v:
		return "NaN"
	case v == math.Trunc(v) && math.Abs(v) < 1e16:
		return strconv.FormatFloat(v, 'f', 1, size)
	case math.Abs(v) >= 1e-4 && math.Abs(v) < 1e16:
		return strconv.FormatFloat(v, 'f', -1, size)
	}
	return strconv.FormatFloat(v, 'e', -1, size)
}

// BitCast reads the elements' bits as another type of the same size.
func BitCast(a *Array, to pb.DataType) *Array {
	if Bits(a.Type) != Bits(to) {
		fail("%v to %v", a.Type, to)
	}
	return fromBits(to, a.Shape, func(k int) uint64 {
		switch d := a.data.(type) {
		case []float32:
			if f := formats[a.Type]; f != nil {
				return f.encode(d[k])
			}
			return uint64(math.Float32bits(d[k]))
		case []float64:
			return math.Float64bits(d[k])
		case []int64:
			return uint64(d[k]) & (1<<(Bits(a.Type)-1)<<1 - 1)
		}
		return Of[uint64](a)[k]
	})
}
