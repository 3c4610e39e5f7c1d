package exchange_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lab/core/graph"
	"lab/core/graph/graphtest"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// differentiable are operators that are made of several ops of the graph, with the shapes
// of their inputs. A shape of nil is an input left out.
var differentiable = []struct {
	op       string
	opset    int
	attrs    []onnx.Attr
	inputs   []tensor.Shape
	consts   map[int]*tensor.Tensor // by place among the inputs, which has nil there
	noSecond bool                   // linear in each input, and so on
	between  bool                   // inputs within (-1,1), away from kinks
}{
	{op: "Conv", opset: 22, attrs: []onnx.Attr{onnx.AttrInts("pads", 1, 0, 0, 0, 1, 0), onnx.AttrInts("strides", 2, 1, 1)}, inputs: []tensor.Shape{{1, 2, 3, 3, 2}, {2, 2, 2, 2, 1}, {2}}},
	{op: "ConvTranspose", opset: 22, attrs: []onnx.Attr{onnx.AttrInts("strides", 2, 1, 1)}, inputs: []tensor.Shape{{1, 2, 2, 2, 2}, {2, 1, 2, 1, 2}}},
	{op: "AveragePool", opset: 22, attrs: []onnx.Attr{onnx.AttrInts("kernel_shape", 2, 2), onnx.AttrInts("dilations", 2, 1), onnx.AttrInt("ceil_mode", 1), onnx.AttrInts("strides", 1, 2)}, inputs: []tensor.Shape{{1, 2, 4, 4}}, noSecond: true},
	{op: "MaxPool", opset: 22, attrs: []onnx.Attr{onnx.AttrInts("kernel_shape", 2, 2, 2)}, inputs: []tensor.Shape{{1, 1, 3, 3, 2}}, noSecond: true},
	{op: "LpPool", opset: 22, attrs: []onnx.Attr{onnx.AttrInts("kernel_shape", 2)}, inputs: []tensor.Shape{{1, 2, 4}}},
	{op: "Resize", opset: 19, attrs: []onnx.Attr{onnx.AttrString("mode", "cubic"), onnx.AttrInt("antialias", 1)}, inputs: []tensor.Shape{{1, 1, 5, 4}, nil, nil, nil}, consts: map[int]*tensor.Tensor{3: tensor.NewInt(tensor.Shape{4}, []int64{1, 1, 3, 6})}, noSecond: true},
	{op: "GridSample", opset: 22, attrs: []onnx.Attr{onnx.AttrString("mode", "cubic"), onnx.AttrString("padding_mode", "reflection")}, inputs: []tensor.Shape{{1, 2, 4, 3}, {1, 2, 2, 2}}, between: true},
	{op: "AffineGrid", opset: 20, inputs: []tensor.Shape{{2, 2, 3}, nil}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{4}, []int64{2, 1, 2, 3})}, noSecond: true},
	{op: "GRU", opset: 22, attrs: []onnx.Attr{onnx.AttrInt("hidden_size", 2)}, inputs: []tensor.Shape{{2, 1, 2}, {1, 6, 2}, {1, 6, 2}, {1, 12}}},
	{op: "LSTM", opset: 22, attrs: []onnx.Attr{onnx.AttrInt("hidden_size", 2), onnx.AttrInt("input_forget", 1)}, inputs: []tensor.Shape{{2, 1, 2}, {1, 8, 2}, {1, 8, 2}, {1, 16}}},
	{op: "Attention", opset: 23, attrs: []onnx.Attr{onnx.AttrFloat("softcap", 2), onnx.AttrInt("is_causal", 1)}, inputs: []tensor.Shape{{1, 2, 2, 3}, {1, 1, 3, 3}, {1, 1, 3, 2}}},
	{op: "RotaryEmbedding", opset: 23, inputs: []tensor.Shape{{1, 2, 3, 4}, {1, 3, 2}, {1, 3, 2}}},
	{op: "Einsum", opset: 12, attrs: []onnx.Attr{onnx.AttrString("equation", "bij,jk,b->ki")}, inputs: []tensor.Shape{{2, 3, 2}, {2, 3}, {2}}},
	{op: "Pad", opset: 21, attrs: []onnx.Attr{onnx.AttrString("mode", "reflect")}, inputs: []tensor.Shape{{2, 4}, nil}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{4}, []int64{0, 2, 1, 1})}, noSecond: true},
	{op: "ScatterElements", opset: 18, attrs: []onnx.Attr{onnx.AttrString("reduction", "mul")}, inputs: []tensor.Shape{{3, 2}, nil, {2, 2}}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{2, 2}, []int64{0, 1, 0, 2})}},
	{op: "GatherElements", opset: 13, attrs: []onnx.Attr{onnx.AttrInt("axis", 1)}, inputs: []tensor.Shape{{3, 4}, nil}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{3, 1}, []int64{-1, 0, 2})}, noSecond: true},
	{op: "GatherND", opset: 13, inputs: []tensor.Shape{{3, 2}, nil}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{2, 2}, []int64{0, 1, 2, 0})}, noSecond: true},
	{op: "ReduceProd", opset: 13, attrs: []onnx.Attr{onnx.AttrInts("axes", 1)}, inputs: []tensor.Shape{{2, 5}}},
	{op: "ReduceLogSumExp", opset: 13, attrs: []onnx.Attr{onnx.AttrInts("axes", 0, 2)}, inputs: []tensor.Shape{{2, 3, 2}}},
	{op: "CumSum", opset: 14, attrs: []onnx.Attr{onnx.AttrInt("exclusive", 1)}, inputs: []tensor.Shape{{2, 3}, nil}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(nil, []int64{1})}, noSecond: true},
	{op: "Softmax", opset: 13, attrs: []onnx.Attr{onnx.AttrInt("axis", 1)}, inputs: []tensor.Shape{{2, 3, 2}}},
	{op: "LayerNormalization", opset: 17, attrs: []onnx.Attr{onnx.AttrInt("axis", 1)}, inputs: []tensor.Shape{{2, 2, 3}, {3}, {2, 3}}},
	{op: "GroupNormalization", opset: 18, attrs: []onnx.Attr{onnx.AttrInt("num_groups", 2)}, inputs: []tensor.Shape{{2, 4, 2}, {2}, {2}}},
	{op: "LRN", opset: 13, attrs: []onnx.Attr{onnx.AttrInt("size", 3), onnx.AttrFloat("alpha", 0.5)}, inputs: []tensor.Shape{{1, 4, 2, 1}}},
	{op: "SoftmaxCrossEntropyLoss", opset: 13, inputs: []tensor.Shape{{3, 4}, nil, {4}}, consts: map[int]*tensor.Tensor{1: tensor.NewInt(tensor.Shape{3}, []int64{0, 3, 1})}},
	{op: "DepthToSpace", opset: 13, attrs: []onnx.Attr{onnx.AttrInt("blocksize", 2)}, inputs: []tensor.Shape{{1, 4, 1, 2}}, noSecond: true},
}

// TestGradients checks gradients of operators that are made of several ops, against
// finite differences, and the program of each against Gorgonia's tapeMachine.
func TestGradients(t *testing.T) {
	for _, c := range differentiable {
		t.Run(c.op, func(t *testing.T) {
			b := onnx.NewBuilder(c.op, max(c.opset, 17))
			var names []string
			var shapes []tensor.Shape
			for i, s := range c.inputs {
				switch k := c.consts[i]; {
				case k != nil:
					names = append(names, b.Constant(k))
				case s == nil:
					names = append(names, "")
				default:
					dims := make([]onnx.Dim, len(s))
					for a, d := range s {
						dims[a] = onnx.Fixed(d)
					}
					names = append(names, b.AddInput(fmt.Sprint("x", len(shapes)), pb.Float, dims...))
					shapes = append(shapes, s)
				}
			}
			b.AddOutput("y", b.Op(c.op, names, c.attrs...), pb.Float)
			file, err := b.Encode()
			if err != nil {
				t.Fatal(err)
			}
			net := load(t, file)
			draw := func(r *rand.Rand, _ int) float64 { return r.NormFloat64() }
			if c.between {
				draw = func(r *rand.Rand, _ int) float64 { return r.Float64()*1.6 - 0.8 }
			}
			graphtest.Check(t, graphtest.Expr{Name: c.op, Shapes: shapes, NoSecond: c.noSecond, Draw: draw, F: func(in []*graph.Node) *graph.Node {
				var ports []exchange.Port
				for i, n := range in {
					ports = append(ports, exchange.Port{Name: fmt.Sprint("x", i), Node: n})
				}
				y, err := net.Apply(ports...)
				if err != nil {
					t.Fatal(err)
				}
				return y[0]
			}})
		})
	}
}
