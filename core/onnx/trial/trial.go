// Package trial loads a model file and runs it, as whoever gets the file would: what
// conformance tests do with the models that plugins write.
//
// It knows files and numbers, nothing of who wrote them.
package trial

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

// Model is a model file that is ready to run at one size of its free axes.
type Model struct {
	program *vm.Program
	inputs  map[string]*graph.Node
	outputs map[string]*graph.Node
}

// Load reads a model; axes without a size in the file get the size given.
func Load(path string, free int) (*Model, error) {
	file, err := onnx.Read(path)
	if err != nil {
		return nil, err
	}
	net, err := exchange.Load(file)
	if err != nil {
		return nil, err
	}
	m := &Model{inputs: map[string]*graph.Node{}, outputs: map[string]*graph.Node{}}
	var ports []exchange.Port
	g := graph.New()
	for _, in := range file.Inputs {
		shape := make([]int, len(in.Dims))
		for i, d := range in.Dims {
			if shape[i] = d.Size; d.Size < 0 {
				shape[i] = free
			}
		}
		m.inputs[in.Name] = g.Input(in.Name, shape...)
		ports = append(ports, exchange.Port{Name: in.Name, Node: m.inputs[in.Name]})
	}
	out, err := net.Apply(ports...)
	if err != nil {
		return nil, err
	}
	for i, o := range file.Outputs {
		m.outputs[o.Name] = out[i]
	}
	m.program, err = vm.Compile(out)
	return m, err
}

// Run computes the outputs by name. They are overwritten by the next Run. An input that
// is not given keeps its values: zeros at first.
func (m *Model) Run(inputs map[string][]float32) (map[string][]float32, error) {
	for name, values := range inputs {
		node, ok := m.inputs[name]
		if !ok {
			return nil, fmt.Errorf("the model has no input %q", name)
		}
		if to := m.program.Value(node); copy(to, values) != len(values) || len(values) != len(to) {
			return nil, fmt.Errorf("input %s takes %d numbers, not %d", name, len(to), len(values))
		}
	}
	m.program.Run()
	out := map[string][]float32{}
	for name, node := range m.outputs {
		out[name] = m.program.Value(node)
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
