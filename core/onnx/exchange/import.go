package exchange

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"lab/core"
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/vm"
)

// Net is a model read from a file, ready to be built into graphs and to be run. Its
// weights are parameters of the file's names: programs share them, optimisers train
// them, and [graph.Params.StateDict] has them in the file's layout. Not safe for
// concurrent use.
type Net struct {
	Model  *onnx.Model
	Params *graph.Params
	Limit  int // elements of all values of one graph together; 0 means [DefaultLimit]

	params  map[string]*graph.Param
	weights map[string]onnx.Weight // that the parameters were made of
	consts  map[string]operand     // constants, and initialisers that are not trained

	given    map[string]Value            // inputs of the present run
	programs *vm.Cache[string, *program] // of runs, by the inputs' shapes
}

// Load prepares a model. An operator that is not supported, or a node that makes no
// sense whatever the input, is an error by [Net.Apply] and [Net.Run].
func Load(m *onnx.Model) (*Net, error) {
	net := &Net{Model: m, Params: graph.NewParams(), params: map[string]*graph.Param{}, weights: map[string]onnx.Weight{},
		consts: constants(m.Constants)}
	net.programs = vm.NewCache(maxPrograms, net.forShapes)
	layouts, buffers := weightLayouts(m)
	for _, w := range m.Initializers {
		if !kept(w.Type) || w.Tensor == nil {
			net.consts[w.Name] = known(w.Value)
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
		net.params[w.Name], net.weights[w.Name] = net.Params.Add(w.Name, buffers[w.Name], l, t), w
	}
	return net, nil
}

func (net *Net) limit() int {
	if net.Limit > 0 {
		return net.Limit
	}
	return DefaultLimit
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

// Apply adds the model to the graph of the given inputs, which name the model's
// inputs in any order, and returns its outputs in the file's order and layout.
// Errors are of kind Usage and name the node. A size that the file leaves open is
// the input's; for several, build a graph for each (vm.Cache).
//
// A graph computes in float32: doubles and halves are approximated by it. Whole numbers
// and truths are floats that hold them; those of inputs must lie within ±2^24, and
// arithmetic that leaves this range gives NaN. What needs more, see [Net.Run].
func (net *Net) Apply(inputs ...Port) (out []*graph.Node, err error) {
	defer net.guard(&err)
	return net.apply(inputs)
}

// guard makes errors of kind Usage, and an error of what is a mistake in this package.
func (net *Net) guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case refusal:
		*err = r.error
	case array.Error:
		*err = r
	case *graph.Error:
		*err = r
	case runtime.Error:
		*err = &core.Error{Msg: "model " + net.Model.Name, Err: internal(r)}
	default:
		panic(r)
	}
	if mistake := runtime.Error(nil); *err != nil && core.KindOf(*err) != core.Usage && !errors.As(*err, &mistake) {
		*err = &core.Error{Kind: core.Usage, Msg: "model " + net.Model.Name, Err: *err}
	}
}

// internal is an error of what is a mistake in this package, with its line, told to the
// function that recovers.
func internal(r runtime.Error) error {
	pcs := make([]uintptr, 64)
	frames, inside := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)]), false
	for {
		f, more := frames.Next()
		inside = inside || f.Function == "runtime.gopanic"
		if inside && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Errorf("internal error at %s:%d: %w", filepath.Base(f.File), f.Line, r)
		}
		if !more {
			return fmt.Errorf("internal error: %w", r)
		}
	}
}

func (net *Net) apply(inputs []Port) ([]*graph.Node, error) {
	im := net.importer()
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
		typ := v.Type
		switch {
		case typ == pb.Undefined:
			typ = pb.Float
		case !kept(typ) && !array.IsWhole(typ) && typ != pb.Bool:
			return nil, fmt.Errorf("input %s is of type %v, which a graph cannot hold", v.Name, typ)
		}
		im.scope.values[v.Name] = operand{typ: typ, node: p.Node, layout: p.layout()}
	}
	if len(given) != len(net.Model.Inputs) {
		return nil, fmt.Errorf("the model has %d inputs, %d are given", len(net.Model.Inputs), len(given))
	}
	if im.graph == nil {
		im.graph = graph.New()
	}
	results, err := im.body(&net.Model.Graph)
	if err != nil {
		return nil, err
	}
	var out []*graph.Node
	for i, x := range results {
		c := &call{importer: im}
		if x.seq != nil {
			return nil, fmt.Errorf("output %s is a sequence", net.Model.Outputs[i].Name)
		}
		out = append(out, c.node(x).as(nil))
	}
	return out, nil
}

func (net *Net) importer() *importer {
	return &importer{net: net, scope: &scope{values: map[string]operand{}}, consts: map[*array.Array]*graph.Node{}, fixed: map[*graph.Node]bool{}}
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
	if ok && v.Kind != onnx.Tensor && v.Kind != onnx.Unsaid {
		return fmt.Errorf("input %s is a %v, not a tensor", v.Name, v.Kind)
	}
	if !ok {
		return fmt.Errorf("input %s is %v, not %v", v.Name, v, s)
	}
	return nil
}

// body builds the nodes of a graph of the file, whose inputs are in the scope, and
// returns its outputs.
func (im *importer) body(g *onnx.Graph) ([]operand, error) {
	for _, n := range g.Nodes {
		if err := im.build(n); err != nil {
			return nil, err
		}
	}
	out := make([]operand, len(g.Outputs))
	for i, v := range g.Outputs {
		x, err := im.operand(v.Name)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

// operand is the value of that name; weights become leaves when they are first used.
func (im *importer) operand(name string) (operand, error) {
	if x, ok := im.scope.find(name); ok {
		return x, nil
	}
	x, ok := im.net.consts[name]
	if p := im.net.params[name]; p != nil {
		w := im.net.weights[name]
		switch {
		case w.Type == pb.Double && im.run != nil:
			x = known(merged(p, w.Value))
		default:
			x = operand{typ: w.Type, node: im.graph.Param(p), layout: layout(p.Perm)}
		}
		ok = true
	}
	if !ok {
		return x, fmt.Errorf("the value %q is not defined", name)
	}
	top := im.scope
	for top.outer != nil {
		top = top.outer
	}
	top.values[name] = x
	return x, nil
}

// merged is a parameter as doubles: those of the file, but for what was trained since.
func merged(p *graph.Param, file *array.Array) *array.Array {
	out := file.Clone()
	d := array.Of[float64](out)
	for i, v := range p.Export().F {
		if float32(d[i]) != v {
			d[i] = float64(v)
		}
	}
	return out
}

// build builds one node.
func (im *importer) build(n *onnx.Node) (err error) {
	r, since, err := find(n)
	if err != nil {
		return err
	}
	if im.nodes++; im.nodes > maxNodes {
		return n.Errorf("more than %d nodes, with those of loops in every round", maxNodes)
	}
	c := &call{importer: im, Node: n, attrs: n.Attrs(), in: make([]operand, len(n.Inputs)), since: since}
	if len(n.Inputs) < r.least || len(n.Inputs) > r.most {
		return n.Errorf("it has %d inputs, not %s", len(n.Inputs), between(r.least, r.most))
	}
	for i, name := range n.Inputs {
		if name == "" && i < r.least && !r.optional {
			return n.Errorf("input %d is left out", i)
		}
		if name == "" {
			continue
		}
		if c.in[i], err = im.operand(name); err != nil {
			return n.Errorf("%v", err)
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case refusal:
			err = n.Errorf("%v", r.error)
		case array.Error:
			err = n.Errorf("%v", r)
		case *graph.Error:
			err = n.Errorf("%s: %s", r.Op, r.Msg)
		case *core.Error: // of a node of a body
			err = r
		case runtime.Error:
			err = &core.Error{Msg: n.String(), Err: internal(r)}
		default:
			panic(r)
		}
	}()
	if !r.lists {
		c.tensors()
	}
	outs := r.build(c)
	if err := c.attrs.Done(); err != nil {
		return err
	}
	c.spend(outs)
	for i := range outs {
		outs[i] = c.settle(outs[i])
	}
	for i, name := range n.Outputs {
		switch {
		case name == "":
		case i >= len(outs) || !outs[i].given():
			return n.Errorf("its output %q is not supported", name)
		default:
			im.scope.values[name] = outs[i]
		}
	}
	return nil
}

func between(least, most int) string {
	switch most {
	case least:
		return fmt.Sprint(least)
	case many:
		return fmt.Sprintf("%d or more", least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}
