package exchange

import (
	"fmt"
	"slices"

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
	Whole bool // an input of whole numbers, int64 in the file: indices and labels
}

// Export writes what the model computes of its inputs as an ONNX model. Axes as large
// as a free size have its name in the file and any size. Parameters become initialisers
// of their names, in PyTorch's layout.
func Export(name string, opset int, free []Free, model Model) (*onnx.Builder, error) {
	e := &exporter{Builder: onnx.NewBuilder(name, opset), trace: trace{free: free}, values: map[*graph.Node]value{},
		wholes: map[*graph.Node]string{}, truths: map[*graph.Node]string{}, sizes: map[int]string{}, cells: map[string][]string{}, opset: opset}
	inputs, outputs, err := e.build(model)
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", name, err)
	}
	e.inputs = inputs
	for _, p := range inputs {
		l := p.layout()
		if p.Whole {
			e.wholes[p.Node] = e.AddInput(p.Name, pb.Int64, e.dims(p, l)...)
			continue
		}
		e.values[p.Node] = value{e.AddInput(p.Name, pb.Float, e.dims(p, l)...), l}
	}
	for _, p := range outputs {
		l := p.layout()
		v, err := e.as(p.Node, l)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", name, err)
		}
		e.AddOutput(p.Name, v, pb.Float, e.dims(p, l)...)
	}
	observed(Written{name, free, model})
	return e.Builder, nil
}

func (p Port) layout() layout {
	if p.Image {
		return nchw
	}
	return nil
}

// dims declares the axes of a port.
func (e *exporter) dims(p Port, l layout) []onnx.Dim {
	sizes := e.extents(p.Node)
	out := make([]onnx.Dim, len(sizes))
	for i, a := range l.of(len(sizes)) {
		c, factors, ok := e.product(sizes[a])
		switch {
		case sizes[a].fixed():
			out[i] = onnx.Fixed(sizes[a][0])
		case ok && c == 1 && len(factors) == 1:
			out[i] = onnx.Named(e.free[factors[0]].Name)
		default:
			out[i] = onnx.Dim{Size: -1}
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
	trace
	inputs []Port
	values map[*graph.Node]value
	wholes map[*graph.Node]string // values as int64
	truths map[*graph.Node]string // values as bool
	sizes  map[int]string         // of each free axis, int64 [1]
	cells  map[string][]string    // outputs of recurrent layers, by what they are of
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
		return e.constant(n)
	case e.wholes[n] != "":
		return value{e.cast(e.wholes[n], pb.Float), nil}, nil
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
	return e.transpose(v.name, v.layout.to(want, rank)...), nil
}

// all returns the values of several nodes in the graph's layout.
func (e *exporter) all(ns []*graph.Node) ([]string, error) {
	names := make([]string, len(ns))
	for i, n := range ns {
		var err error
		if names[i], err = e.as(n, nil); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// aligned returns an elementwise op's operands in the one layout that all of them
// have, but for scalars; else in none.
func (e *exporter) aligned(n *graph.Node) (names []string, l layout, err error) {
	for _, x := range n.Inputs() {
		v, err := e.value(x)
		if err != nil {
			return nil, nil, err
		}
		if v.layout != nil {
			l = v.layout
		}
	}
	for _, x := range n.Inputs() {
		if rank := len(x.Shape()); rank != len(l) && rank != 0 {
			l = nil
		}
	}
	for _, x := range n.Inputs() {
		want := l
		if len(x.Shape()) == 0 {
			want = nil
		}
		name, err := e.as(x, want)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	return names, l, nil
}

func (e *exporter) transpose(x string, perm ...int) string {
	p := make([]int64, len(perm))
	for i, a := range perm {
		p[i] = int64(a)
	}
	return e.Op("Transpose", []string{x}, onnx.AttrInts("perm", p...))
}

func (e *exporter) cast(x string, t pb.DataType) string {
	return e.Op("Cast", []string{x}, onnx.AttrInt("to", int64(t)))
}

// ints is a constant of int64.
func (e *exporter) ints(v ...int64) string {
	return e.Constant(tensor.NewInt(tensor.Shape{len(v)}, v))
}

// whole is the node's value as int64, without a layout.
func (e *exporter) whole(n *graph.Node) (string, error) {
	if name, ok := e.wholes[n]; ok {
		return name, nil
	}
	x, err := e.as(n, nil)
	if err != nil {
		return "", err
	}
	e.wholes[n] = e.cast(x, pb.Int64)
	return e.wholes[n], nil
}

// size is the size of a free axis, int64 [1]: that of the first input that has it.
func (e *exporter) size(axis int) (string, error) {
	if name, ok := e.sizes[axis]; ok {
		return name, nil
	}
	for _, p := range e.inputs {
		sizes := e.extents(p.Node)
		for i, a := range p.layout().of(len(sizes)) {
			c, factors, ok := e.product(sizes[a])
			if ok && c == 1 && slices.Equal(factors, []int{axis}) {
				e.sizes[axis] = e.Op("Gather", []string{e.Op("Shape", []string{p.Name}), e.ints(int64(i))})
				return e.sizes[axis], nil
			}
		}
	}
	return "", fmt.Errorf("no input has an axis of the size %s", e.free[axis].Name)
}

// number is a number that may depend on free sizes, int64 [1].
func (e *exporter) number(n extent) (string, error) {
	if n.fixed() {
		return e.ints(int64(n[0])), nil
	}
	c, factors, ok := e.product(n)
	if !ok {
		return "", fmt.Errorf("%d is no product of the free size of %s", n[0], e.dependence(n))
	}
	name := ""
	for i, f := range factors {
		size, err := e.size(f)
		if err != nil {
			return "", err
		}
		if name = size; i > 0 {
			name = e.Op("Mul", []string{name, size})
		}
	}
	if c != 1 {
		name = e.Op("Mul", []string{name, e.ints(int64(c))})
	}
	return name, nil
}

// constant writes a constant. One that depends on a free size can be a scalar, a product
// or quotient of it (1/n of a mean), or 0, 1, … n-1.
func (e *exporter) constant(n *graph.Node) (value, error) {
	all := [][]float32{n.Const()}
	same := true
	for _, o := range e.twins[n] {
		all = append(all, o.Const())
		same = same && o.Shape().Equal(n.Shape()) && slices.Equal(o.Const(), n.Const())
	}
	if same {
		return value{e.Constant(tensor.New(n.Shape(), n.Const())), nil}, nil
	}
	sizes := e.extents(n)
	depends := func() error {
		return fmt.Errorf("a constant of shape %v depends on a free size %s", n.Shape(), e.dependence(sizes...))
	}
	if n.Shape().Size() == 1 {
		values := make([]float32, len(all))
		for i := range all {
			values[i] = all[i][0]
		}
		c, times, by, ok := e.quotient(values)
		if !ok {
			return value{}, depends()
		}
		name := e.Constant(tensor.New(n.Shape(), []float32{float32(c)}))
		for i, f := range append(times, by...) {
			size, err := e.size(f)
			if err != nil {
				return value{}, err
			}
			op := "Mul"
			if i >= len(times) {
				op = "Div"
			}
			name = e.Op(op, []string{name, e.cast(e.reshape(size, n.Shape()), pb.Float)})
		}
		return value{name, nil}, nil
	}
	for _, v := range all {
		for i := range v {
			if v[i] != float32(i) || len(n.Shape()) != 1 {
				return value{}, depends()
			}
		}
	}
	size, err := e.number(sizes[0])
	return value{e.cast(e.count(size), pb.Float), nil}, err
}

// reshape gives the value a fixed shape.
func (e *exporter) reshape(x string, shape tensor.Shape) string {
	if len(shape) == 0 {
		return e.Op("Squeeze", []string{x})
	}
	to := make([]int64, len(shape))
	for i, d := range shape {
		to[i] = int64(d)
	}
	return e.Op("Reshape", []string{x, e.ints(to...)})
}

// count is 0, 1, … n-1 in int64, of n in int64 [1].
func (e *exporter) count(n string) string {
	scalar := func(v int64) string { return e.Constant(tensor.NewInt(nil, []int64{v})) }
	return e.Op("Range", []string{scalar(0), e.reshape(n, nil), scalar(1)})
}
