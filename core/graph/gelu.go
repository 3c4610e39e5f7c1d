package graph

import (
	"math"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
)

// GELU and its slope are instructions of their own: what the chain of erf, products and
// sums would keep for the way back is as much as the activation itself, several times.
// GeluGate(x, dy) is dy times the slope at x.
var geluDef, geluTanhDef *Def

func init() {
	geluDef = geluOf(twin.Gelu, twin.GeluGate, func(x *Node) *Node {
		return Mul(Scale(x, 0.5), Shift(Erf(Scale(x, 1/math.Sqrt2)), 1))
	})
	geluTanhDef = geluOf(twin.GeluTanh, twin.GeluTanhGate, func(x *Node) *Node {
		inner := Scale(Mul(x, Shift(Scale(Square(x), 0.044715), 1)), math.Sqrt(2/math.Pi))
		return Mul(Scale(x, 0.5), Shift(Tanh(inner), 1))
	})
}

// geluOf declares an activation by its definition, and its slope's op.
func geluOf(code, slope kernel.Code, define func(x *Node) *Node) *Def {
	gate := elementwise(slope, nil)
	gate.Define = func(_ any, in []*Node) *Node {
		in = standIns(in)
		return reverse(define(in[0]), in[1], in[:1], true)[0]
	}
	gate.Grad = gate.gradByDefinition
	d := elementwise(code, func(n, dy *Node) []*Node { return []*Node{apply(gate, nil, n.in[0], dy)} })
	d.Define = func(_ any, in []*Node) *Node { return define(in[0]) }
	return d
}

// Gelu is x Φ(x) = x (1 + erf(x/√2))/2 (Hendrycks & Gimpel 2016).
func Gelu(x *Node) *Node { return Label(apply(geluDef, nil, x), LabelGelu, false, x) }

// GeluTanh is the approximation x (1 + tanh(√(2/π) (x + 0.044715 x³)))/2.
func GeluTanh(x *Node) *Node { return Label(apply(geluTanhDef, nil, x), LabelGelu, true, x) }
