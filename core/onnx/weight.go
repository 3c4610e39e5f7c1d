package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

const (
	maxRank = 32
	maxDim  = math.MaxInt32

	// maxElements bounds the elements of all weights of one file together.
	// Without it a small file could name the same external data many times.
	maxElements = 1 << 30

	// maxCopied bounds those that are copied from another weight, which cost the
	// file nothing.
	maxCopied = 1 << 28
)

// weight decodes a TensorProto.
func (d *decoder) weight(t *pb.Tensor) (Weight, error) {
	w := Weight{Name: t.Name, Type: t.DataType}
	size := elemSize(t.DataType)
	if size == 0 {
		return w, fmt.Errorf("data type %v is not supported", t.DataType)
	}
	shape, err := shapeOf(t.Dims)
	if err != nil {
		return w, err
	}
	n := shape.Size()
	if err := d.spend(n); err != nil {
		return w, err
	}
	w.Tensor = &tensor.Tensor{Shape: shape}
	raw := t.RawData
	switch {
	case t.DataLocation == pb.External:
		if raw != nil || typedLen(t) > 0 {
			return w, fmt.Errorf("has data in the file and outside of it")
		}
		if raw, err = d.folder.read(t.ExternalData, int64(n)*int64(size)); err != nil {
			return w, err
		}
	case t.DataLocation != pb.InFile:
		return w, fmt.Errorf("data location %d is not known", t.DataLocation)
	case len(raw) == 0:
		w.Tensor.F, w.Tensor.I, err = fromTyped(t, n)
		return w, err
	case typedLen(t) > 0:
		return w, fmt.Errorf("has its data twice")
	}
	w.Tensor.F, w.Tensor.I, err = fromRaw(t.DataType, n, raw)
	return w, err
}

// spend takes n elements off what the file may still ask for.
func (d *decoder) spend(n int) error {
	if d.elements += n; d.elements > maxElements {
		return fmt.Errorf("the model has more than %d elements", maxElements)
	}
	return nil
}

// spendCopy is spend for elements that are copied.
func (d *decoder) spendCopy(n int) error {
	if d.copied += n; d.copied > maxCopied {
		return fmt.Errorf("the model copies more than %d elements", maxCopied)
	}
	return d.spend(n)
}

// shapeOf checks dims. The limit holds for the product of the axes that are not
// zero, so that no product of some of them overflows either.
func shapeOf(dims []int64) (tensor.Shape, error) {
	if len(dims) > maxRank {
		return nil, fmt.Errorf("has %d axes, more than %d", len(dims), maxRank)
	}
	shape := make(tensor.Shape, len(dims))
	n := int64(1)
	for i, v := range dims {
		if v < 0 {
			return nil, fmt.Errorf("axis %d has the negative size %d", i, v)
		}
		if v > maxDim {
			return nil, fmt.Errorf("axis %d has the size %d, more than %d", i, v, maxDim)
		}
		if v > 0 {
			n *= v
		}
		if n > maxElements {
			return nil, fmt.Errorf("dims %v make more than %d elements", dims, maxElements)
		}
		shape[i] = int(v)
	}
	return shape, nil
}

// elemSize is the bytes of one element in raw data, or 0 for a type that is not
// supported.
func elemSize(t pb.DataType) int {
	switch t {
	case pb.Uint8, pb.Int8, pb.Bool:
		return 1
	case pb.Uint16, pb.Int16, pb.Float16, pb.BFloat16:
		return 2
	case pb.Float, pb.Int32, pb.Uint32:
		return 4
	case pb.Double, pb.Int64, pb.Uint64:
		return 8
	}
	return 0
}

func typedLen(t *pb.Tensor) int {
	return len(t.FloatData) + len(t.Int32Data) + len(t.Int64Data) + len(t.DoubleData) +
		len(t.Uint64Data) + len(t.StringData)
}

// fromRaw decodes n elements from their little-endian bytes.
func fromRaw(t pb.DataType, n int, raw []byte) (f []float32, i []int64, err error) {
	if size := elemSize(t); len(raw) != n*size {
		return nil, nil, fmt.Errorf("has %d bytes of data, want %d for %d of type %v", len(raw), n*size, n, t)
	}
	le := binary.LittleEndian
	switch t {
	case pb.Float:
		f = make([]float32, n)
		for k := range f {
			f[k] = math.Float32frombits(le.Uint32(raw[4*k:]))
		}
	case pb.Float16:
		f = make([]float32, n)
		for k := range f {
			f[k] = fromFloat16(le.Uint16(raw[2*k:]))
		}
	case pb.BFloat16:
		f = make([]float32, n)
		for k := range f {
			f[k] = fromBFloat16(le.Uint16(raw[2*k:]))
		}
	case pb.Double:
		f = make([]float32, n)
		for k := range f {
			if f[k], err = narrow(math.Float64frombits(le.Uint64(raw[8*k:]))); err != nil {
				return nil, nil, err
			}
		}
	default:
		i = make([]int64, n)
		for k := range i {
			switch t {
			case pb.Int64:
				i[k] = int64(le.Uint64(raw[8*k:]))
			case pb.Int32:
				i[k] = int64(int32(le.Uint32(raw[4*k:])))
			case pb.Uint32:
				i[k] = int64(le.Uint32(raw[4*k:]))
			case pb.Int16:
				i[k] = int64(int16(le.Uint16(raw[2*k:])))
			case pb.Uint16:
				i[k] = int64(le.Uint16(raw[2*k:]))
			case pb.Int8:
				i[k] = int64(int8(raw[k]))
			case pb.Uint8:
				i[k] = int64(raw[k])
			case pb.Bool:
				if raw[k] != 0 {
					i[k] = 1
				}
			case pb.Uint64:
				if i[k], err = signed(le.Uint64(raw[8*k:])); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return f, i, nil
}

// fromTyped decodes n elements from the typed field that onnx.proto assigns to
// the data type.
func fromTyped(t *pb.Tensor, n int) (f []float32, i []int64, err error) {
	var have int
	switch t.DataType {
	case pb.Float:
		have, f = len(t.FloatData), append([]float32{}, t.FloatData...)
	case pb.Double:
		have, f = len(t.DoubleData), make([]float32, len(t.DoubleData))
		for k, v := range t.DoubleData {
			if f[k], err = narrow(v); err != nil {
				return nil, nil, err
			}
		}
	case pb.Float16, pb.BFloat16:
		have, f = len(t.Int32Data), make([]float32, len(t.Int32Data))
		for k, v := range t.Int32Data {
			if v < 0 || v > math.MaxUint16 {
				return nil, nil, fmt.Errorf("element %d: %d is not the bits of a %v", k, v, t.DataType)
			}
			if t.DataType == pb.Float16 {
				f[k] = fromFloat16(uint16(v))
			} else {
				f[k] = fromBFloat16(uint16(v))
			}
		}
	case pb.Int64:
		have, i = len(t.Int64Data), append([]int64{}, t.Int64Data...)
	case pb.Uint32, pb.Uint64:
		have, i = len(t.Uint64Data), make([]int64, len(t.Uint64Data))
		for k, v := range t.Uint64Data {
			if t.DataType == pb.Uint32 && v > math.MaxUint32 {
				return nil, nil, fmt.Errorf("element %d: %d is no uint32", k, v)
			}
			if i[k], err = signed(v); err != nil {
				return nil, nil, err
			}
		}
	default:
		have, i = len(t.Int32Data), make([]int64, len(t.Int32Data))
		lo, hi := intRange(t.DataType)
		for k, v := range t.Int32Data {
			if i[k] = int64(v); i[k] < lo || i[k] > hi {
				return nil, nil, fmt.Errorf("element %d: %d is no %v", k, v, t.DataType)
			}
		}
	}
	if have != n || have != typedLen(t) {
		return nil, nil, fmt.Errorf("has %d elements in the field for %v and %d in others, want %d",
			have, t.DataType, typedLen(t)-have, n)
	}
	return f, i, nil
}

// intRange is the range of an integer type that is kept in int32_data.
func intRange(t pb.DataType) (lo, hi int64) {
	switch t {
	case pb.Bool:
		return 0, 1
	case pb.Int8:
		return math.MinInt8, math.MaxInt8
	case pb.Uint8:
		return 0, math.MaxUint8
	case pb.Int16:
		return math.MinInt16, math.MaxInt16
	case pb.Uint16:
		return 0, math.MaxUint16
	}
	return math.MinInt32, math.MaxInt32
}

// narrow rounds to float32. A finite number must stay finite.
func narrow(v float64) (float32, error) {
	f := float32(v)
	if math.IsInf(float64(f), 0) && !math.IsInf(v, 0) {
		return 0, fmt.Errorf("holds %g, which is too large for a float32", v)
	}
	return f, nil
}

func signed(v uint64) (int64, error) {
	if v > math.MaxInt64 {
		return 0, fmt.Errorf("holds %d, which is too large for an int64", v)
	}
	return int64(v), nil
}
