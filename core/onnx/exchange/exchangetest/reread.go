package exchangetest

import (
	"fmt"
	"math/rand/v2"

	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// free is the size of an open axis of a model that is read again.
const free = 4

// reread computes case 0 of a model of a file, as compute does of one of lab's own.
func reread(m *onnx.Model) (map[string]*tensor.Tensor, error) {
	net, err := exchange.Load(m)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	values, given := map[string]*tensor.Tensor{}, map[string]exchange.Value{}
	for _, v := range m.Inputs {
		if v.Type != pb.Float && v.Type != pb.Int64 {
			return nil, fmt.Errorf("input %s is %v, neither float nor int64", v.Name, v)
		}
		shape := make(tensor.Shape, len(v.Dims))
		for i, d := range v.Dims {
			if shape[i] = d.Size; d.Size < 0 {
				shape[i] = free
			}
		}
		x := make([]float32, shape.Size())
		fill(r, x, shape, v.Type == pb.Int64)
		a := array.Cast(array.From(pb.Float, shape, x), v.Type)
		values["0.in."+v.Name], given[v.Name] = a.Tensor(), exchange.Value{Array: a}
	}
	out, err := net.Run(given)
	if err != nil {
		return nil, err
	}
	for i, v := range m.Outputs {
		values["0.out."+v.Name] = out[i].Array.Tensor()
	}
	return values, nil
}
