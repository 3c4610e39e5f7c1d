package twin

import (
	"fmt"
	"math"
)

// Code is the operation of one instruction; see [Apply] for its meaning. The
// numbers are shared with codes.h.
type Code uint8

const (
	Const Code = iota // Imm
	Copy
	Neg
	Abs
	Square
	Sqrt
	Rsqrt
	Recip
	Exp
	Log
	Tanh
	Sigmoid
	Softplus
	Erf
	Relu
	Sin
	Cos
	Floor
	Sign
	Gelu     // a Φ(a)
	GeluTanh // its approximation by tanh
	Leaky    // a > 0 ? a : Imm*a
	Add
	Sub
	Mul
	Div
	Max
	Min
	Pow
	Less // 1 or 0
	LessEqual
	Equal
	Gate      // a > 0 ? b : 0
	LeakyGate // a > 0 ? b : Imm*b
	GeluGate  // b times the slope of Gelu at a
	GeluTanhGate
	AddScaled // a + Imm*b
	Where     // a != 0 ? b : c
	CodeCount
)

// Arity is the number of operands of each code.
func (c Code) Arity() int {
	switch {
	case c == Const:
		return 0
	case c < Add:
		return 1
	case c < Where:
		return 2
	}
	return 3
}

var codeNames = [CodeCount]string{"Const", "Copy", "Neg", "Abs", "Square", "Sqrt", "Rsqrt", "Recip", "Exp", "Log",
	"Tanh", "Sigmoid", "Softplus", "Erf", "Relu", "Sin", "Cos", "Floor", "Sign", "Gelu", "GeluTanh", "LeakyRelu", "Add", "Sub", "Mul", "Div",
	"Max", "Min", "Pow", "Less", "LessEqual", "Equal", "Gate", "LeakyGate", "GeluGate", "GeluTanhGate", "AddScaled", "Where"}

func (c Code) String() string {
	if c < CodeCount {
		return codeNames[c]
	}
	return fmt.Sprintf("Code(%d)", uint8(c))
}

// Limits of a program; see kernel.h.
const (
	MaxInputs = 8
	MaxTemps  = 12
	MaxDims   = 5
)

// Instr computes operand Dst from operands A, B and C and the constant Imm.
// Operands below the program's number of inputs are the inputs, the rest are
// temporaries. Const instructions stand first in a program.
type Instr struct {
	Code         Code
	Dst, A, B, C uint8
	_            [3]uint8
	Imm          float32
}

// Program computes one value per point of an iteration space from up to
// [MaxInputs] inputs that are read through strides, 0 where an input is
// broadcast. The last instruction's destination is the result.
type Program struct {
	Inputs int
	Code   []Instr
	Dim    [MaxDims]int            // outermost first, leading ones
	Stride [MaxInputs][MaxDims]int // in elements; innermost 0 or 1
}

// Float is what the twins compute in: float32 like the kernels, or float64 as
// the reference that gradients are checked against.
type Float interface{ ~float32 | ~float64 }

// Apply computes one instruction on scalars.
func Apply[F Float](code Code, a, b, c, imm F) F {
	f := func(g func(float64) float64) F { return F(g(float64(a))) }
	truth := func(t bool) F {
		if t {
			return 1
		}
		return 0
	}
	switch code {
	case Const:
		return imm
	case Copy:
		return a
	case Neg:
		return -a
	case Abs:
		return f(math.Abs)
	case Square:
		return a * a
	case Sqrt:
		return f(math.Sqrt)
	case Rsqrt:
		return 1 / f(math.Sqrt)
	case Recip:
		return 1 / a
	case Exp:
		return f(math.Exp)
	case Log:
		return f(math.Log)
	case Tanh:
		return f(math.Tanh)
	case Sigmoid:
		return F(1 / (1 + math.Exp(-float64(a))))
	case Softplus:
		return F(math.Max(float64(a), 0) + math.Log1p(math.Exp(-math.Abs(float64(a)))))
	case Erf:
		return f(math.Erf)
	case Relu:
		if a < 0 {
			return 0
		}
		return a
	case Sin:
		return f(math.Sin)
	case Cos:
		return f(math.Cos)
	case Floor:
		return f(math.Floor)
	case Sign:
		switch {
		case a > 0:
			return 1
		case a < 0:
			return -1
		}
		return a
	case Gelu:
		return F(float64(a) * normal(float64(a)))
	case GeluTanh:
		u, _ := geluInner(float64(a))
		return F(float64(a) / (1 + math.Exp(-2*u)))
	case Leaky:
		if a > 0 {
			return a
		}
		return imm * a
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Max:
		if a > b || a != a {
			return a
		}
		return b
	case Min:
		if a < b || a != a {
			return a
		}
		return b
	case Pow:
		return F(math.Pow(float64(a), float64(b)))
	case Less:
		return truth(a < b)
	case LessEqual:
		return truth(a <= b)
	case Equal:
		return truth(a == b)
	case Gate:
		if a > 0 {
			return b
		}
		return 0
	case LeakyGate:
		if a > 0 {
			return b
		}
		return imm * b
	case GeluGate:
		x := float64(a)
		return b * F(normal(x)+x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi))
	case GeluTanhGate:
		x := math.Max(-9, math.Min(float64(a), 9)) // constant beyond
		u, du := geluInner(x)
		s := 1 / (1 + math.Exp(-2*u))
		return b * F(s+x*s*(1-s)*2*du)
	case AddScaled:
		return a + imm*b
	case Where:
		if a != 0 {
			return b
		}
		return c
	}
	panic(fmt.Sprintf("twin: no code %d", code))
}

// normal is Φ(x), the standard normal distribution.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// geluInner is u = √(2/π)(x + 0.044715x³) and its slope: (1 + tanh u)/2 is close to Φ(x)
// (Hendrycks & Gimpel 2016).
func geluInner(x float64) (u, du float64) {
	c := math.Sqrt(2 / math.Pi)
	return c * (x + 0.044715*x*x*x), c * (1 + 3*0.044715*x*x)
}

// value computes the program at one point; at holds each input's offset there.
func value[F Float](p *Program, in [][]F, at *[MaxInputs]int) F {
	var v [MaxInputs + MaxTemps]F
	for i := 0; i < p.Inputs; i++ {
		v[i] = in[i][at[i]]
	}
	for _, s := range p.Code {
		v[s.Dst] = Apply(s.Code, v[s.A], v[s.B], v[s.C], F(s.Imm))
	}
	return v[p.Code[len(p.Code)-1].Dst]
}

// each calls f at every point of the program's space in row-major order.
func each(p *Program, f func(at *[MaxInputs]int)) {
	var idx [MaxDims]int
	var at [MaxInputs]int
	for _, d := range p.Dim {
		if d == 0 {
			return
		}
	}
	for {
		f(&at)
		a := MaxDims - 1
		for ; a >= 0; a-- {
			idx[a]++
			for i := 0; i < p.Inputs; i++ {
				at[i] += p.Stride[i][a]
			}
			if idx[a] < p.Dim[a] {
				break
			}
			for i := 0; i < p.Inputs; i++ {
				at[i] -= p.Stride[i][a] * idx[a]
			}
			idx[a] = 0
		}
		if a < 0 {
			return
		}
	}
}

// Elementwise writes the program's value at every point to out, densely.
func Elementwise[F Float](p *Program, out []F, in [][]F) {
	n := 0
	each(p, func(at *[MaxInputs]int) {
		out[n] = value(p, in, at)
		n++
	})
}

// Update steps arrays of equal length in place: at each place the program is
// computed with the arrays as its inputs, then array i takes the value of operand
// next[i], a constant or a temporary; it keeps its own where next[i] is i. The last
// instruction's value must be among the taken. The program's space is not looked at.
func Update[F Float](p *Program, next [MaxInputs]uint8, arrays [][]F) {
	var v [MaxInputs + MaxTemps]F
	for e := range arrays[0] {
		for i, a := range arrays {
			v[i] = a[e]
		}
		for _, s := range p.Code {
			v[s.Dst] = Apply(s.Code, v[s.A], v[s.B], v[s.C], F(s.Imm))
		}
		for i, a := range arrays {
			a[e] = v[next[i]]
		}
	}
}

// ReduceKind is how [Reduce] puts values together.
type ReduceKind int

const (
	Sum ReduceKind = iota
	Maximum
)

// Reduce sums, or takes the maximum of, the program's values over the middle
// axis of its space [a, r, b]: out[a,b]. Dim[0] and Dim[1] are 1. An empty sum
// is 0, an empty maximum -Inf; a NaN comes through.
func Reduce[F Float](kind ReduceKind, p *Program, out []F, in [][]F) {
	rs, bs := p.Dim[3], p.Dim[4]
	acc := make([]float64, len(out))
	if kind == Maximum {
		for i := range acc {
			acc[i] = math.Inf(-1)
		}
	}
	n := 0
	each(p, func(at *[MaxInputs]int) {
		o := &acc[n/(rs*bs)*bs+n%bs]
		v := float64(value(p, in, at))
		switch {
		case kind == Sum:
			*o += v
		case v > *o || v != v:
			*o = v
		}
		n++
	})
	for i, v := range acc {
		out[i] = F(v)
	}
}
