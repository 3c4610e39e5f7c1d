package exchange

import (
	"fmt"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Port is an input or output of a model.
type Port struct {
	Name  string
	Node  *graph.Node
	Image bool // the node is NHWC, the file NCHW
}

// Export writes the nodes that lead from inputs to outputs as an ONNX model. The
// first axis of every port is the batch: its size is free in the file, whatever it
// is in the graph. Parameters become initialisers of their names, in PyTorch's
// layout.
func Export(name string, opset int, inputs, outputs []Port) (*onnx.Builder, error) {
	e := &exporter{Builder: onnx.NewBuilder(name, opset), values: map[*graph.Node]value{}, opset: opset}
	for _, p := range inputs {
		if len(p.Node.Shape()) == 0 {
			return nil, fmt.Errorf("export %s: input %s has no batch axis", name, p.Name)
		}
		e.batch = p.Node.Shape()[0]
		l := p.layout()
		e.values[p.Node] = value{e.AddInput(p.Name, pb.Float, dims(p, l)...), l}
	}
	for _, p := range outputs {
		l := p.layout()
		v, err := e.as(p.Node, l)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", name, err)
		}
		e.AddOutput(p.Name, v, pb.Float, dims(p, l)...)
	}
	return e.Builder, nil
}

func (p Port) layout() layout {
	if p.Image {
		return nchw
	}
	return nil
}

func dims(p Port, l layout) []onnx.Dim {
	s := p.Node.Shape()
	out := make([]onnx.Dim, len(s))
	for i, a := range l.of(len(s)) {
		out[i] = onnx.Fixed(s[a])
		if a == 0 {
			out[i] = onnx.Named("batch")
		}
	}
	return out
}

// value is a node's value in the file.
type value struct {
	name string
	layout
}

type exporter struct {
	*onnx.Builder
	values map[*graph.Node]value
	batch  int // size of the batch axis in the graph
	opset  int
}

// export writes one op or label. It returns the value's name and layout.
type export func(e *exporter, n *graph.Node) (value, error)

// value returns the node's value, written with all it depends on.
func (e *exporter) value(n *graph.Node) (value, error) {
	if v, ok := e.values[n]; ok {
		return v, nil
	}
	v, err := e.write(n)
	if err == nil {
		e.values[n] = v
	}
	return v, err
}

func (e *exporter) write(n *graph.Node) (value, error) {
	switch {
	case n.Param() != nil:
		p := n.Param()
		return value{e.AddInitializer(p.Name, p.Export()), layout(p.Perm)}, nil
	case n.Const() != nil:
		return value{e.Constant(tensor.New(n.Shape(), n.Const())), nil}, nil
	case n.Op() == nil:
		return value{}, fmt.Errorf("%s is needed, but is no input of the model", n.Name())
	}
	name := n.Op().Def().Name
	w := exports[name]
	if l, ok := n.Label(); ok {
		name, w = l.Name, labels[l.Name]
		if w == nil { // a label that files do not know stands for what it labels
			return e.value(n.Inputs()[0])
		}
	}
	if w == nil {
		return value{}, fmt.Errorf("%s cannot be written as ONNX", name)
	}
	return w(e, n)
}

// as returns the node's value in the layout, transposed if need be.
func (e *exporter) as(n *graph.Node, want layout) (string, error) {
	v, err := e.value(n)
	if err != nil {
		return "", err
	}
	rank := len(n.Shape())
	if v.layout.equal(want, rank) {
		return v.name, nil
	}
	var perm []int64
	for _, a := range v.layout.to(want, rank) {
		perm = append(perm, int64(a))
	}
	return e.Op("Transpose", []string{v.name}, onnx.AttrInts("perm", perm...)), nil
}

// all returns the values of several nodes in one layout.
func (e *exporter) all(ns []*graph.Node, want layout) ([]string, error) {
	names := make([]string, len(ns))
	for i, n := range ns {
		var err error
		if names[i], err = e.as(n, want); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// ints is a constant of int64.
func (e *exporter) ints(v ...int64) string {
	return e.Constant(tensor.NewInt(tensor.Shape{len(v)}, v))
}
