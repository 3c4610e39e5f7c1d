package array

import (
	"encoding/binary"
	"math"

	"lab/core/onnx/pb"
)

// Raw is the elements as little-endian bytes, as raw_data has them: the inverse of
// [FromRaw]. Elements smaller than a byte lie side by side in it, the first in the lowest
// bits. It panics with an [Error] for text, which raw data cannot hold.
func (a *Array) Raw() []byte {
	bits, n := Bits(a.Type), a.Len()
	if bits == 0 {
		fail("type %v cannot be in raw data", a.Type)
	}
	raw, le := make([]byte, RawSize(a.Type, n)), binary.LittleEndian
	a.toBits(func(k int, v uint64) {
		switch bits {
		case 64:
			le.PutUint64(raw[8*k:], v)
		case 32:
			le.PutUint32(raw[4*k:], uint32(v))
		case 16:
			le.PutUint16(raw[2*k:], uint16(v))
		case 8:
			raw[k] = byte(v)
		default: // of 2, 4 or 6 bits, in one byte or two
			v &= 1<<bits - 1
			at := k * bits
			raw[at/8] |= byte(v << (at % 8))
			if at%8+bits > 8 {
				raw[at/8+1] |= byte(v >> (8 - at%8))
			}
		}
	})
	return raw
}

// toBits calls put with the bits of each element.
func (a *Array) toBits(put func(k int, bits uint64)) {
	switch d := a.data.(type) {
	case []float64:
		for k, v := range d {
			put(k, math.Float64bits(v))
		}
	case []float32:
		f := formats[a.Type]
		for k, v := range d {
			if a.Type == pb.Float {
				put(k, uint64(math.Float32bits(v)))
			} else {
				put(k, f.encode(v))
			}
		}
	case []uint64:
		for k, v := range d {
			put(k, v)
		}
	case []int64:
		for k, v := range d {
			put(k, uint64(v))
		}
	}
}
