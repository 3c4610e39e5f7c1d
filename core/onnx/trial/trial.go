// Package trial runs a model file once, as whoever gets the file would: what conformance
// tests do with the models that plugins write, and what lab onnx run does. Inputs come
// from NumPy's files, tensors of ONNX and pictures; outputs go to NumPy's files.
//
// It knows files and numbers, nothing of who wrote them, nor how a model is computed:
// that is core/onnx/exchange.
package trial

import (
	"fmt"
	"math"

	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Model is a model file that is ready to run at one size of its free axes.
type Model struct {
	net    *exchange.Net
	shapes map[string]tensor.Shape
	values map[string]exchange.Value // that the inputs have
}

// Load reads a model; axes without a size in the file get the size given.
func Load(path string, free int) (*Model, error) {
	net, err := exchange.Open(path)
	if err != nil {
		return nil, err
	}
	m := &Model{net: net, shapes: map[string]tensor.Shape{}, values: map[string]exchange.Value{}}
	for _, in := range net.Model.Inputs {
		if in.Kind != onnx.Tensor || in.Type == pb.String {
			return nil, fmt.Errorf("input %s, %v, is not made of numbers", in.Name, in)
		}
		m.shapes[in.Name] = sizes(in, free)
		m.values[in.Name] = exchange.Value{Array: array.New(in.Type, m.shapes[in.Name]...)}
	}
	_, err = net.Run(m.values) // what does not run at all is said here
	return m, err
}

func sizes(v onnx.Value, free int) tensor.Shape {
	shape := make(tensor.Shape, len(v.Dims))
	for i, d := range v.Dims {
		if shape[i] = d.Size; d.Size < 0 {
			shape[i] = free
		}
	}
	return shape
}

// Run computes the outputs by name. An input that is not given keeps its values: zeros at
// first.
func (m *Model) Run(inputs map[string][]float32) (map[string][]float32, error) {
	for name, values := range inputs {
		shape, ok := m.shapes[name]
		if !ok {
			return nil, fmt.Errorf("the model has no input %q", name)
		}
		if len(values) != shape.Size() {
			return nil, fmt.Errorf("input %s takes %d numbers, not %d", name, shape.Size(), len(values))
		}
		a := array.From(pb.Float, shape, values)
		m.values[name] = exchange.Value{Array: array.Cast(a, m.values[name].Array.Type)}
	}
	results, err := m.net.Run(m.values)
	if err != nil {
		return nil, err
	}
	out := map[string][]float32{}
	for i, o := range m.net.Model.Outputs {
		if results[i].Array == nil {
			return nil, fmt.Errorf("output %s is no tensor", o.Name)
		}
		out[o.Name], _ = results[i].Array.Floats()
	}
	return out, nil
}

// Check loads a model, runs it on zeros, and reports an output that is no number.
func Check(path string) error {
	m, err := Load(path, 3)
	if err != nil {
		return err
	}
	out, err := m.Run(nil)
	if err != nil {
		return err
	}
	for name, values := range out {
		for _, v := range values {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("on zeros its output %s holds %v", name, v)
			}
		}
	}
	return nil
}
