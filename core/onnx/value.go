package onnx

import (
	"fmt"

	"lab/core/onnx/pb"
)

// value reads the name and type of an input or output.
func value(p *pb.ValueInfo) (Value, error) {
	v := Value{Name: p.Name}
	switch t := p.Type; {
	case t == nil:
	case t.Tensor != nil:
		v.Kind = Tensor
		return v, v.dims(t.Tensor)
	case t.SparseTensor != nil:
		v.Kind = SparseTensor
		return v, v.dims(t.SparseTensor)
	case t.Sequence != nil:
		v.Kind = Sequence
	case t.Map != nil:
		v.Kind = Map
	case t.Optional != nil:
		v.Kind = Optional
	}
	return v, nil
}

func (v *Value) dims(t *pb.TensorType) error {
	v.Type = t.ElemType
	if t.Shape == nil {
		return nil
	}
	v.Ranked = true
	if len(t.Shape.Dims) > maxRank {
		return fmt.Errorf("has %d axes, more than %d", len(t.Shape.Dims), maxRank)
	}
	v.Dims = make([]Dim, len(t.Shape.Dims))
	for i, d := range t.Shape.Dims {
		v.Dims[i] = Dim{Size: -1, Param: d.Param}
		if d.Value == nil {
			continue
		}
		if *d.Value < 0 || *d.Value > maxDim {
			return fmt.Errorf("axis %d has the size %d", i, *d.Value)
		}
		v.Dims[i].Size = int(*d.Value)
	}
	return nil
}
