package exchange

import (
	"errors"
	"fmt"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// operand is a value of the model while a graph is built of it. It is known, an array on
// the host; or a node of the graph, which is float32 whatever the file's type; or a
// sequence. The zero operand is an optional input left out.
//
// Operations on operands (arithmetic.go, move.go, reduce.go) compute at once what is
// known and add nodes for the rest, so that an operator is written once for both.
type operand struct {
	typ   pb.DataType
	known *array.Array
	node  *graph.Node
	layout
	seq *sequence
}

// sequence is a list of values, or an optional value that is absent.
type sequence struct {
	items    []operand
	optional bool
}

func (x operand) given() bool { return x.known != nil || x.node != nil || x.seq != nil }

// shape is the operand's shape in the file.
func (x operand) shape() tensor.Shape {
	switch {
	case x.known != nil:
		return x.known.Shape
	case x.node == nil:
		panic(refusal{errors.New("an input that is left out, or no tensor")})
	}
	s := x.node.Shape()
	out := make(tensor.Shape, len(s))
	for i, a := range x.layout.of(len(s)) {
		out[i] = s[a]
	}
	return out
}

func (x operand) rank() int { return len(x.shape()) }

// as is the node with its axes in the order that the layout gives them.
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

// kept is whether values of the type are computed with in a graph: floats that float32
// holds or approximates.
func kept(t pb.DataType) bool {
	return t == pb.Float || t == pb.Float16 || t == pb.BFloat16 || t == pb.Double
}

func known(a *array.Array) operand { return operand{typ: a.Type, known: a} }

func (x operand) String() string {
	if x.seq != nil {
		return "a sequence"
	}
	return fmt.Sprintf("%v of shape %v", x.typ, x.shape())
}

// importer builds one graph of a model.
type importer struct {
	net    *Net
	graph  *graph.Graph
	scope  *scope
	run    *runner // nil while a graph is built for later
	consts map[*array.Array]*graph.Node
	fixed  map[*graph.Node]bool // whether a node depends on constants alone
	spent  int                  // elements of all values so far
	held   int                  // of those, on the host
	nodes  int                  // of the file, again in every round of a loop
	depth  int                  // of bodies
}

// scope is where names are looked up: those of one graph of the file, then those of the
// graphs around it.
type scope struct {
	values map[string]operand
	outer  *scope
}

func (s *scope) find(name string) (operand, bool) {
	for ; s != nil; s = s.outer {
		if x, ok := s.values[name]; ok {
			return x, true
		}
	}
	return operand{}, false
}

// constants are the weights of a graph that nobody trains.
func constants(ws []onnx.Weight) map[string]operand {
	m := make(map[string]operand, len(ws))
	for _, w := range ws {
		m[w.Name] = known(w.Value)
	}
	return m
}

const (
	// DefaultLimit is the largest number of elements of all values together.
	DefaultLimit = 1 << 31

	// maxHeld is that of the values on the host, which take up to eight bytes each.
	maxHeld = 1 << 28

	// maxNodes bounds the nodes built, those of a loop again in every round.
	maxNodes = 1 << 18

	// maxSize bounds one axis, maxRank their number.
	maxSize = 1 << 40
	maxRank = 64
)

// room refuses a value of the shape if it has more elements than the limit leaves.
func (c *call) room(shape ...int) {
	c.within(shape, c.net.limit(), c.spent)
}

// hold is room on the host.
func (c *call) hold(shape ...int) {
	c.within(shape, min(maxHeld, c.net.limit()), c.held)
}

func (c *call) within(shape tensor.Shape, limit, used int) {
	if len(shape) > maxRank {
		c.fail("a result of %d axes", len(shape))
	}
	n := 1
	for _, d := range shape {
		switch {
		case d < 0 || d > maxSize:
			c.fail("a result of shape %v", shape)
		case d == 0:
			return // whatever the others are
		case n > limit/d:
			n = limit + 1
		default:
			n *= d
		}
	}
	if n > limit-used {
		c.fail("a result of shape %v: more than the %d elements that all values together may have", shape, limit)
	}
}

// spend counts a node's results.
func (c *call) spend(outs []operand) {
	for _, x := range outs {
		switch {
		case x.known != nil:
			c.hold(x.known.Shape...)
			c.spent += x.known.Len()
			c.held += x.known.Len()
		case x.node != nil:
			c.room(x.node.Shape()...)
			c.spent += x.node.Shape().Size()
		}
	}
}
