package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
)

// Operators on each element of one input.

func float(f func(float64) float64) array.Function { return array.Function{Float: f} }

// functions are those without attributes, by name.
var functions map[string]function

func init() {
	signed := func(f func(float64) float64, i func(int64) int64) array.Function {
		return array.Function{Float: f, Int: i, Uint: func(u uint64) uint64 { return u }}
	}
	functions = map[string]function{
		"Abs":        {signed(math.Abs, func(i int64) int64 { return max(i, -i) }), graph.Abs},
		"Neg":        {array.Function{Float: func(x float64) float64 { return -x }, Int: func(i int64) int64 { return -i }}, graph.Neg},
		"Sign":       {array.Function{Float: sign, Int: func(i int64) int64 { return max(-1, min(i, 1)) }, Uint: func(u uint64) uint64 { return min(u, 1) }}, graph.Sign},
		"Relu":       {signed(func(x float64) float64 { return max(x, 0) }, func(i int64) int64 { return max(i, 0) }), graph.Relu},
		"Exp":        {float(math.Exp), graph.Exp},
		"Log":        {float(math.Log), graph.Log},
		"Sqrt":       {float(math.Sqrt), graph.Sqrt},
		"Reciprocal": {float(func(x float64) float64 { return 1 / x }), graph.Recip},
		"Erf":        {float(math.Erf), graph.Erf},
		"Tanh":       {float(math.Tanh), graph.Tanh},
		"Sigmoid":    {float(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }), graph.Sigmoid},
		"Softplus":   {float(softplus), graph.Softplus},
		"Softsign": {float(func(x float64) float64 { return x / (1 + math.Abs(x)) }), func(x *graph.Node) *graph.Node {
			return graph.Div(x, graph.Shift(graph.Abs(x), 1))
		}},
		"Mish": {float(func(x float64) float64 { return x * math.Tanh(softplus(x)) }), func(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Tanh(graph.Softplus(x))) }},
		"Sin":  {float(math.Sin), graph.Sin},
		"Cos":  {float(math.Cos), graph.Cos},
		"Tan":  {float(math.Tan), func(x *graph.Node) *graph.Node { return graph.Div(graph.Sin(x), graph.Cos(x)) }},
		"Asin": {float(math.Asin), nil},
		"Acos": {float(math.Acos), nil},
		"Atan": {float(math.Atan), nil},
		"Sinh": {float(math.Sinh), nil},
		"Cosh": {float(math.Cosh), func(x *graph.Node) *graph.Node {
			return graph.Scale(graph.Add(graph.Exp(x), graph.Exp(graph.Neg(x))), 0.5)
		}},
		"Asinh":     {float(math.Asinh), nil},
		"Acosh":     {float(math.Acosh), nil},
		"Atanh":     {float(math.Atanh), nil},
		"Floor":     {float(math.Floor), graph.Floor},
		"Ceil":      {float(math.Ceil), func(x *graph.Node) *graph.Node { return graph.Neg(graph.Floor(graph.Neg(x))) }},
		"Round":     {float(math.RoundToEven), roundToEven},
		"HardSwish": {float(func(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }), graph.HardSwish},
	}
	for name, v := range map[string][]int64{"Abs": {1, 6, 13}, "Neg": {1, 6, 13}, "Sign": {9, 13}, "Relu": {1, 6, 13, 14}, "Exp": {1, 6, 13},
		"Log": {1, 6, 13}, "Sqrt": {1, 6, 13}, "Reciprocal": {1, 6, 13}, "Erf": {9, 13}, "Tanh": {1, 6, 13}, "Sigmoid": {1, 6, 13},
		"Softplus": {1, 22}, "Softsign": {1, 22}, "Mish": {18, 22}, "Sin": {7, 22}, "Cos": {7, 22}, "Tan": {7, 22}, "Asin": {7, 22},
		"Acos": {7, 22}, "Atan": {7, 22}, "Sinh": {9, 22}, "Cosh": {9, 22}, "Asinh": {9, 22}, "Acosh": {9, 22}, "Atanh": {9, 22},
		"Floor": {1, 6, 13}, "Ceil": {1, 6, 13}, "Round": {11, 22}, "HardSwish": {14, 22}} {
		f := functions[name]
		register(name, rule{since: v, least: 1, most: 1, host: f.graph == nil, build: one(func(c *call) operand {
			c.attrs.Ignore("consumed_inputs") // of version 1, a hint
			return c.apply(f, c.in[0])
		})})
	}

	// parametric registers a function that attributes bend.
	parametric := func(name string, v []int64, f func(c *call) function) {
		register(name, rule{since: v, least: 1, most: 1, build: one(func(c *call) operand {
			c.attrs.Ignore("consumed_inputs")
			c.floats(c.in[0])
			return c.apply(f(c), c.in[0])
		})})
	}
	parametric("LeakyRelu", versions(1, 6, 16), func(c *call) function {
		return leaky(float64(c.attrs.Float("alpha", 0.01)))
	})
	parametric("Elu", versions(1, 6, 22), func(c *call) function {
		return elu(float64(c.attrs.Float("alpha", 1)))
	})
	parametric("Selu", versions(1, 6, 22), func(c *call) function {
		alpha, gamma := 1.67326319217681884765625, 1.05070102214813232421875
		if c.since < 6 {
			alpha, gamma = 1.6732, 1.0507
		}
		alpha, gamma = float64(c.attrs.Float("alpha", float32(alpha))), float64(c.attrs.Float("gamma", float32(gamma)))
		return function{float(func(x float64) float64 { return gamma * choose(x <= 0, alpha*math.Expm1(x), x) }), func(x *graph.Node) *graph.Node { return graph.Scale(graph.Elu(x, alpha), gamma) }}
	})
	parametric("Celu", versions(12, 28), func(c *call) function {
		alpha := float64(c.attrs.Float("alpha", 1))
		return function{float(func(x float64) float64 { return max(0, x) + min(0, alpha*math.Expm1(x/alpha)) }), func(x *graph.Node) *graph.Node {
			low := graph.Scale(graph.Elu(graph.Scale(x, 1/alpha), 1), alpha)
			return graph.Add(graph.Relu(x), graph.Min(low, x.Graph().Scalar(0)))
		}}
	})
	parametric("ThresholdedRelu", versions(10, 22), func(c *call) function {
		return thresholded(float64(c.attrs.Float("alpha", 1)))
	})
	parametric("Shrink", versions(9), func(c *call) function {
		bias, lambda := float64(c.attrs.Float("bias", 0)), float64(c.attrs.Float("lambd", 0.5))
		return function{float(func(x float64) float64 { return choose(x < -lambda, x+bias, choose(x > lambda, x-bias, 0)) }), func(x *graph.Node) *graph.Node {
			g := x.Graph()
			high := graph.Where(graph.Less(g.Scalar(lambda), x), graph.Shift(x, -bias), g.Scalar(0))
			return graph.Where(graph.Less(x, g.Scalar(-lambda)), graph.Shift(x, bias), high)
		}}
	})
	parametric("HardSigmoid", versions(1, 6, 22), func(c *call) function {
		return hardSigmoid(float64(c.attrs.Float("alpha", 0.2)), float64(c.attrs.Float("beta", 0.5)))
	})
	parametric("Swish", versions(24), func(c *call) function {
		return swish(float64(c.attrs.Float("alpha", 1)))
	})
	parametric("Gelu", versions(20), func(c *call) function {
		if c.choice("approximate", "none", "tanh") == "tanh" {
			return function{float(func(x float64) float64 { return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) }), graph.GeluTanh}
		}
		return function{float(func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }), graph.Gelu}
	})

	register("Not", rule{since: versions(1), least: 1, most: 1, build: one(func(c *call) operand {
		if c.in[0].typ != pb.Bool {
			c.fail("an input of type %v, not bool", c.in[0].typ)
		}
		return c.not(c.in[0])
	})})
	register("BitwiseNot", rule{since: versions(18), least: 1, most: 1, host: true, build: one(func(c *call) operand {
		if !array.IsWhole(c.in[0].typ) {
			c.fail("an input of type %v, not a whole number", c.in[0].typ)
		}
		f := array.Function{Int: func(i int64) int64 { return ^i }, Uint: func(u uint64) uint64 { return ^u }}
		return known(array.Map(f, c.value(0)))
	})})
	register("IsNaN", rule{since: versions(9, 13, 20), least: 1, most: 1, build: one(func(c *call) operand {
		c.floats(c.in[0])
		if c.onHost(c.in[0]) {
			return known(array.Test(math.IsNaN, c.value(0)))
		}
		return c.not(c.compare(array.Equal, c.in[0], c.in[0]))
	})})
	register("IsInf", rule{since: versions(10, 20), least: 1, most: 1, build: one(func(c *call) operand {
		c.floats(c.in[0])
		up, down := c.flag("detect_positive", true), c.flag("detect_negative", true)
		test := func(v float64) bool { return up && math.IsInf(v, 1) || down && math.IsInf(v, -1) }
		if c.onHost(c.in[0]) || !up && !down {
			return known(array.Test(test, c.value(0)))
		}
		inf := func(sign int) operand { return c.compare(array.Equal, c.in[0], num(c.in[0], math.Inf(sign))) }
		switch {
		case !down:
			return inf(1)
		case !up:
			return inf(-1)
		}
		return c.combine(or, inf(1), inf(-1))
	})})
}

// Those that recurrent layers have as well.

func leaky(slope float64) function {
	return function{float(func(x float64) float64 { return choose(x < 0, slope*x, x) }), func(x *graph.Node) *graph.Node { return graph.LeakyRelu(x, slope) }}
}

func elu(alpha float64) function {
	return function{float(func(x float64) float64 { return choose(x < 0, alpha*math.Expm1(x), x) }), func(x *graph.Node) *graph.Node { return graph.Elu(x, alpha) }}
}

func thresholded(alpha float64) function {
	return function{float(func(x float64) float64 { return choose(x > alpha, x, 0) }), func(x *graph.Node) *graph.Node {
		return graph.Where(graph.Less(x.Graph().Scalar(alpha), x), x, x.Graph().Scalar(0))
	}}
}

func hardSigmoid(alpha, beta float64) function {
	return function{float(func(x float64) float64 { return max(0, min(1, alpha*x+beta)) }), func(x *graph.Node) *graph.Node {
		return graph.Clip(graph.Shift(graph.Scale(x, alpha), beta), 0, 1)
	}}
}

func choose(cond bool, a, b float64) float64 {
	if cond {
		return a
	}
	return b
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// roundToEven rounds to the nearest whole number, of two equally near ones to the even.
func roundToEven(x *graph.Node) *graph.Node {
	g := x.Graph()
	low := graph.Floor(x)
	rest := graph.Sub(x, low)
	odd := graph.Sub(low, graph.Scale(graph.Floor(graph.Scale(low, 0.5)), 2)) // 0 or 1
	tie := graph.Mul(graph.Equal(rest, g.Scalar(0.5)), odd)
	return graph.Add(low, graph.Max(graph.Less(g.Scalar(0.5), rest), tie))
}
