package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lab/core/graph"
	. "lab/core/graph/graphtest"
	"lab/core/tensor"
)

type shapes = []tensor.Shape

// positive draws from [0.5, 2.5); apart draws values whose sign and order are
// clear at the step of the differences.
func positive(r *rand.Rand, _ int) float64 { return 0.5 + 2*r.Float64() }
func apart(r *rand.Rand, i int) float64 {
	v := r.NormFloat64()
	return v + math.Copysign(0.05, v) + 0.01*float64(i)
}

func unary(f func(a *graph.Node) *graph.Node) func([]*graph.Node) *graph.Node {
	return func(in []*graph.Node) *graph.Node { return f(in[0]) }
}
func binary(f func(a, b *graph.Node) *graph.Node) func([]*graph.Node) *graph.Node {
	return func(in []*graph.Node) *graph.Node { return f(in[0], in[1]) }
}

// labels is a constant of classes 0 to 4.
func labels(a *graph.Node, shape ...int) *graph.Node {
	t := tensor.New(shape, nil)
	for i := range t.F {
		t.F[i] = float32(i * 3 % 5)
	}
	return a.Graph().Const(t)
}

var vector = shapes{{3, 5}}
var broadcasts = []shapes{{{3, 5}, {3, 5}}, {{3, 5}, {5}}, {{3, 5}, {3, 1}}, {{3, 1}, {1, 5}}, {{4}, {}}, {{2, 1, 3, 1}, {4, 1, 5}}}

// table holds expressions that together use every op there is.
func table() []Expr {
	t := []Expr{
		{Name: "Neg", Shapes: vector, F: unary(graph.Neg), NoSecond: true},
		{Name: "Abs", Shapes: vector, F: unary(graph.Abs), Draw: apart, NoSecond: true},
		{Name: "Square", Shapes: vector, F: unary(graph.Square)},
		{Name: "Sqrt", Shapes: vector, F: unary(graph.Sqrt), Draw: positive},
		{Name: "Rsqrt", Shapes: vector, F: unary(graph.Rsqrt), Draw: positive},
		{Name: "Recip", Shapes: vector, F: unary(graph.Recip), Draw: positive},
		{Name: "Exp", Shapes: vector, F: unary(graph.Exp)},
		{Name: "Log", Shapes: vector, F: unary(graph.Log), Draw: positive},
		{Name: "Tanh", Shapes: vector, F: unary(graph.Tanh)},
		{Name: "Sigmoid", Shapes: vector, F: unary(graph.Sigmoid)},
		{Name: "Softplus", Shapes: vector, F: unary(graph.Softplus)},
		{Name: "Erf", Shapes: vector, F: unary(graph.Erf)},
		{Name: "Relu", Shapes: vector, F: unary(graph.Relu), Draw: apart, NoSecond: true},
		{Name: "Relu squared", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Relu(a)) }), Draw: apart},
		{Name: "Sin", Shapes: vector, F: unary(graph.Sin)},
		{Name: "Cos", Shapes: vector, F: unary(graph.Cos)},
		{Name: "Floor", Shapes: vector, F: unary(graph.Floor), NoGrad: true},
		{Name: "Sign", Shapes: vector, F: unary(graph.Sign), NoGrad: true},
		{Name: "LeakyRelu", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.LeakyRelu(a, 0.2)) }), Draw: apart},
		{Name: "LeakyRelu falling", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.LeakyRelu(a, -0.5)) }), Draw: apart},
		{Name: "Pow", Shapes: shapes{{3, 5}, {5}}, F: binary(graph.Pow), Draw: positive},
		{Name: "Less", Shapes: shapes{{3, 5}, {5}}, F: binary(graph.Less), NoGrad: true},
		{Name: "LessEqual", Shapes: shapes{{3, 5}, {5}}, F: binary(graph.LessEqual), NoGrad: true},
		{Name: "Equal", Shapes: shapes{{3, 5}, {5}}, F: binary(graph.Equal), NoGrad: true},
		{Name: "Where", Shapes: shapes{{3, 5}, {3, 1}, {5}}, Draw: apart, F: func(in []*graph.Node) *graph.Node {
			return graph.Square(graph.Where(graph.Less(in[0], in[0].Graph().Scalar(0)), in[1], in[2]))
		}},
		{Name: "Sum of all", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Sum(graph.Square(a)) })},
		{Name: "Sum of axis 0", Shapes: shapes{{4, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Sum(a, 0)) })},
		{Name: "Sum of axes 0 and 2", Shapes: shapes{{4, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Sum(a, 0, 2)) })},
		{Name: "Mean of last", Shapes: shapes{{4, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Exp(graph.Mean(a, -1)) })},
		{Name: "MeanKeep", Shapes: shapes{{4, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Sub(a, graph.MeanKeep(a, 1))) })},
		{Name: "Amax", Shapes: shapes{{4, 6}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Amax(a, 1)) })},
		{Name: "Amax ties", Shapes: shapes{{4, 1}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Amax(graph.Expand(a, 4, 3), 1)) })},
		{Name: "MatMul", Shapes: shapes{{3, 4}, {4, 5}}, F: binary(graph.MatMul)},
		{Name: "MatMul rows", Shapes: shapes{{2, 3, 4}, {4, 5}}, F: binary(graph.MatMul)},
		{Name: "MatMul batch", Shapes: shapes{{2, 1, 3, 4}, {3, 4, 5}}, F: binary(graph.MatMul)},
		{Name: "MatMul transposed", Shapes: shapes{{4, 3}, {5, 4}}, F: func(in []*graph.Node) *graph.Node {
			return graph.MatMul(graph.Transpose(in[0]), graph.Transpose(in[1]))
		}},
		{Name: "Reshape", Shapes: shapes{{2, 6}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Reshape(a, 3, -1)) })},
		{Name: "Full", Shapes: shapes{{6}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.Mul(a.Graph().Full(3, 6), graph.Square(a))
		})},
		{Name: "Expand", Shapes: shapes{{3, 1}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Expand(a, 2, 3, 4)) })},
		{Name: "Transpose", Shapes: shapes{{2, 3, 4}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Transpose(a, 2, 0, 1)) })},
		{Name: "Slice", Shapes: shapes{{3, 7}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Slice(a, 1, 1, 6, 2)) })},
		{Name: "Slice backwards", Shapes: shapes{{3, 7}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Slice(a, -1, 6, -1, -3)) })},
		{Name: "Pad", Shapes: shapes{{3, 2}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Exp(graph.Pad(a, 0, 1, 2)) })},
		{Name: "Concat", Shapes: shapes{{3, 2}, {3, 4}}, F: func(in []*graph.Node) *graph.Node {
			return graph.Square(graph.Concat(1, in[0], in[1], in[0]))
		}},
		{Name: "MaxPool", Shapes: shapes{{2, 5, 6, 3}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.Square(graph.MaxPool(a, graph.PoolAttr{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Pad: [4]int{1, 0, 1, 1}}))
		})},
		{Name: "Moments", Shapes: shapes{{4, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node {
			mean, variance := graph.Moments(a, 0, 2)
			return graph.Mul(graph.Sub(a, mean), graph.Rsqrt(graph.Shift(variance, 0.1)))
		})},
		{Name: "Softmax", Shapes: shapes{{4, 6}}, F: unary(graph.Softmax)},
		{Name: "LogSoftmax", Shapes: shapes{{2, 3, 5}}, F: unary(graph.LogSoftmax)},
		{Name: "LogSumExp", Shapes: shapes{{4, 6}}, F: unary(graph.LogSumExp)},
		{Name: "LayerNorm", Shapes: shapes{{2, 3, 6}, {6}, {6}}, F: func(in []*graph.Node) *graph.Node {
			return graph.LayerNorm(in[0], in[1], in[2], 1e-5)
		}},
		{Name: "LayerNorm of itself", Shapes: shapes{{4, 4}}, F: unary(func(a *graph.Node) *graph.Node { // operands that depend on each other
			return graph.LayerNorm(a, graph.Sum(a, 0), graph.Mean(graph.Square(a), 0), 1e-5)
		})},
		{Name: "RMSNorm", Shapes: shapes{{3, 6}, {6}}, F: binary(func(x, w *graph.Node) *graph.Node { return graph.RMSNorm(x, w, 1e-6) })},
		{Name: "CrossEntropy", Shapes: shapes{{2, 3, 5}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.CrossEntropyRows(a, labels(a, 2, 3), 0)
		})},
		{Name: "CrossEntropy smoothed", Shapes: shapes{{6, 5}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.CrossEntropyRows(a, labels(a, 6), 0.1)
		})},
		{Name: "Gather", Shapes: shapes{{5, 3, 2}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Gather(a, labels(a, 2, 3))) })},
		{Name: "ScatterAdd", Shapes: shapes{{2, 3, 4}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.Square(graph.ScatterAdd(5, labels(a, 2, 3), a))
		})},
		{Name: "SelfAttention", Shapes: shapes{{2, 4, 3, 2, 3}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.SelfAttention(a, nil, graph.AttentionAttr{Causal: true})
		})},
		{Name: "SelfAttention masked", Shapes: shapes{{2, 5, 3, 1, 3}}, F: unary(func(a *graph.Node) *graph.Node {
			mask := a.Graph().Const(tensor.New(tensor.Shape{2, 5}, []float32{1, 1, 1, 0, 1, 1, 0, 1, 1, 1}))
			return graph.SelfAttention(a, mask, graph.AttentionAttr{})
		})},
		{Name: "CrossAttention", Shapes: shapes{{2, 3, 1, 2, 3}, {2, 5, 2, 2, 3}}, F: binary(func(q, kv *graph.Node) *graph.Node {
			return graph.CrossAttention(q, kv, nil, graph.AttentionAttr{Window: 3, Offset: 1})
		})},
		{Name: "CrossAttention of reshaped", Shapes: shapes{{2, 3, 6}, {2, 5, 12}}, F: binary(func(q, kv *graph.Node) *graph.Node {
			return graph.CrossAttention(graph.Reshape(q, 2, 3, 1, 2, 3), graph.Reshape(kv, 2, 5, 2, 2, 3), nil, graph.AttentionAttr{})
		})},
		{Name: "MeanPool", Shapes: shapes{{2, 5, 6, 3}}, F: unary(func(a *graph.Node) *graph.Node {
			p := graph.PoolAttr{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Pad: [4]int{1, 0, 1, 1}}
			return graph.Square(graph.Add(graph.MeanPool(a, p, true), graph.MeanPool(a, p, false)))
		})},
		{Name: "Gelu", Shapes: vector, F: unary(graph.Gelu)},
		{Name: "GeluTanh", Shapes: vector, F: unary(graph.GeluTanh)},
		{Name: "Silu", Shapes: vector, F: unary(graph.Silu)},
		{Name: "Elu", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Elu(a, 1.5) }), Draw: apart},
		{Name: "Clip", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Clip(a, -0.53, 0.71)) })},
		{Name: "HardSwish", Shapes: vector, F: unary(graph.HardSwish)},
		{Name: "Tril", Shapes: shapes{{2, 4, 3}}, F: unary(func(a *graph.Node) *graph.Node {
			return graph.Square(graph.Add(graph.Tril(a, -1), graph.Triu(a, 1)))
		})},
		{Name: "Stack and Split", Shapes: shapes{{3, 4}, {3, 4}}, F: func(in []*graph.Node) *graph.Node {
			parts := graph.Split(graph.Stack(1, in...), 2, 1, 3)
			return graph.Mul(parts[0], parts[1])
		}},
		{Name: "Tile", Shapes: shapes{{2, 3}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Tile(a, 2, 3)) })},
		{Name: "Upsample", Shapes: shapes{{1, 2, 3, 2}}, F: unary(func(a *graph.Node) *graph.Node { return graph.Square(graph.Upsample(a, 2)) })},
		{Name: "Dropout", Shapes: shapes{{40}}, F: unary(func(a *graph.Node) *graph.Node {
			u := graph.Uniform(a.Graph().Scalar(3), 7, 40)
			return graph.Square(graph.Where(graph.Less(u, a.Graph().Scalar(0.4)), a.Graph().Scalar(0), a))
		})},
		{Name: "LSTM", Shapes: shapes{{3, 2, 12}, {3, 12}, {2, 3}, {2, 3}}, F: func(in []*graph.Node) *graph.Node {
			h, c := graph.LSTM(in[0], in[1], in[2], in[3])
			return graph.Add(h, graph.Square(c))
		}},
		{Name: "LSTM h alone", Shapes: shapes{{3, 2, 12}, {3, 12}, {2, 3}, {2, 3}}, F: func(in []*graph.Node) *graph.Node {
			h, _ := graph.LSTM(in[0], in[1], in[2], in[3])
			return h
		}},
		{Name: "Label", Shapes: vector, F: unary(func(a *graph.Node) *graph.Node {
			return graph.Exp(graph.Label(graph.Square(graph.Label(a, "inner", nil)), "outer", nil, a))
		})},
		{Name: "a fused chain", Shapes: shapes{{40, 30}, {30}, {40, 1}}, F: func(in []*graph.Node) *graph.Node {
			y := graph.Add(graph.Mul(in[0], in[1]), in[2])
			return graph.Mean(graph.Mul(graph.Tanh(y), graph.Sigmoid(graph.Scale(y, 0.5))), 0)
		}},
	}
	for i, s := range broadcasts {
		suffix := strings.Repeat("'", i)
		t = append(t,
			Expr{Name: "Add" + suffix, Shapes: s, F: binary(graph.Add), NoSecond: true},
			Expr{Name: "Sub" + suffix, Shapes: s, F: binary(graph.Sub), NoSecond: true},
			Expr{Name: "Mul" + suffix, Shapes: s, F: binary(graph.Mul)},
			Expr{Name: "Div" + suffix, Shapes: s, F: binary(graph.Div), Draw: positive},
			Expr{Name: "Max" + suffix, Shapes: s, F: binary(graph.Max), Draw: apart, NoSecond: true},
			Expr{Name: "Min" + suffix, Shapes: s, F: binary(func(a, b *graph.Node) *graph.Node { return graph.Square(graph.Min(a, b)) }), Draw: apart})
	}
	for _, c := range []struct {
		name string
		x, w tensor.Shape
		a    graph.ConvAttr
	}{
		{"plain", tensor.Shape{2, 5, 6, 3}, tensor.Shape{3, 3, 3, 4}, graph.ConvAttr{}},
		{"strided and padded", tensor.Shape{2, 6, 6, 2}, tensor.Shape{4, 4, 2, 5}, graph.ConvAttr{Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}},
		{"dilated in groups", tensor.Shape{1, 7, 8, 4}, tensor.Shape{3, 2, 2, 6}, graph.ConvAttr{Dilation: [2]int{2, 3}, Pad: [4]int{0, 1, 2, 3}, Groups: 2}},
	} {
		t = append(t, Expr{Name: "Conv " + c.name, Shapes: shapes{c.x, c.w}, F: binary(func(x, w *graph.Node) *graph.Node { return graph.Conv(x, w, c.a) })})
		y := tensor.Shape{c.x[0], 3, 2, c.w[3]}
		t = append(t, Expr{Name: "ConvTranspose " + c.name, Shapes: shapes{y, c.w}, F: binary(func(y, w *graph.Node) *graph.Node {
			return graph.ConvTranspose(y, w, graph.ConvTransposeAttr{ConvAttr: c.a})
		})})
	}
	return t
}

// StopGradient lets values through and nothing back.
func TestStopGradient(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 3)
	y := graph.Sum(graph.Mul(x, graph.StopGradient(x)))
	got := Reference(map[*graph.Node][]float64{x: {1, 2, 3}}, y, graph.Grad(y, x)[0])
	if got[0][0] != 14 || !slices.Equal(got[1], []float64{1, 2, 3}) {
		t.Errorf("got %v; want 14 and the value of x", got)
	}
}

// An op with a kernel of its own gives what its definition gives, first and second
// gradients too. Check has compared the op; this compares the definition with it.
func TestDefinitions(t *testing.T) {
	defined := 0
	for _, e := range table() {
		r := rand.New(rand.NewPCG(5, 6))
		g := graph.New()
		values := map[*graph.Node][]float64{}
		var in []*graph.Node
		for i, s := range e.Shapes {
			n := g.Input(string(rune('a'+i)), s...)
			for range s.Size() {
				values[n] = append(values[n], r.NormFloat64())
			}
			in = append(in, n)
		}
		y := e.F(in)
		if e.NoGrad {
			continue
		}
		graph.Grad(graph.Sum(graph.Square(y)), in...)
		for _, n := range g.Nodes() {
			if n.Op() == nil || n.Op().Def().Define == nil {
				continue
			}
			defined++
			define := n.Op().Def().Define(n.Op().Attr(), n.Inputs())
			got := Reference(values, n, define)
			for i, w := range got[1] {
				if math.Abs(got[0][i]-w) > 1e-6*(1+math.Abs(w)) { // definitions hold constants in float32
					t.Errorf("%s: %v: element %d is %v, by definition %v", e.Name, n, i, got[0][i], w)
					break
				}
			}
		}
	}
	if defined < 10 {
		t.Errorf("only %d nodes with a definition", defined)
	}
}

func TestEveryOp(t *testing.T) {
	used := map[string]bool{}
	for _, e := range table() {
		t.Run(e.Name, func(t *testing.T) {
			f := e.F
			e.F = func(in []*graph.Node) *graph.Node {
				y := f(in)
				t.Cleanup(func() {
					for _, n := range y.Graph().Nodes() {
						if n.Op() != nil {
							used[n.Op().Def().Name] = true
						}
					}
				})
				return y
			}
			Check(t, e)
		})
	}
	for _, d := range graph.Defs() {
		if !used[d.Name] && d.Name != "StopGradient" {
			t.Errorf("no expression of the table uses %s", d.Name)
		}
	}
}
