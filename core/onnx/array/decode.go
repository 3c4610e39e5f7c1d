package array

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Bits is the size of one element of the type in raw data, 0 for a type that is not
// supported or, as string, has none.
func Bits(t pb.DataType) int {
	switch f := formats[t]; {
	case t == pb.Float:
		return 32
	case t == pb.Double:
		return 64
	case t == pb.Bool:
		return 8
	case t == pb.Float8E8M0:
		return 8
	case f != nil:
		return 1 + f.exponent + f.fraction
	}
	return max(widths[t], -widths[t])
}

// RawSize is the size in bytes of n elements of the type in raw data.
func RawSize(t pb.DataType, n int) int { return (n*Bits(t) + 7) / 8 }

// Decode reads the elements of a tensor, whose dims are already checked to be shape. raw
// is its raw_data, wherever that was.
func Decode(t *pb.Tensor, shape tensor.Shape, raw []byte) (*Array, error) {
	typed := len(t.FloatData) + len(t.Int32Data) + len(t.Int64Data) + len(t.DoubleData) + len(t.Uint64Data) + len(t.StringData)
	switch {
	case t.DataType != pb.String && Bits(t.DataType) == 0:
		return nil, fmt.Errorf("data type %v is not supported", t.DataType)
	case len(raw) == 0:
		return fromFields(t, shape, typed)
	case typed > 0:
		return nil, fmt.Errorf("has its data twice")
	}
	return FromRaw(t.DataType, shape, raw)
}

// FromRaw decodes elements from little-endian bytes; those smaller than a byte lie side
// by side in it, the first in the lowest bits.
func FromRaw(t pb.DataType, shape tensor.Shape, raw []byte) (*Array, error) {
	n, bits := shape.Size(), Bits(t)
	if bits == 0 {
		return nil, fmt.Errorf("data type %v cannot be in raw data", t)
	}
	if len(raw) != RawSize(t, n) {
		return nil, fmt.Errorf("has %d bytes of data, want %d for %d of type %v", len(raw), RawSize(t, n), n, t)
	}
	le := binary.LittleEndian
	return fromBits(t, shape, func(k int) uint64 {
		switch bits {
		case 64:
			return le.Uint64(raw[8*k:])
		case 32:
			return uint64(le.Uint32(raw[4*k:]))
		case 16:
			return uint64(le.Uint16(raw[2*k:]))
		case 8:
			return uint64(raw[k])
		}
		v, at := uint64(0), k*bits // of 2, 4 or 6 bits, in one byte or two
		v = uint64(raw[at/8]) >> (at % 8)
		if at%8+bits > 8 {
			v |= uint64(raw[at/8+1]) << (8 - at%8)
		}
		return v & (1<<bits - 1)
	}), nil
}

// fromBits makes an array of n elements of the given bits.
func fromBits(t pb.DataType, shape tensor.Shape, bits func(k int) uint64) *Array {
	a := New(t, shape...)
	switch d := a.data.(type) {
	case []float64:
		for k := range d {
			d[k] = math.Float64frombits(bits(k))
		}
	case []float32:
		value := func(b uint64) float32 { return math.Float32frombits(uint32(b)) }
		if f := formats[t]; f != nil {
			value = f.values()
		}
		for k := range d {
			d[k] = value(bits(k))
		}
	case []uint64:
		for k := range d {
			d[k] = bits(k)
		}
	case []int64:
		for k := range d {
			d[k] = int64(bits(k))
			if t == pb.Bool {
				d[k] = truth(d[k] != 0)
			}
		}
		a.fit()
	}
	return a
}

// values is decode by a table, for formats that are met in millions of weights.
func (f *format) values() func(uint64) float32 {
	n := 1 << (1 + f.exponent + f.fraction)
	if f.special == powers {
		n = 256
	}
	made, _ := tables.LoadOrStore(f, sync.OnceValue(func() []float32 {
		all := make([]float32, n)
		for i := range all {
			all[i] = f.decode(uint64(i))
		}
		return all
	}))
	table := made.(func() []float32)()
	return func(b uint64) float32 { return table[b&uint64(n-1)] }
}

var tables sync.Map // *format → func() []float32

// fromFields decodes elements from the field that onnx.proto assigns to the type.
func fromFields(t *pb.Tensor, shape tensor.Shape, typed int) (*Array, error) {
	n, bits := shape.Size(), Bits(t.DataType)
	var have int
	var a *Array
	switch {
	case t.DataType == pb.Float:
		have = len(t.FloatData)
		a = fromField(t.DataType, shape, append([]float32{}, t.FloatData...))
	case t.DataType == pb.Double:
		have = len(t.DoubleData)
		a = fromField(t.DataType, shape, append([]float64{}, t.DoubleData...))
	case t.DataType == pb.Int64:
		have = len(t.Int64Data)
		a = fromField(t.DataType, shape, append([]int64{}, t.Int64Data...))
	case t.DataType == pb.Uint64:
		have = len(t.Uint64Data)
		a = fromField(t.DataType, shape, append([]uint64{}, t.Uint64Data...))
	case t.DataType == pb.String:
		have = len(t.StringData)
		s := make([]string, have)
		for i, b := range t.StringData {
			s[i] = string(b)
		}
		a = fromField(t.DataType, shape, s)
	case t.DataType == pb.Uint32:
		have = len(t.Uint64Data)
		d := make([]int64, have)
		for i, v := range t.Uint64Data {
			if v > math.MaxUint32 {
				return nil, fmt.Errorf("element %d: %d is no uint32", i, v)
			}
			d[i] = int64(v)
		}
		a = fromField(t.DataType, shape, d)
	case bits < 8 && bits != 6: // packed, a byte in each number
		raw := make([]byte, len(t.Int32Data))
		for i, v := range t.Int32Data {
			if raw[i] = byte(v); v < math.MinInt8 || v > math.MaxUint8 {
				return nil, fmt.Errorf("element %d: %d is no byte", i, v)
			}
		}
		if len(raw) == typed {
			return FromRaw(t.DataType, shape, raw)
		}
	default:
		have = len(t.Int32Data)
		for i, v := range t.Int32Data {
			if lo, hi := codes(t.DataType); int64(v) < lo || int64(v) > hi {
				return nil, fmt.Errorf("element %d: %d is no %v", i, v, t.DataType)
			}
		}
		if have == n {
			a = fromBits(t.DataType, shape, func(k int) uint64 { return uint64(int64(t.Int32Data[k])) })
		}
	}
	if have != n || have != typed {
		return nil, fmt.Errorf("has %d elements in the field for %v and %d in others, want %d", have, t.DataType, typed-have, n)
	}
	return a, nil
}

// fromField is From for a number of elements that may be wrong, which the caller reports.
func fromField[T Element](t pb.DataType, shape tensor.Shape, data []T) *Array {
	if len(data) != shape.Size() {
		return nil
	}
	return From(t, shape, data)
}

// codes is the range of a type that is kept in int32_data: of its numbers, or of its bits.
func codes(t pb.DataType) (lo, hi int64) {
	if IsFloat(t) {
		return 0, 1<<Bits(t) - 1
	}
	return Range(t)
}
