package array

import (
	"math"

	"lab/core/onnx/pb"
)

// format is a floating-point type smaller than float32, every value of which is exactly
// a float32. See onnx.proto, TensorProto.DataType, and FP8 Formats for Deep Learning
// (Micikevicius et al. 2022).
type format struct {
	exponent, fraction int // bits; the sign takes one more
	bias               int
	special            special
}

// special is how a format spells infinities and NaN.
type special int

const (
	ieee   special = iota // the greatest exponent is for them
	nanOne                // "fn": all ones is NaN, there is no infinity
	nanNeg                // "fnuz": the bits of -0 are NaN, there is neither -0 nor infinity
	finite                // neither
	powers                // e8m0: no sign, no fraction, no zero; all ones is NaN
)

var formats = map[pb.DataType]*format{
	pb.Float16: {5, 10, 15, ieee}, pb.BFloat16: {8, 7, 127, ieee},
	pb.Float8E4M3FN: {4, 3, 7, nanOne}, pb.Float8E4M3FNUZ: {4, 3, 8, nanNeg},
	pb.Float8E5M2: {5, 2, 15, ieee}, pb.Float8E5M2FNUZ: {5, 2, 16, nanNeg},
	pb.Float4E2M1: {2, 1, 1, finite}, pb.Float6E2M3: {2, 3, 1, finite}, pb.Float6E3M2: {3, 2, 3, finite},
	pb.Float8E8M0: {8, 0, 127, powers},
}

// largest is the greatest finite value.
func (f *format) largest() float64 {
	top := 1<<f.exponent - 1 // the greatest exponent of a finite number, as it is stored
	fraction := 2 - math.Ldexp(1, -f.fraction)
	switch f.special {
	case ieee, powers:
		top--
	case nanOne:
		fraction -= math.Ldexp(1, -f.fraction)
	}
	return math.Ldexp(fraction, top-f.bias)
}

// decode returns the value of the bits.
func (f *format) decode(bits uint64) float32 {
	negative := bits>>(f.exponent+f.fraction)&1 != 0
	exponent, fraction := int(bits>>f.fraction)&(1<<f.exponent-1), bits&(1<<f.fraction-1)
	ones := exponent == 1<<f.exponent-1
	sign := 1.0
	if negative {
		sign = -1
	}
	switch {
	case f.special == powers && ones, f.special == nanNeg && negative && exponent == 0 && fraction == 0,
		f.special == nanOne && ones && fraction == 1<<f.fraction-1, f.special == ieee && ones && fraction != 0:
		return float32(math.Copysign(math.NaN(), sign))
	case f.special == powers:
		return float32(math.Ldexp(1, exponent-f.bias))
	case f.special == ieee && ones:
		return float32(math.Inf(int(sign)))
	}
	v := float64(fraction)
	if exponent > 0 {
		v += float64(int(1) << f.fraction)
	} else {
		exponent = 1
	}
	return float32(sign * math.Ldexp(v, exponent-f.bias-f.fraction))
}

// encode returns the bits of a value of the format.
func (f *format) encode(v float32) uint64 {
	x := math.Abs(float64(v))
	sign := uint64(0)
	if math.Signbit(float64(v)) {
		sign = 1 << (f.exponent + f.fraction)
	}
	ones := uint64(1<<f.exponent-1) << f.fraction
	switch {
	case x != x && f.special == nanNeg:
		return 1 << (f.exponent + f.fraction)
	case x != x && f.special == powers:
		return ones
	case x != x:
		return sign | ones | (1<<f.fraction - 1)
	case math.IsInf(x, 1):
		return sign | ones
	}
	fraction, exponent := math.Frexp(x) // fraction in [0.5, 1)
	stored := exponent - 1 + f.bias
	switch {
	case f.special == powers:
		return uint64(stored)
	case x == 0 || stored < 1:
		return sign | uint64(math.Ldexp(x, f.bias+f.fraction-1))
	}
	return sign | uint64(stored)<<f.fraction | uint64(math.Ldexp(fraction, f.fraction+1))&(1<<f.fraction-1)
}

// round returns the nearest value of the format, of two equally near ones that with an
// even last bit; beyond the greatest, infinity or what stands for it.
func (f *format) round(v float32) float32 { return f.convert(v, false) }

// convert rounds; with saturate, what is too large becomes the greatest value (Cast,
// tables of the float 8 types).
func (f *format) convert(v float32, saturate bool) float32 {
	if f.special == powers {
		return f.power(v, "up", saturate)
	}
	x := math.Abs(float64(v))
	if x != x {
		if f.special == finite {
			return float32(math.Copysign(0, -1)) // there is no NaN
		}
		return v
	}
	if !math.IsInf(x, 1) {
		_, e := math.Frexp(x)
		quantum := math.Ldexp(1, max(e-1, 1-f.bias)-f.fraction)
		x = math.RoundToEven(x/quantum) * quantum
	}
	switch {
	case x <= f.largest():
	case saturate || f.special == finite:
		x = f.largest()
	case f.special == ieee:
		x = math.Inf(1)
	default:
		return float32(math.NaN())
	}
	if x == 0 && f.special == nanNeg {
		return 0
	}
	return float32(math.Copysign(x, float64(v)))
}

// power rounds a positive number to a power of two: up, down, or to the nearest, of two
// equally near ones to the greater.
func (f *format) power(v float32, mode string, saturate bool) float32 {
	x := math.Abs(float64(v))
	least, most := math.Ldexp(1, -f.bias), f.largest()
	switch {
	case x != x:
		return v
	case x < least || x > most:
		switch {
		case !saturate:
			return float32(math.NaN())
		case x < least:
			return float32(least)
		}
		return float32(most)
	}
	fraction, e := math.Frexp(x)
	low := math.Ldexp(1, e-1)
	switch {
	case fraction == 0.5 || mode == "down", mode == "nearest" && fraction < 0.75:
		return float32(low)
	case low == most:
		if saturate {
			return float32(most)
		}
		return float32(math.NaN())
	}
	return float32(2 * low)
}
