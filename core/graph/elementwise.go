package graph

import (
	"fmt"
	"math"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// Elementwise ops compute each element of the result from the elements of the
// operands at the same place. Operands are broadcast as in NumPy: aligned at the
// last axis, size 1 or a missing axis repeats. Their gradients are elementwise ops
// again; a broadcast operand's gradient is summed back to its shape.

// elementwise declares one; grad sees operands as they are and may return
// gradients of the result's shape.
func elementwise(code kernel.Code, grad func(n, dy *Node) []*Node) *Def {
	d := &Def{Name: code.String(), Code: code}
	d.Shape = func(_ any, in []tensor.Shape) (tensor.Shape, error) { return tensor.Broadcast(in...) }
	if grad != nil {
		d.Grad = func(n, dy *Node) []*Node {
			g := grad(n, dy)
			for i := range g {
				if g[i] != nil {
					g[i] = SumTo(g[i], n.in[i].shape...)
				}
			}
			return g
		}
	}
	d.Lower = func(op *Op, out []float32, in [][]float32) func() {
		return kernel.Elementwise(op.program(), out, in)
	}
	d.Eval = func(op *Op, out []float64, in [][]float64) { twin.Elementwise(op.program(), out, in) }
	return register(d)
}

// program is the op alone as a kernel program.
func (op *Op) program() *kernel.Program {
	code, imm, _ := op.Elementwise()
	n := uint8(len(op.in))
	p := &kernel.Program{Inputs: len(op.in), Code: []kernel.Instr{{Code: code, Dst: n, A: 0, B: 1, C: 2, Imm: imm}}}
	if err := Space(p, op.out, op.in); err != nil {
		fail(op.def.Name, "%v", err)
	}
	return p
}

// Broadcasts returns an error if operands of the shapes, broadcast to shape, walk more
// axes in different ways than one kernel does.
func Broadcasts(shape tensor.Shape, in ...tensor.Shape) error {
	return Space(&kernel.Program{}, shape, in)
}

// Space sets the program's iteration space to shape, its operands read from dense
// memory of shapes in, each broadcast to shape. Neighbouring axes that every
// operand walks alike become one; more than [kernel.MaxDims] left is an error.
func Space(p *kernel.Program, shape tensor.Shape, in []tensor.Shape) error {
	type axis struct {
		dim    int
		stride [kernel.MaxInputs]int
	}
	var axes []axis // innermost first
	strides := make([][]int, len(in))
	for i, s := range in {
		strides[i] = s.Strides()
	}
	for a := len(shape) - 1; a >= 0; a-- {
		if shape[a] == 1 {
			continue
		}
		x := axis{dim: shape[a]}
		for i, s := range in {
			if b := a - (len(shape) - len(s)); b >= 0 && s[b] != 1 {
				x.stride[i] = strides[i][b]
			}
		}
		if len(axes) > 0 {
			last := &axes[len(axes)-1]
			merge := true
			for i := range in {
				merge = merge && x.stride[i] == last.stride[i]*last.dim
			}
			if merge {
				last.dim *= x.dim
				continue
			}
		}
		axes = append(axes, x)
	}
	if len(axes) > kernel.MaxDims {
		return fmt.Errorf("shapes %s interleave more than %d broadcast axes", tensor.Shapes(in), kernel.MaxDims)
	}
	for d := range p.Dim {
		p.Dim[d] = 1
	}
	for k, x := range axes {
		d := kernel.MaxDims - 1 - k
		p.Dim[d] = x.dim
		for i := range in {
			p.Stride[i][d] = x.stride[i]
		}
	}
	return nil
}

var negDef, absDef, squareDef, sqrtDef, rsqrtDef, recipDef, expDef, logDef, tanhDef, sigmoidDef, softplusDef,
	erfDef, reluDef, sinDef, cosDef, floorDef, signDef, leakyDef, addDef, subDef, mulDef, divDef, maxDef, minDef,
	powDef, lessDef, lessEqualDef, equalDef, gateDef, leakyGateDef, whereDef *Def

func init() {
	negDef = elementwise(twin.Neg, func(n, dy *Node) []*Node { return []*Node{Neg(dy)} })
	absDef = elementwise(twin.Abs, func(n, dy *Node) []*Node { return []*Node{Mul(dy, Sign(n.in[0]))} })
	squareDef = elementwise(twin.Square, func(n, dy *Node) []*Node { return []*Node{Scale(Mul(dy, n.in[0]), 2)} })
	sqrtDef = elementwise(twin.Sqrt, func(n, dy *Node) []*Node { return []*Node{Scale(Div(dy, n), 0.5)} })
	rsqrtDef = elementwise(twin.Rsqrt, func(n, dy *Node) []*Node { return []*Node{Scale(Mul(dy, Mul(n, Square(n))), -0.5)} })
	recipDef = elementwise(twin.Recip, func(n, dy *Node) []*Node { return []*Node{Neg(Mul(dy, Square(n)))} })
	expDef = elementwise(twin.Exp, func(n, dy *Node) []*Node { return []*Node{Mul(dy, n)} })
	logDef = elementwise(twin.Log, func(n, dy *Node) []*Node { return []*Node{Div(dy, n.in[0])} })
	tanhDef = elementwise(twin.Tanh, func(n, dy *Node) []*Node { return []*Node{Mul(dy, Sub(n.g.Scalar(1), Square(n)))} })
	sigmoidDef = elementwise(twin.Sigmoid, func(n, dy *Node) []*Node { return []*Node{Mul(dy, Sub(n, Square(n)))} })
	softplusDef = elementwise(twin.Softplus, func(n, dy *Node) []*Node { return []*Node{Mul(dy, Sigmoid(n.in[0]))} })
	erfDef = elementwise(twin.Erf, func(n, dy *Node) []*Node {
		return []*Node{Scale(Mul(dy, Exp(Neg(Square(n.in[0])))), 2/math.Sqrt(math.Pi))}
	})
	reluDef = elementwise(twin.Relu, func(n, dy *Node) []*Node { return []*Node{gate(n, dy)} })
	sinDef = elementwise(twin.Sin, func(n, dy *Node) []*Node { return []*Node{Mul(dy, Cos(n.in[0]))} })
	cosDef = elementwise(twin.Cos, func(n, dy *Node) []*Node { return []*Node{Neg(Mul(dy, Sin(n.in[0])))} })
	floorDef = elementwise(twin.Floor, nil)
	signDef = elementwise(twin.Sign, nil)
	leakyDef = elementwise(twin.Leaky, func(n, dy *Node) []*Node {
		slope := n.op.attr.(float32)
		by := n // the result has the operand's sign, and the operand's memory is free earlier
		if slope <= 0 {
			by = n.in[0]
		}
		return []*Node{apply(leakyGateDef, slope, by, dy)}
	})

	addDef = elementwise(twin.Add, func(n, dy *Node) []*Node { return []*Node{dy, dy} })
	subDef = elementwise(twin.Sub, func(n, dy *Node) []*Node { return []*Node{dy, Neg(dy)} })
	mulDef = elementwise(twin.Mul, func(n, dy *Node) []*Node { return []*Node{Mul(dy, n.in[1]), Mul(dy, n.in[0])} })
	divDef = elementwise(twin.Div, func(n, dy *Node) []*Node {
		da := Div(dy, n.in[1])
		return []*Node{da, Neg(Mul(da, n))}
	})
	maxDef = elementwise(twin.Max, func(n, dy *Node) []*Node { return shareTies(n, dy, n.in[1], n.in[0]) })
	minDef = elementwise(twin.Min, func(n, dy *Node) []*Node { return shareTies(n, dy, n.in[0], n.in[1]) })
	powDef = elementwise(twin.Pow, func(n, dy *Node) []*Node {
		a, b := n.in[0], n.in[1]
		da := Mul(dy, Mul(b, Pow(a, Sub(b, n.g.Scalar(1)))))
		// 0^b has no logarithm to give; its limit is 0
		db := Mul(dy, Where(Equal(a, n.g.Scalar(0)), n.g.Scalar(0), Mul(n, Log(a))))
		return []*Node{da, db}
	})
	lessDef = elementwise(twin.Less, nil)
	lessEqualDef = elementwise(twin.LessEqual, nil)
	equalDef = elementwise(twin.Equal, nil)

	// Gate(a, b) is b where a > 0, else 0; LeakyGate(a, b) is slope*b there.
	gateDef = elementwise(twin.Gate, func(n, dy *Node) []*Node { return []*Node{nil, gate(n.in[0], dy)} })
	leakyGateDef = elementwise(twin.LeakyGate, func(n, dy *Node) []*Node {
		return []*Node{nil, apply(leakyGateDef, n.op.attr, n.in[0], dy)}
	})
	whereDef = elementwise(twin.Where, func(n, dy *Node) []*Node {
		zero := n.g.Scalar(0)
		return []*Node{nil, Where(n.in[0], dy, zero), Where(n.in[0], zero, dy)}
	})
}

// shareTies is the gradient of a maximum: to the operand that is greater (lo < hi
// picks operand 0), half to each where they are equal, as in PyTorch.
func shareTies(n, dy, lo, hi *Node) []*Node {
	tie := Scale(Mul(dy, Equal(lo, hi)), 0.5)
	return []*Node{Add(Mul(dy, Less(lo, hi)), tie), Add(Mul(dy, Less(hi, lo)), tie)}
}

// Neg is -a.
func Neg(a *Node) *Node { return apply(negDef, nil, a) }

// Abs is |a|; its gradient at 0 is 0.
func Abs(a *Node) *Node { return apply(absDef, nil, a) }

// Square is a².
func Square(a *Node) *Node { return apply(squareDef, nil, a) }

// Sqrt is the square root.
func Sqrt(a *Node) *Node { return apply(sqrtDef, nil, a) }

// Rsqrt is 1/sqrt(a).
func Rsqrt(a *Node) *Node { return apply(rsqrtDef, nil, a) }

// Recip is 1/a.
func Recip(a *Node) *Node { return apply(recipDef, nil, a) }

// Exp is e^a.
func Exp(a *Node) *Node { return apply(expDef, nil, a) }

// Log is the natural logarithm.
func Log(a *Node) *Node { return apply(logDef, nil, a) }

// Tanh is the hyperbolic tangent.
func Tanh(a *Node) *Node { return apply(tanhDef, nil, a) }

// Sigmoid is 1/(1+e^-a).
func Sigmoid(a *Node) *Node { return apply(sigmoidDef, nil, a) }

// Softplus is ln(1+e^a), exact for large |a|.
func Softplus(a *Node) *Node { return apply(softplusDef, nil, a) }

// Erf is the error function.
func Erf(a *Node) *Node { return apply(erfDef, nil, a) }

// Relu is max(a, 0); NaN stays NaN, the gradient at 0 is 0.
func Relu(a *Node) *Node { return apply(reluDef, nil, a) }

// LeakyRelu is a where a > 0, else slope*a.
func LeakyRelu(a *Node, slope float64) *Node { return apply(leakyDef, float32(slope), a) }

// Sin is the sine.
func Sin(a *Node) *Node { return apply(sinDef, nil, a) }

// Cos is the cosine.
func Cos(a *Node) *Node { return apply(cosDef, nil, a) }

// Floor rounds down. It has no gradient.
func Floor(a *Node) *Node { return apply(floorDef, nil, a) }

// Sign is 1, 0 or -1. It has no gradient.
func Sign(a *Node) *Node { return apply(signDef, nil, a) }

// Add is a + b.
func Add(a, b *Node) *Node { return apply(addDef, nil, a, b) }

// Sub is a - b.
func Sub(a, b *Node) *Node { return apply(subDef, nil, a, b) }

// Mul is a * b.
func Mul(a, b *Node) *Node { return apply(mulDef, nil, a, b) }

// Div is a / b.
func Div(a, b *Node) *Node { return apply(divDef, nil, a, b) }

// Max is the greater of a and b; the gradient goes half to each at a tie.
func Max(a, b *Node) *Node { return apply(maxDef, nil, a, b) }

// Min is the lesser of a and b.
func Min(a, b *Node) *Node { return apply(minDef, nil, a, b) }

// Pow is a^b.
func Pow(a, b *Node) *Node { return apply(powDef, nil, a, b) }

// Less is 1 where a < b, else 0. Comparisons have no gradient.
func Less(a, b *Node) *Node { return apply(lessDef, nil, a, b) }

// LessEqual is 1 where a <= b, else 0.
func LessEqual(a, b *Node) *Node { return apply(lessEqualDef, nil, a, b) }

// Equal is 1 where a = b, else 0.
func Equal(a, b *Node) *Node { return apply(equalDef, nil, a, b) }

// Where is a where cond is not 0, else b.
func Where(cond, a, b *Node) *Node { return apply(whereDef, nil, cond, a, b) }

// Scale is s * a.
func Scale(a *Node, s float64) *Node { return Mul(a, a.g.Scalar(s)) }

// Shift is a + s.
func Shift(a *Node, s float64) *Node { return Add(a, a.g.Scalar(s)) }

func gate(a, b *Node) *Node { return apply(gateDef, nil, a, b) }
