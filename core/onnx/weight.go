package onnx

import (
	"fmt"
	"math"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

const (
	maxRank = 32
	maxDim  = math.MaxInt32

	// maxElements bounds the elements of all weights of one file together.
	maxElements = 1 << 30

	// maxCopied bounds those that cost the file nothing: copies of another weight, and
	// constants of a function that is called again.
	maxCopied = 1 << 26

	// maxReread is how often, on average, external data may be read.
	maxReread = 10
)

// weight decodes a TensorProto; again says that the file has it once for several.
func (d *decoder) weight(t *pb.Tensor, again bool) (Weight, error) {
	w := Weight{Name: t.Name, Type: t.DataType}
	if t.DataType != pb.String && array.Bits(t.DataType) == 0 {
		return w, fmt.Errorf("data type %v is not supported", t.DataType)
	}
	shape, err := shapeOf(t.Dims)
	if err != nil {
		return w, err
	}
	n := shape.Size()
	spend := d.spend
	if again {
		spend = d.spendCopy
	}
	if err := spend(n); err != nil {
		return w, err
	}
	raw := t.RawData
	switch {
	case t.DataLocation == pb.External && raw != nil:
		return w, fmt.Errorf("has data in the file and outside of it")
	case t.DataLocation == pb.External:
		if raw, err = d.folder.read(t.ExternalData, int64(array.RawSize(t.DataType, n))); err != nil {
			return w, err
		}
	case t.DataLocation != pb.InFile:
		return w, fmt.Errorf("data location %d is not known", t.DataLocation)
	}
	a, err := array.Decode(t, shape, raw)
	if err != nil {
		return w, err
	}
	return newWeight(t.Name, a), nil
}

func newWeight(name string, a *array.Array) Weight {
	return Weight{Name: name, Type: a.Type, Value: a, Tensor: a.Tensor()}
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
