package onnx

import "math"

// fromFloat16 widens an IEEE 754 half: 1 sign, 5 exponent and 10 fraction bits.
// Every half is exactly a float32.
func fromFloat16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(f))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// fromBFloat16 widens the upper half of a float32.
func fromBFloat16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }
