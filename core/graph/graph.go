package graph

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Graph is one expression graph. Nodes are only ever added, inputs before the
// nodes that use them. Not safe for concurrent use.
type Graph struct {
	expr   *gorgonia.ExprGraph
	nodes  []*Node
	byKey  map[string]*Node // equal expressions are one node
	names  map[string]bool
	params map[*Param]*Node // leaf of each parameter
	latest map[*Param]*Node // what a buffer holds after the updates so far
	order  []*Param         // buffers in the order of their first update
	frozen bool             // updates are passed over
	step   *Node            // the input that counts runs
}

// New returns an empty graph.
func New() *Graph {
	return &Graph{expr: gorgonia.NewGraph(), byKey: map[string]*Node{}, names: map[string]bool{},
		params: map[*Param]*Node{}, latest: map[*Param]*Node{}}
}

// Expr is the Gorgonia graph that mirrors g.
func (g *Graph) Expr() *gorgonia.ExprGraph { return g.expr }

// Nodes lists the nodes in the order they were made.
func (g *Graph) Nodes() []*Node { return g.nodes }

// Node is a value in a graph: an input, a constant, a parameter, or what an op
// makes of other nodes.
type Node struct {
	g     *Graph
	id    int
	name  string
	shape tensor.Shape
	op    *Op // nil for leaves
	in    []*Node
	value []float32 // of a constant
	param *Param
	gn    *gorgonia.Node
}

// Graph is the graph the node belongs to.
func (n *Node) Graph() *Graph { return n.g }

// ID is the node's place in [Graph.Nodes].
func (n *Node) ID() int { return n.id }

// Name is the name of a leaf, "" for other nodes.
func (n *Node) Name() string { return n.name }

// Shape must not be changed.
func (n *Node) Shape() tensor.Shape { return n.shape }

// Op is nil for a leaf.
func (n *Node) Op() *Op { return n.op }

// Inputs are the op's operands in order; they must not be changed.
func (n *Node) Inputs() []*Node { return n.in }

// Const is the value of a constant leaf, nil for other nodes.
func (n *Node) Const() []float32 { return n.value }

// Param is the parameter a leaf stands for, or nil.
func (n *Node) Param() *Param { return n.param }

// IsInput reports whether the node is fed from outside at every run.
func (n *Node) IsInput() bool { return n.op == nil && n.value == nil && n.param == nil }

// Gorgonia is the node's twin in the expression graph.
func (n *Node) Gorgonia() *gorgonia.Node { return n.gn }

func (n *Node) String() string {
	what := n.name
	if n.op != nil {
		what = n.op.String()
	}
	return fmt.Sprintf("%%%d %s %v", n.id, what, n.shape)
}

// Input adds a leaf that is fed at every run. The name is unique in the graph.
func (g *Graph) Input(name string, shape ...int) *Node {
	return g.leaf(&Node{name: name, shape: shape})
}

// Const adds a constant; equal scalars are one node.
func (g *Graph) Const(t *tensor.Tensor) *Node {
	if t.F == nil {
		fail("Const", "needs float32 values")
	}
	key := ""
	if len(t.F) == 1 {
		key = fmt.Sprintf("const %v %x", t.Shape, math.Float32bits(t.F[0]))
		if n := g.byKey[key]; n != nil {
			return n
		}
	}
	n := g.leaf(&Node{name: "const." + strconv.Itoa(len(g.nodes)), shape: t.Shape.Clone(), value: t.F})
	if key != "" {
		g.byKey[key] = n
	}
	return n
}

// Scalar adds a constant of shape ().
func (g *Graph) Scalar(v float64) *Node {
	return g.Const(tensor.New(tensor.Shape{}, []float32{float32(v)}))
}

// Full is a constant of one value, of any shape.
func (g *Graph) Full(v float64, shape ...int) *Node { return Expand(g.Scalar(v), shape...) }

// Param returns the leaf of p, or what a buffer holds after the updates so far.
func (g *Graph) Param(p *Param) *Node {
	if n := g.latest[p]; n != nil {
		return n
	}
	name := p.Name
	for i := 2; g.names[name]; i++ { // two models may name parameters alike
		name = fmt.Sprintf("%s.%d", p.Name, i)
	}
	n := g.leaf(&Node{name: name, shape: p.Shape, param: p})
	g.params[p], g.latest[p] = n, n
	return n
}

// Update makes a program store n in the buffer p at the end of a run. Later uses
// of the buffer in this graph see n.
func (g *Graph) Update(p *Param, n *Node) {
	if !p.Buffer {
		fail("Update", "parameter %s is trained; only buffers are updated", p.Name)
	}
	if !n.shape.Equal(p.Shape) {
		fail("Update", "buffer %s has shape %v, the value %v", p.Name, p.Shape, n.shape)
	}
	if g.frozen {
		return
	}
	if g.latest[p] == nil || g.latest[p] == g.params[p] {
		g.order = append(g.order, p)
	}
	g.latest[p] = n
}

// WithoutUpdates calls f, during which updates of buffers are passed over: a layer
// computes as in training and leaves its running statistics alone.
func (g *Graph) WithoutUpdates(f func()) {
	before := g.frozen
	g.frozen = true
	defer func() { g.frozen = before }()
	f()
}

// WithParams calls f, during which each parameter stands for the node at its place in
// values: a model computed with weights that are computed themselves, and through
// which gradients flow, as after the inner steps of MAML (Finn, Abbeel & Levine 2017).
// Parameters that are not listed are as ever. A value may have axes before those of its
// parameter, a weight for each task of a batch: whether a layer takes that is for the
// layer to say.
func (g *Graph) WithParams(params []*Param, values []*Node, f func()) {
	if len(params) != len(values) {
		fail("WithParams", "%d parameters and %d values", len(params), len(values))
	}
	before := make([]*Node, len(params))
	for i, p := range params {
		shape := values[i].shape
		if lead := len(shape) - len(p.Shape); lead < 0 || !shape[lead:].Equal(p.Shape) {
			fail("WithParams", "parameter %s has shape %v, its value %v", p.Name, p.Shape, shape)
		}
		before[i] = g.Param(p)
		g.latest[p] = values[i]
	}
	defer func() {
		for i, p := range params {
			g.latest[p] = before[i]
		}
	}()
	f()
}

// Updates lists the buffers that a run changes and the nodes they receive.
func (g *Graph) Updates() ([]*Param, []*Node) {
	var nodes []*Node
	for _, p := range g.order {
		nodes = append(nodes, g.latest[p])
	}
	return g.order, nodes
}

func (g *Graph) leaf(n *Node) *Node {
	for _, d := range n.shape {
		if d < 0 {
			fail("Input", "%s has the negative size %d in %v", n.name, d, n.shape)
		}
	}
	if g.names[n.name] {
		fail("Input", "the name %q is taken", n.name)
	}
	g.names[n.name] = true
	opts := []gorgonia.NodeConsOpt{gorgonia.WithName(n.name), gorgonia.WithShape(n.shape...)}
	if len(n.shape) == 0 {
		n.gn = gorgonia.NewScalar(g.expr, gorgonia.Float32, gorgonia.WithName(n.name))
	} else {
		n.gn = gorgonia.NewTensor(g.expr, gorgonia.Float32, len(n.shape), opts...)
	}
	return g.add(n)
}

func (g *Graph) add(n *Node) *Node {
	n.g, n.id = g, len(g.nodes)
	g.nodes = append(g.nodes, n)
	return n
}

// apply adds the node def(in), or returns the equal one that is there already.
func apply(def *Def, attr any, in ...*Node) *Node {
	g := in[0].g
	shapes := make([]tensor.Shape, len(in))
	key := strings.Builder{}
	fmt.Fprintf(&key, "%s %v", def.Name, attr)
	for i, n := range in {
		if n.g != g {
			fail(def.Name, "its operands are of different graphs")
		}
		shapes[i] = n.shape
		key.WriteByte(' ')
		key.WriteString(strconv.Itoa(n.id))
	}
	if n := g.byKey[key.String()]; n != nil {
		return n
	}
	out, err := def.Shape(attr, shapes)
	if err != nil {
		fail(def.Name, "%v", err)
	}
	if def.Code != 0 && len(in) > 1 && len(out) > kernel.MaxDims && Broadcasts(out, shapes...) != nil {
		wide := make([]*Node, len(in)) // more axes broadcast than a kernel takes: before it, then
		for i, n := range in {
			wide[i] = Expand(n, out...)
		}
		return apply(def, attr, wide...)
	}
	op := &Op{def: def, attr: attr, in: shapes, out: out, id: uint32(len(g.nodes))}
	children := make(gorgonia.Nodes, len(in))
	for i, n := range in {
		children[i] = n.gn
	}
	gn, err := gorgonia.ApplyOp(op, children...)
	if err != nil {
		fail(def.Name, "%v", err)
	}
	n := g.add(&Node{shape: out, op: op, in: in, gn: gn})
	op.node = n
	g.byKey[key.String()] = n
	return n
}

// Error is a mistake in building a graph.
type Error struct {
	Op     string // "MatMul"
	Msg    string // what does not fit, with the shapes
	Caller string // see the function of that name
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %s", e.Caller, e.Op, e.Msg) }

// Fail panics with an [*Error] for the named op, for packages that build on graph.
func Fail(op, format string, args ...any) { fail(op, format, args...) }

func fail(op, format string, args ...any) {
	panic(&Error{Op: op, Msg: fmt.Sprintf(format, args...), Caller: Caller()})
}

// Caller is where the call came from, folder/file:line: the first frame outside of the
// packages that build and compile graphs.
func Caller() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "lab/core/graph.") && !strings.HasPrefix(f.Function, "lab/core/nn.") && !strings.HasPrefix(f.Function, "lab/core/vm.") {
			dir, file := "", f.File
			if i := strings.LastIndexByte(file, '/'); i >= 0 {
				dir, file = file[:i], file[i+1:]
				dir = dir[strings.LastIndexByte(dir, '/')+1:]
			}
			return fmt.Sprintf("%s/%s:%d", dir, file, f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

// Build calls f and returns the [*Error] it panicked with, if any. Other panics
// go on.
func Build(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

func gorgoniaShape(s tensor.Shape) gt.Shape { return gt.Shape(s).Clone() }
