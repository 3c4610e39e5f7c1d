package exchange

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// call is one node to build. Its methods read inputs and attributes, and refuse what the
// operator does not allow.
type call struct {
	*importer
	*onnx.Node
	attrs *onnx.Attrs
	in    []operand
	since int64 // version of the operator that the node's opset means
}

// refusal is what builders panic with; importer.node makes an error about the node of it.
type refusal struct{ error }

func (c *call) fail(format string, args ...any) { panic(refusal{fmt.Errorf(format, args...)}) }

// has reports whether input i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i].given() }

// want reports whether output i is asked for.
func (c *call) want(i int) bool { return i < len(c.Outputs) && c.Outputs[i] != "" }

// tensors refuses inputs that are sequences.
func (c *call) tensors() {
	for i, x := range c.in {
		if x.seq != nil {
			c.fail("input %d is a sequence, not a tensor", i)
		}
	}
}

// alike refuses operands of different types.
func (c *call) alike(xs ...operand) pb.DataType {
	for _, x := range xs[1:] {
		if x.typ != xs[0].typ {
			c.fail("inputs of types %v and %v, which should be one", xs[0].typ, x.typ)
		}
	}
	return xs[0].typ
}

// floats refuses an operand that is not a float.
func (c *call) floats(xs ...operand) {
	for _, x := range xs {
		if x.given() && !array.IsFloat(x.typ) {
			c.fail("an input of type %v, which should be a float", x.typ)
		}
	}
}

// array is the operand's value. While a graph is built that exists for what depends on
// constants and weights alone, which are then taken as they are; when the model is run,
// for everything.
func (c *call) array(x operand) *array.Array {
	switch {
	case x.known != nil:
		return x.known
	case x.node == nil:
		c.fail("an input that is left out, or no tensor")
	case c.run == nil && !c.constant(x.node):
		c.fail("it needs the value of %v, which depends on the model's inputs: it works when the model is run, not within a graph", x)
	}
	return c.evaluate(x)
}

// constant reports whether a node depends on no input.
func (im *importer) constant(n *graph.Node) bool {
	fixed, ok := im.fixed[n]
	if !ok {
		fixed = !n.IsInput()
		for _, x := range n.Inputs() {
			fixed = fixed && im.constant(x)
		}
		im.fixed[n] = fixed
	}
	return fixed
}

// value is the value of input i.
func (c *call) value(i int) *array.Array { return c.array(c.in[i]) }

// list is input i as whole numbers, which it must be, in one axis or none; nil if it is
// left out.
func (c *call) list(i int) []int64 {
	if !c.has(i) {
		return nil
	}
	a := c.value(i)
	v := array.Of[int64](a)
	if v == nil || len(a.Shape) > 1 {
		c.fail("input %d is %v, not a list of integers", i, c.in[i])
	}
	return v
}

// int is input i as one whole number, def if it is left out.
func (c *call) int(i int, def int64) int64 {
	if !c.has(i) {
		return def
	}
	a := c.value(i)
	v := array.Of[int64](a)
	if len(v) != 1 {
		c.fail("input %d is %v, not one integer", i, c.in[i])
	}
	return v[0]
}

// number is input i as one number of any type, def if it is left out.
func (c *call) number(i int, def float64) float64 {
	if !c.has(i) {
		return def
	}
	a := c.value(i)
	if a.Len() != 1 || a.Type == pb.String {
		c.fail("input %d is %v, not one number", i, c.in[i])
	}
	return a.At(0)
}

// listOr is a list that is an attribute before the version and input i from then on; nil
// if it is left out.
func (c *call) listOr(name string, i int, version int64) []int64 {
	if c.since < version {
		return c.attrs.Ints(name)
	}
	return c.list(i)
}

// size is a whole number from a file as an int, which must be from lo to hi.
func (c *call) size(what string, v, lo, hi int64) int {
	if v < lo || v > hi {
		c.fail("%s is %d, which is not from %d to %d", what, v, lo, hi)
	}
	return int(v)
}

// axis is a place among rank axes, negative from the end.
func (c *call) axis(v int64, rank int) int {
	if v < int64(-rank) || v >= int64(rank) {
		c.fail("axis %d of %d axes", v, rank)
	}
	if v < 0 {
		v += int64(rank)
	}
	return int(v)
}

// marked marks axes among rank, each at most once.
func (c *call) marked(axes []int64, rank int) []bool {
	m := make([]bool, rank)
	for _, v := range axes {
		a := c.axis(v, rank)
		if m[a] {
			c.fail("axes %v name one twice", axes)
		}
		m[a] = true
	}
	return m
}

// dims is a shape from a file.
func (c *call) dims(v []int64) tensor.Shape {
	s := make(tensor.Shape, len(v))
	for i, d := range v {
		s[i] = c.size("a size", d, 0, maxSize)
	}
	return s
}

// flag is an attribute that is 0 or not.
func (c *call) flag(name string, def bool) bool {
	d := int64(0)
	if def {
		d = 1
	}
	return c.attrs.Int(name, d) != 0
}

// choice is an attribute that is one of some words, the first by default.
func (c *call) choice(name string, words ...string) string {
	v := c.attrs.String(name, words[0])
	for _, w := range words {
		if v == w {
			return v
		}
	}
	c.fail("%s=%q is not supported, only %q", name, v, words)
	return ""
}

// typeOr is an attribute that names a type.
func (c *call) typeOr(name string, def pb.DataType) pb.DataType {
	v := c.attrs.Int(name, int64(def))
	if v < 0 || v > math.MaxInt32 {
		c.fail("%s=%d is no type", name, v)
	}
	t := pb.DataType(v)
	if t != pb.Undefined && t != pb.String && array.Bits(t) == 0 {
		c.fail("type %v is not supported", t)
	}
	return t
}
