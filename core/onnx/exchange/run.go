package exchange

import (
	"errors"
	"fmt"
	"strings"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/vm"
)

// Value is what a model takes and gives: an array, a sequence of values, or an optional
// value that is absent (both nil).
type Value struct {
	Array *array.Array
	Items []Value
}

// Run computes the model of the given inputs, by name: its outputs in the file's order.
// Types are those of the file: what float32 cannot hold is computed on the host, and so
// is what depends on the inputs' values, as the rounds of a loop. A model of floats alone
// is compiled once for each shape of its inputs. Errors are of kind Usage and name the
// node.
func (net *Net) Run(inputs map[string]Value) (out []Value, err error) {
	defer net.guard(&err)
	m := net.Model
	if len(inputs) != len(m.Inputs) {
		return nil, fmt.Errorf("the model has %d inputs, %d are given", len(m.Inputs), len(inputs))
	}
	key, pure := strings.Builder{}, true
	for _, v := range m.Inputs {
		x, ok := inputs[v.Name]
		if !ok {
			return nil, fmt.Errorf("input %s, %v, is not given", v.Name, v)
		}
		if err := takes(v, x); err != nil {
			return nil, err
		}
		if pure = pure && x.Array != nil && fed(x.Array.Type); pure {
			fmt.Fprint(&key, x.Array.Type, x.Array.Shape)
		}
	}
	var p *program
	if net.given = inputs; pure {
		p, err = net.programs.For(key.String())
	} else {
		p, err = net.compile()
	}
	if err != nil && err != errOnce {
		return nil, err
	}
	return p.run(inputs), nil
}

// maxPrograms bounds the shapes of inputs that a model is kept compiled for.
const maxPrograms = 8

// errOnce says that a program is of its inputs' values and not to be kept.
var errOnce = errors.New("good for one run")

// fed is whether inputs of the type are leaves of a graph; others are known.
func fed(t pb.DataType) bool { return t == pb.Float }

// half is whether the type is a float that a graph does not round to. When the model is
// run, the result of every operator is rounded on the host.
func half(t pb.DataType) bool { return t == pb.Float16 || t == pb.BFloat16 }

// settle rounds a value of such a type.
func (c *call) settle(x operand) operand {
	if c.run != nil && x.node != nil && half(x.typ) {
		return known(c.evaluate(x))
	}
	return x
}

// takes compares a value's type with what the file says of the input. Shapes are up to
// the operators: files declare some that they do not need.
func takes(v onnx.Value, x Value) error {
	a := x.Array
	if a == nil || v.Kind != onnx.Tensor {
		return nil // the operators that use it will say
	}
	if a.Type != v.Type {
		return fmt.Errorf("input %s is %v, not %v", v.Name, v, known(a))
	}
	return nil
}

// runner is the state of building a graph of inputs whose values are known.
type runner struct {
	inputs    map[string]*graph.Node // leaves that are fed
	values    map[*graph.Node]*array.Array
	evaluated bool // something was computed before the graph was whole
}

// program is a model compiled for the shapes of its inputs.
type program struct {
	*vm.Program // of those results that are nodes; nil for none
	inputs      map[string]*graph.Node
	results     []operand
	once        bool // it is of the inputs' values
}

// forShapes compiles a model whose inputs are all leaves.
func (net *Net) forShapes(string) (p *program, err error) {
	if p, err = net.compile(); err == nil && (p.Program == nil || p.once) {
		err = errOnce
	}
	return p, err
}

// compile builds the model's graph of the inputs that are given.
func (net *Net) compile() (*program, error) {
	im := net.importer()
	im.graph = graph.New()
	im.run = &runner{inputs: map[string]*graph.Node{}, values: map[*graph.Node]*array.Array{}}
	for _, v := range net.Model.Inputs {
		x := net.given[v.Name]
		if x.Array == nil || !fed(x.Array.Type) {
			im.scope.values[v.Name] = fromValue(x)
			continue
		}
		n := im.graph.Input("input "+v.Name, x.Array.Shape...)
		im.run.inputs[v.Name], im.run.values[n] = n, x.Array
		im.scope.values[v.Name] = operand{typ: x.Array.Type, node: n}
	}
	results, err := im.body(&net.Model.Graph)
	if err != nil {
		return nil, err
	}
	p := &program{inputs: im.run.inputs, results: results, once: im.run.evaluated}
	var nodes []*graph.Node
	for _, x := range results {
		nodes = append(nodes, leaves(x)...)
	}
	if nodes != nil {
		if p.Program, err = vm.Compile(nodes); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// leaves are the nodes that a value is made of.
func leaves(x operand) (nodes []*graph.Node) {
	if x.node != nil {
		return []*graph.Node{x.node}
	}
	if x.seq != nil {
		for _, item := range x.seq.items {
			nodes = append(nodes, leaves(item)...)
		}
	}
	return nodes
}

func (p *program) run(inputs map[string]Value) []Value {
	if p.Program != nil {
		for name, n := range p.inputs {
			copy(p.Value(n), array.Of[float32](inputs[name].Array))
		}
		p.Run()
	}
	out := make([]Value, len(p.results))
	for i, x := range p.results {
		out[i] = p.value(x)
	}
	return out
}

func (p *program) value(x operand) Value {
	switch {
	case x.node != nil:
		return Value{Array: read(x, p.Value(x.node))}
	case x.known != nil:
		return Value{Array: x.known.Clone()}
	case x.seq.optional:
		return Value{}
	}
	v := Value{Items: []Value{}}
	for _, item := range x.seq.items {
		v.Items = append(v.Items, p.value(item))
	}
	return v
}

func fromValue(v Value) operand {
	switch {
	case v.Array != nil:
		return known(v.Array)
	case v.Items == nil:
		return operand{seq: &sequence{optional: true}}
	}
	x := operand{seq: &sequence{}}
	for _, item := range v.Items {
		x.seq.items = append(x.seq.items, fromValue(item))
	}
	return x
}

// evaluate computes a node at once: of constants, or when the model is run.
func (im *importer) evaluate(x operand) *array.Array {
	n := x.node
	if im.run != nil {
		im.run.evaluated = true
		if a := im.run.values[n]; a != nil {
			return read(x, array.Of[float32](a))
		}
	}
	p, err := vm.Compile([]*graph.Node{n})
	if bad := (*graph.Error)(nil); errors.As(err, &bad) {
		panic(bad)
	} else if err != nil {
		panic(refusal{err})
	}
	if im.run != nil {
		for _, leaf := range im.run.inputs {
			copy(p.Value(leaf), array.Of[float32](im.run.values[leaf]))
		}
	}
	p.Run()
	if im.run != nil {
		im.run.values[n] = array.From(pb.Float, n.Shape(), append([]float32{}, p.Value(n)...))
	}
	return read(x, p.Value(n))
}

// read makes an array of the operand's type of what its node holds.
func read(x operand, memory []float32) *array.Array {
	shape := x.node.Shape()
	a := array.From(pb.Float, shape, append([]float32{}, memory...))
	if x.layout != nil {
		a = array.Transpose(a, x.layout...)
	}
	if array.IsWhole(x.typ) {
		lo, hi := array.Range(x.typ)
		for _, v := range memory {
			if !(float64(v) >= float64(lo) && float64(v) <= float64(hi)) {
				panic(refusal{fmt.Errorf("%v as %v", v, x.typ)})
			}
		}
	}
	return array.Cast(a, x.typ)
}
