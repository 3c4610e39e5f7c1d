package onnx

import (
	"fmt"
	"slices"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Encode returns the bytes of the model with other weights: the file as it was read,
// operators, names and metadata as they were, but for the initialisers that weights
// names. They keep their types; half-precision ones are rounded. An initialiser that was
// behind an Identity is written in its place. What was in files beside it is in the file.
func (m *Model) Encode(weights map[string]*tensor.Tensor) ([]byte, error) {
	file, err := m.with(weights)
	if err != nil {
		return nil, fmt.Errorf("write the model %s: %w", m.Name, err)
	}
	return file.Marshal()
}

// WriteFile writes Encode to path: all of it or, on an error, nothing.
func (m *Model) WriteFile(path string, weights map[string]*tensor.Tensor) error {
	b, err := m.Encode(weights)
	if err != nil {
		return err
	}
	return writeFile(path, b)
}

// WriteExternal is WriteFile with the larger weights in path.data.
func (m *Model) WriteExternal(path string, weights map[string]*tensor.Tensor) error {
	file, err := m.with(weights)
	if err != nil {
		return fmt.Errorf("write the model %s: %w", m.Name, err)
	}
	return writeExternal(path, file)
}

// External reports whether weights lie in files beside the model's.
func (m *Model) External() bool {
	return slices.ContainsFunc(m.file.Graph.Initializers, func(t *pb.Tensor) bool { return t.DataLocation == pb.External })
}

// with is the file's message with other weights; what it shares with m.file is not
// changed.
func (m *Model) with(weights map[string]*tensor.Tensor) (*pb.Model, error) {
	file, g := *m.file, *m.file.Graph
	file.Graph = &g
	given := map[string]Weight{}
	for _, w := range m.Initializers {
		given[w.Name] = w
	}
	for name := range weights {
		if _, ok := given[name]; !ok {
			return nil, fmt.Errorf("it has no initialiser %q", name)
		}
	}
	g.Initializers = slices.Clone(g.Initializers)
	place := map[string]int{}
	for i, t := range g.Initializers {
		place[t.Name] = i
	}
	copied := map[string]bool{}
	for _, w := range m.Initializers {
		i, ok := place[w.Name]
		t := pb.Tensor{}
		switch {
		case ok && weights[w.Name] == nil && !w.replaced && g.Initializers[i].DataLocation == pb.InFile:
			continue
		case ok:
			t = *g.Initializers[i]
		default:
			copied[w.Name] = true
			i = len(g.Initializers)
			g.Initializers = append(g.Initializers, nil)
		}
		value := w.Value
		if v := weights[w.Name]; v != nil {
			if !v.Shape.Equal(w.Value.Shape) {
				return nil, fmt.Errorf("initialiser %q has shape %v, not %v", w.Name, w.Value.Shape, v.Shape)
			}
			value = array.Cast(array.FromTensor(v), w.Type)
		}
		if value.Type == pb.String {
			return nil, fmt.Errorf("initialiser %q is text beside the file", w.Name)
		}
		g.Initializers[i] = rawTensor(w.Name, value)
		g.Initializers[i].DocString, g.Initializers[i].MetadataProps = t.DocString, t.MetadataProps
	}
	g.Nodes = slices.DeleteFunc(slices.Clone(g.Nodes), func(n *pb.Node) bool {
		made := len(n.Outputs) == 1 && copied[n.Outputs[0]]
		if made {
			delete(copied, n.Outputs[0])
		}
		return made
	})
	for name := range copied {
		return nil, fmt.Errorf("initialiser %q is one of a function", name)
	}
	file.IRVersion = max(file.IRVersion, 4) // since which initialisers need not be inputs
	return &file, nil
}

// rawTensor is a tensor with its data in the file.
func rawTensor(name string, a *array.Array) *pb.Tensor {
	t := &pb.Tensor{Name: name, DataType: a.Type, Dims: make([]int64, len(a.Shape)), RawData: a.Raw()}
	for i, d := range a.Shape {
		t.Dims[i] = int64(d)
	}
	return t
}

// Replace puts another value in the place of an initialiser, of any shape: a last layer
// for other classes, say. Where the shape is another, what the file says of the sizes of
// values and outputs is dropped.
func (m *Model) Replace(name string, t *tensor.Tensor) error {
	i := slices.IndexFunc(m.Initializers, func(w Weight) bool { return w.Name == name })
	if i < 0 {
		return fmt.Errorf("the model has no initialiser %q", name)
	}
	was := m.Initializers[i]
	w := newWeight(name, array.Cast(array.FromTensor(t), was.Type).Clone())
	w.replaced = true
	m.Initializers[i] = w
	if t.Shape.Equal(was.Value.Shape) {
		return nil
	}
	g := *m.file.Graph
	g.ValueInfos, g.Outputs = nil, slices.Clone(g.Outputs)
	for k, o := range g.Outputs {
		one := *o
		one.Type = openType(o.Type)
		g.Outputs[k] = &one
	}
	for k := range m.Outputs {
		m.Outputs[k].Dims = slices.Clone(m.Outputs[k].Dims)
		for d := range m.Outputs[k].Dims {
			if dim := &m.Outputs[k].Dims[d]; dim.Size >= 0 {
				*dim = Dim{Size: -1}
			}
		}
	}
	file := *m.file
	file.Graph, m.file = &g, &file
	return nil
}

// openType is the type with its sizes left open.
func openType(t *pb.Type) *pb.Type {
	if t == nil || t.Tensor == nil || t.Tensor.Shape == nil {
		return t
	}
	open, tt, shape := *t, *t.Tensor, pb.Shape{}
	for _, d := range t.Tensor.Shape.Dims {
		one := *d
		if one.Value != nil {
			one = pb.Dim{}
		}
		shape.Dims = append(shape.Dims, &one)
	}
	tt.Shape = &shape
	open.Tensor = &tt
	return &open
}
