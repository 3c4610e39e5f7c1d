package exchange

import (
	"fmt"
	"slices"

	"lab/core"
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Net is a model read from a file, ready to be built into graphs. Its weights are
// parameters of the file's names: programs share them, optimisers train them, and
// [graph.Params.StateDict] has them in the file's layout.
type Net struct {
	Model  *onnx.Model
	Params *graph.Params

	params map[string]*graph.Param
	consts map[string]*tensor.Tensor // constants, and initialisers that are not float
}

// Load prepares a model. An operator that is not supported, or a node that makes no
// sense whatever the input, is an error by [Net.Apply].
func Load(m *onnx.Model) (*Net, error) {
	net := &Net{Model: m, Params: graph.NewParams(), params: map[string]*graph.Param{}, consts: map[string]*tensor.Tensor{}}
	for _, w := range m.Constants {
		net.consts[w.Name] = w.Tensor
	}
	layouts, buffers := weightLayouts(m)
	for _, w := range m.Initializers {
		if w.Tensor.F == nil {
			net.consts[w.Name] = w.Tensor
			continue
		}
		t, l := w.Tensor, layouts[w.Name]
		if slices.Equal(l, oihw) && len(t.Shape) == 3 {
			l = oik
		}
		if l != nil && len(l) != len(t.Shape) {
			l = nil // the node that wants it will say what is wrong
		}
		if l != nil {
			t = t.Transpose(l.inverse()...)
		}
		net.params[w.Name] = net.Params.Add(w.Name, buffers[w.Name], l, t)
	}
	return net, nil
}

// weightLayouts finds how each weight is best kept, by the first node that uses it,
// and which weights are running statistics.
func weightLayouts(m *onnx.Model) (layouts map[string]layout, buffers map[string]bool) {
	layouts, buffers = map[string]layout{}, map[string]bool{}
	first := func(name string, l layout) {
		if _, seen := layouts[name]; !seen {
			layouts[name] = l
		}
	}
	for _, n := range m.Nodes {
		for i, name := range n.Inputs {
			switch {
			case (n.Op == "Conv" || n.Op == "ConvTranspose") && i == 1:
				first(name, oihw)
			case n.Op == "Gemm" && i == 1 && n.Attrs().Int("transB", 0) != 0:
				first(name, layout{1, 0})
			case n.Op == "Transpose" && len(n.Attrs().Ints("perm")) == 2: // of a linear layer over more than two axes
				first(name, layout{1, 0})
			case n.Op == "BatchNormalization" && i >= 3:
				buffers[name] = true
			}
			first(name, nil)
		}
	}
	return layouts, buffers
}

// operand is a value of the model while a graph is built: a node and its layout, or
// whole numbers that are known (shapes, axes).
type operand struct {
	node *graph.Node
	layout
	known *tensor.Tensor
	whole bool // the node holds whole numbers
}

// importer builds one graph.
type importer struct {
	net   *Net
	graph *graph.Graph
	env   map[string]operand
}

// Apply adds the model to the graph of the given inputs, which name the model's
// inputs in any order, and returns its outputs in the file's order and layout.
// Errors are of kind Usage and name the node. A size that the file leaves open is
// the input's; for several, build a graph for each (vm.Cache).
func (net *Net) Apply(inputs ...Port) ([]*graph.Node, error) {
	var out []*graph.Node
	var failed error
	err := graph.Build(func() { out, failed = net.apply(inputs) })
	if failed == nil {
		failed = err
	}
	if failed != nil && core.KindOf(failed) != core.Usage {
		failed = &core.Error{Kind: core.Usage, Msg: "model " + net.Model.Name, Err: failed}
	}
	return out, failed
}

func (net *Net) apply(inputs []Port) ([]*graph.Node, error) {
	im := &importer{net: net, env: map[string]operand{}}
	given := map[string]Port{}
	for _, p := range inputs {
		given[p.Name] = p
		im.graph = p.Node.Graph()
	}
	for _, v := range net.Model.Inputs {
		p, ok := given[v.Name]
		if !ok {
			return nil, fmt.Errorf("input %s, %v, is not given", v.Name, v)
		}
		if err := fits(v, p); err != nil {
			return nil, err
		}
		im.env[v.Name] = operand{node: p.Node, layout: p.layout(), whole: v.Type == pb.Int64 || v.Type == pb.Int32 || v.Type == pb.Bool}
	}
	if len(given) != len(net.Model.Inputs) {
		return nil, fmt.Errorf("the model has %d inputs, %d are given", len(net.Model.Inputs), len(given))
	}
	for _, n := range net.Model.Nodes {
		if err := im.node(n); err != nil {
			return nil, err
		}
	}
	var out []*graph.Node
	for _, v := range net.Model.Outputs {
		x, err := im.operand(v.Name)
		if err == nil && x.node == nil {
			err = fmt.Errorf("output %s is not a float", v.Name)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x.as(nil))
	}
	return out, nil
}

// fits compares an input with what the file says of it.
func fits(v onnx.Value, p Port) error {
	s := p.Node.Shape()
	ok := !v.Ranked || len(v.Dims) == len(s)
	if ok && p.Image && len(s) != 4 {
		ok = false
	}
	for i, a := range p.layout().of(len(s)) {
		if ok && v.Ranked && v.Dims[i].Size >= 0 && v.Dims[i].Size != s[a] {
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("input %s is %v, not %v", v.Name, v, s)
	}
	return nil
}

// operand is the value of that name; parameters and constants become leaves when
// they are first used.
func (im *importer) operand(name string) (operand, error) {
	if x, ok := im.env[name]; ok {
		return x, nil
	}
	var x operand
	if p := im.net.params[name]; p != nil {
		x = operand{node: im.graph.Param(p), layout: layout(p.Perm)}
	} else if t := im.net.consts[name]; t != nil {
		if x.known = t; t.F != nil {
			x.node = im.graph.Const(t)
		}
	} else {
		return x, fmt.Errorf("the value %q is not defined", name)
	}
	im.env[name] = x
	return x, nil
}

// node builds one node.
func (im *importer) node(n *onnx.Node) error {
	build := builders[n.Op]
	if n.Domain != "" || build == nil {
		return n.Errorf("the operator is not supported")
	}
	in := make([]operand, len(n.Inputs))
	for i, name := range n.Inputs {
		if name == "" {
			continue
		}
		var err error
		if in[i], err = im.operand(name); err != nil {
			return n.Errorf("%v", err)
		}
	}
	c := &call{importer: im, Node: n, attrs: n.Attrs(), in: in}
	var first operand
	var err error
	if failed := graph.Build(func() { first, err = build(c) }); failed != nil {
		return n.Errorf("%v", failed)
	}
	if err != nil {
		return err
	}
	for i, out := range append([]operand{first}, c.more...) {
		if k, ok := typed[n.Op]; ok && out.node != nil && k < len(in) {
			out.whole = k < 0 || in[k].isWhole()
		}
		im.env[n.Outputs[i]] = out
	}
	return nil
}

// as is the operand's node with its axes in the order that the layout gives them.
func (x operand) as(want layout) *graph.Node {
	rank := len(x.node.Shape())
	if x.layout.equal(want, rank) {
		return x.node
	}
	// The file's axes are x.layout of the node; the wanted node's axis want[i] is the file's i.
	have, perm := x.layout.of(rank), make([]int, rank)
	for i, a := range want.of(rank) {
		perm[a] = have[i]
	}
	return graph.Transpose(x.node, perm...)
}

// shape is the operand's shape in the file.
func (x operand) shape() tensor.Shape {
	if x.node == nil {
		return x.known.Shape
	}
	s := x.node.Shape()
	out := make(tensor.Shape, len(s))
	for i, a := range x.layout.of(len(s)) {
		out[i] = s[a]
	}
	return out
}
