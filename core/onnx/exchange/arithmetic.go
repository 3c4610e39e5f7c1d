package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// binary is an operator on two numbers, on the host and in a graph.
type binary struct {
	host     array.Operator
	graph    func(a, b *graph.Node) *graph.Node // nil for none
	exact    bool                               // of whole numbers it gives one of them
	quotient bool                               // of whole numbers it is cut towards zero
}

var (
	adding      = binary{host: array.Add, graph: graph.Add}
	subtracting = binary{host: array.Sub, graph: graph.Sub}
	multiplying = binary{host: array.Mul, graph: graph.Mul}
	dividing    = binary{host: array.Div, graph: graph.Div, quotient: true}
	greatest    = binary{host: array.Max, graph: graph.Max, exact: true}
	least       = binary{host: array.Min, graph: graph.Min, exact: true}
	raising     = binary{host: array.Pow, graph: power}
)

func (c *call) add(a, b operand) operand { return c.combine(adding, a, b) }
func (c *call) sub(a, b operand) operand { return c.combine(subtracting, a, b) }
func (c *call) mul(a, b operand) operand { return c.combine(multiplying, a, b) }
func (c *call) div(a, b operand) operand { return c.combine(dividing, a, b) }
func (c *call) max(a, b operand) operand { return c.combine(greatest, a, b) }
func (c *call) min(a, b operand) operand { return c.combine(least, a, b) }

// power is a^b, the square as one.
func power(a, b *graph.Node) *graph.Node {
	if v := b.Const(); len(v) == 1 && len(b.Shape()) <= len(a.Shape()) {
		switch v[0] {
		case 1:
			return a
		case 2:
			return graph.Square(a)
		}
	}
	return graph.Pow(a, b)
}

// num is one number of the operand's type, of shape ().
func num(like operand, v float64) operand { return known(array.Float(like.typ, v)) }

// onHost decides where arithmetic is done: on the host where all is known, and whole
// numbers always when the model is run, for they may be beyond what float32 counts.
func (c *call) onHost(xs ...operand) bool {
	all := true
	for _, x := range xs {
		all = all && x.known != nil
	}
	return all || c.run != nil && array.IsWhole(xs[0].typ)
}

// combine is the operator on two operands of one type, broadcast to a common shape.
func (c *call) combine(o binary, a, b operand) operand {
	t := c.alike(a, b)
	shape := array.Broadcast(a.shape(), b.shape())
	c.room(shape...)
	if c.onHost(a, b) && o.host.Has(t) || o.graph == nil || !kept(t) && !counted(t) && t != pb.Bool {
		c.hold(shape...)
		return known(array.Combine(o.host, c.array(a), c.array(b)))
	}
	y := c.aligned(t, func(n []*graph.Node) *graph.Node {
		q := o.graph(n[0], n[1])
		if kept(t) || !o.quotient {
			return q
		}
		// towards zero; of less than 2^24 the quotient in float32 never reaches the next
		// whole number, for it is at least 2^-24 of it away
		q = graph.Mul(graph.Sign(q), graph.Floor(graph.Abs(q)))
		return graph.Where(graph.Less(graph.Abs(n[0]), c.graph.Scalar(1<<24)), q, c.graph.Scalar(math.NaN()))
	}, a, b)
	if !kept(t) && !o.exact {
		y.node = c.counting(t, y.node)
	}
	return y
}

// counted is whether a graph can count in the type: in float32, as far as that is exact.
func counted(t pb.DataType) bool {
	return t == pb.Int64 || t == pb.Int32 || t == pb.Uint64 || t == pb.Uint32
}

// counting gives NaN for sums and products of whole numbers that float32 may not hold,
// or that are none of the type's.
func (c *call) counting(t pb.DataType, n *graph.Node) *graph.Node {
	fits := graph.Less(graph.Abs(n), c.graph.Scalar(1<<24))
	if !array.IsSigned(t) {
		fits = graph.Mul(fits, graph.LessEqual(c.graph.Scalar(0), n))
	}
	return graph.Where(fits, n, c.graph.Scalar(math.NaN()))
}

// aligned adds an elementwise op of the operands. It keeps their layout where all have
// one, or are scalars.
func (c *call) aligned(t pb.DataType, f func(n []*graph.Node) *graph.Node, xs ...operand) operand {
	var l layout
	rank := 0
	nodes := make([]operand, len(xs))
	for i, x := range xs {
		nodes[i] = c.node(x)
		if r := x.rank(); r > rank {
			rank, l = r, nil
		}
		if nodes[i].layout != nil && x.rank() == rank {
			l = nodes[i].layout
		}
	}
	for _, x := range nodes {
		if r := x.rank(); r != len(l) && r != 0 {
			l = nil
		}
	}
	in := make([]*graph.Node, len(xs))
	for i, x := range nodes {
		if in[i] = x.node; x.rank() > 0 {
			in[i] = x.as(l)
		}
	}
	return operand{typ: t, node: f(in), layout: l}
}

// node is the operand as a node; what is known becomes a constant, if float32 holds it.
func (c *call) node(x operand) operand {
	if x.node != nil {
		return x
	}
	if x.known == nil {
		c.fail("an input that is left out, or no tensor")
	}
	n := c.consts[x.known]
	if n == nil {
		f, exact := x.known.Floats()
		if f == nil {
			c.fail("%v cannot be in a graph", x)
		}
		for i, v := range f {
			if !exact && (!array.IsFloat(x.typ) || math.IsInf(float64(v), 0) && !math.IsInf(x.known.At(i), 0)) {
				c.fail("%v holds a number that float32 does not", x)
			}
		}
		n = c.graph.Const(tensor.New(x.known.Shape, f))
		c.consts[x.known] = n
	}
	return operand{typ: x.typ, node: n}
}

// plain is the operand as a node in the file's layout.
func (c *call) plain(x operand) *graph.Node { return c.node(x).as(nil) }

// function is a function of one number, on the host and in a graph.
type function struct {
	host  array.Function
	graph func(*graph.Node) *graph.Node // nil for none
}

// apply is the function of every element.
func (c *call) apply(f function, x operand) operand {
	switch {
	case c.onHost(x) && f.host.Has(x.typ), f.graph == nil, !kept(x.typ):
		return known(array.Map(f.host, c.array(x)))
	}
	n := c.node(x)
	return operand{typ: x.typ, node: f.graph(n.node), layout: n.layout}
}

// compare tells of each pair of elements how they compare, as bool.
func (c *call) compare(how array.Comparison, a, b operand) operand {
	t := c.alike(a, b)
	shape := array.Broadcast(a.shape(), b.shape())
	c.room(shape...)
	if c.onHost(a, b) || !kept(t) && !counted(t) && t != pb.Bool {
		c.hold(shape...)
		return known(array.Compare(how, c.array(a), c.array(b)))
	}
	f := [...]func(a, b *graph.Node) *graph.Node{graph.Less, graph.LessEqual, graph.Equal}[how]
	return c.aligned(pb.Bool, func(n []*graph.Node) *graph.Node { return f(n[0], n[1]) }, a, b)
}

// not is the opposite truth.
func (c *call) not(x operand) operand {
	return c.compare(array.Equal, x, known(array.Truth(tensor.Shape{}, []bool{false})))
}

// where is a where cond is true, else b.
func (c *call) where(cond, a, b operand) operand {
	t := c.alike(a, b)
	if cond.typ != pb.Bool {
		c.fail("a condition of type %v, not bool", cond.typ)
	}
	shape := array.Broadcast(a.shape(), b.shape())
	c.room(shape...)
	shape = array.Broadcast(cond.shape(), shape)
	c.room(shape...)
	if cond.known != nil && a.known != nil && b.known != nil || t == pb.String || c.run != nil && array.IsWhole(t) {
		c.hold(shape...)
		return known(array.Where(c.array(cond), c.array(a), c.array(b)))
	}
	return c.aligned(t, func(n []*graph.Node) *graph.Node { return graph.Where(n[0], n[1], n[2]) }, cond, a, b)
}

// cast converts to another type.
func (c *call) cast(x operand, to pb.DataType) operand { return c.castAs(x, to, true, "up") }

func (c *call) castAs(x operand, to pb.DataType, saturate bool, round string) operand {
	n := operand{typ: to, node: x.node, layout: x.layout}
	float := kept(x.typ)
	switch {
	case x.typ == to:
		return x
	case x.known != nil, to == pb.String:
	case to == pb.Bool:
		zero := graph.Equal(x.node, c.graph.Scalar(0))
		n.node = graph.Sub(c.graph.Scalar(1), zero)
		return n
	case x.typ == pb.Bool && (kept(to) || counted(to)), kept(to) && (!float || to == pb.Float || to == pb.Double), kept(to) && c.run == nil:
		return n // a graph does not round to half
	case c.run != nil:
	case counted(to) && float:
		n.node = graph.Mul(graph.Sign(x.node), graph.Floor(graph.Abs(x.node))) // towards zero
		return n
	case counted(to):
		n.node = c.counting(to, x.node)
		return n
	}
	return known(array.CastAs(c.array(x), to, saturate, round))
}
