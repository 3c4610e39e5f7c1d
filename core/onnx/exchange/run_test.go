package exchange_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
	"lab/core/vm"
)

// decode decodes a model given as messages.
func decode(t *testing.T, m *pb.Model) *exchange.Net {
	t.Helper()
	m.IRVersion = 8
	if m.OpsetImports == nil {
		m.OpsetImports = []*pb.OpsetID{{Version: 17}}
	}
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return load(t, b)
}

func info(name string, t pb.DataType, dims ...int64) *pb.ValueInfo {
	s := &pb.Shape{}
	for _, d := range dims {
		dim := &pb.Dim{Value: &d}
		if d < 0 {
			dim = &pb.Dim{}
		}
		s.Dims = append(s.Dims, dim)
	}
	return &pb.ValueInfo{Name: name, Type: &pb.Type{Tensor: &pb.TensorType{ElemType: t, Shape: s}}}
}

func node(op string, inputs, outputs []string, attrs ...*pb.Attribute) *pb.Node {
	return &pb.Node{OpType: op, Inputs: inputs, Outputs: outputs, Attributes: attrs}
}

func names(s ...string) []string { return s }

func floats(v ...float32) exchange.Value {
	return exchange.Value{Array: array.From(pb.Float, tensor.Shape{len(v)}, v)}
}

// one runs a model of one output.
func one(t *testing.T, net *exchange.Net, inputs map[string]exchange.Value) *array.Array {
	t.Helper()
	out, err := net.Run(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Array
}

// A program is kept for each shape; what it gives depends on the inputs and weights of
// the moment.
func TestRunAgain(t *testing.T) {
	net := decode(t, &pb.Model{Graph: &pb.Graph{
		Inputs:       []*pb.ValueInfo{info("x", pb.Float, -1)},
		Outputs:      []*pb.ValueInfo{info("y", pb.Float, -1)},
		Initializers: []*pb.Tensor{{Name: "w", DataType: pb.Float, FloatData: []float32{2}}},
		Nodes:        []*pb.Node{node("Mul", names("x", "w"), names("y"))},
	}})
	for _, c := range []struct{ x, want []float32 }{{[]float32{1, 2}, []float32{2, 4}}, {[]float32{3, 4}, []float32{6, 8}}, {[]float32{1}, []float32{2}}} {
		if got := array.Of[float32](one(t, net, map[string]exchange.Value{"x": floats(c.x...)})); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v", c.x, got)
		}
	}
	net.Params.All()[0].Value()[0] = 5
	if got := one(t, net, map[string]exchange.Value{"x": floats(1, 2)}).At(1); got != 10 {
		t.Errorf("after training: %v", got)
	}
}

// Doubles stay doubles, weights of the file and weights that were trained since.
func TestRunDoubles(t *testing.T) {
	net := decode(t, &pb.Model{Graph: &pb.Graph{
		Inputs:       []*pb.ValueInfo{info("x", pb.Double, 2)},
		Outputs:      []*pb.ValueInfo{info("y", pb.Double, 2)},
		Initializers: []*pb.Tensor{{Name: "w", DataType: pb.Double, Dims: []int64{2}, DoubleData: []float64{1e-13, 0.1}}},
		Nodes:        []*pb.Node{node("Add", names("x", "w"), names("y"))},
	}})
	x := exchange.Value{Array: array.From(pb.Double, tensor.Shape{2}, []float64{1, 2})}
	if got := array.Of[float64](one(t, net, map[string]exchange.Value{"x": x})); !slices.Equal(got, []float64{1 + 1e-13, 2.1}) {
		t.Errorf("got %v", got)
	}
	net.Params.All()[0].Value()[1] = 0.5
	if got := array.Of[float64](one(t, net, map[string]exchange.Value{"x": x})); !slices.Equal(got, []float64{1 + 1e-13, 2.5}) {
		t.Errorf("after training: got %v", got)
	}
}

var nan = float32(math.NaN())

// In a graph whole numbers are exact or NaN.
func TestCounting(t *testing.T) {
	const most = 1<<24 - 1
	for _, c := range []struct {
		op         string
		a, b, want float32
	}{
		{"Add", most - 1, 1, most}, {"Add", most, 1, nan}, {"Sub", -most, 1, nan},
		{"Mul", 4096, 4095, 4096 * 4095}, {"Mul", 4096, 4096, nan}, {"Mul", -3, 5, -15},
		{"Div", -7, 2, -3}, {"Div", most, most - 1, 1}, {"Div", most - 1, most, 0}, {"Div", 1, 0, nan},
		{"Max", -4, 3, 3}, {"Mod", 5, 3, 0},
	} {
		net := decode(t, &pb.Model{Graph: &pb.Graph{
			Inputs:  []*pb.ValueInfo{info("a", pb.Int64, 1), info("b", pb.Int64, 1)},
			Outputs: []*pb.ValueInfo{info("y", pb.Int64, 1)},
			Nodes:   []*pb.Node{node(c.op, names("a", "b"), names("y"))},
		}})
		g := graph.New()
		a, b := g.Input("a", 1), g.Input("b", 1)
		y, err := net.Apply(exchange.Port{Name: "a", Node: a}, exchange.Port{Name: "b", Node: b})
		if c.op == "Mod" {
			if err == nil || !strings.Contains(err.Error(), "it works when the model is run, not within a graph") {
				t.Errorf("Mod: %v", err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		p, err := vm.Compile(y)
		if err != nil {
			t.Fatal(err)
		}
		p.Value(a)[0], p.Value(b)[0] = c.a, c.b
		p.Run()
		if got := p.Value(y[0])[0]; got != c.want && !(got != got && c.want != c.want) {
			t.Errorf("%v %s %v in a graph: %v, want %v", c.a, c.op, c.b, got, c.want)
		}
	}
}

// What a few numbers ask for is bounded.
func TestLimits(t *testing.T) {
	shape := func(v ...int64) *pb.Tensor {
		return &pb.Tensor{Name: "s", DataType: pb.Int64, Dims: []int64{int64(len(v))}, Int64Data: v}
	}
	number := func(name string, v int64) *pb.Tensor {
		return &pb.Tensor{Name: name, DataType: pb.Int64, Int64Data: []int64{v}}
	}
	forever := &pb.Graph{Inputs: []*pb.ValueInfo{info("i", pb.Int64), info("c", pb.Bool), info("v", pb.Float)},
		Outputs: []*pb.ValueInfo{info("c", pb.Bool), info("v", pb.Float)}}
	for _, c := range []struct {
		nodes   []*pb.Node
		weights []*pb.Tensor
		want    string
	}{
		{[]*pb.Node{node("Expand", names("x", "s"), names("y"))}, []*pb.Tensor{shape(1<<20, 1<<20, 1<<20, 1)}, "more than the"},
		{[]*pb.Node{node("Expand", names("x", "s"), names("y"))}, []*pb.Tensor{shape(1 << 62)}, "a size is 4611686018427387904"},
		{[]*pb.Node{node("ConstantOfShape", names("s"), names("y"))}, []*pb.Tensor{shape(1<<30, 4)}, "more than the"},
		{[]*pb.Node{node("Tile", names("x", "s"), names("y"))}, []*pb.Tensor{shape(1 << 39)}, "more than the"},
		{[]*pb.Node{node("Range", names("a", "s", "b"), names("y"))}, []*pb.Tensor{number("a", 0), number("s", 1<<59), number("b", 1)}, "the number of elements is"},
		{[]*pb.Node{node("Pad", names("x", "s"), names("y"))}, []*pb.Tensor{shape(1<<38, 1<<38)}, "more than the"},
		{[]*pb.Node{node("Loop", names("", "", "x"), names("y"), &pb.Attribute{Name: "body", Type: pb.AttrGraph, G: forever})}, nil, "more than 262144 rounds and nodes"},
		{[]*pb.Node{node("MatMul", names("c", "r"), names("y"))}, []*pb.Tensor{
			{Name: "c", DataType: pb.Float, Dims: []int64{1 << 16, 1}, RawData: make([]byte, 4<<16)},
			{Name: "r", DataType: pb.Float, Dims: []int64{1, 1 << 16}, RawData: make([]byte, 4<<16)}}, "more than the"},
	} {
		net := decode(t, &pb.Model{Graph: &pb.Graph{
			Inputs: []*pb.ValueInfo{info("x", pb.Float, 1)}, Outputs: []*pb.ValueInfo{{Name: "y"}}, Initializers: c.weights, Nodes: c.nodes}})
		_, err := net.Run(map[string]exchange.Value{"x": floats(1)})
		if err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("%s: got %v, want %q", c.nodes[0].OpType, err, c.want)
		}
	}
}

// Results that are sequences or absent; errors within bodies; types that do not fit.
func TestRunOtherValues(t *testing.T) {
	net := decode(t, &pb.Model{Graph: &pb.Graph{
		Inputs:  []*pb.ValueInfo{info("x", pb.Float, 3)},
		Outputs: []*pb.ValueInfo{{Name: "s"}, {Name: "o"}, {Name: "n"}},
		Nodes: []*pb.Node{node("SplitToSequence", names("x"), names("s")), node("Optional", nil, names("o")),
			node("SequenceLength", names("s"), names("n"))},
	}})
	out, err := net.Run(map[string]exchange.Value{"x": floats(1, 2, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out[0].Items) != 3 || out[0].Items[2].Array.At(0) != 3 || out[1].Array != nil || out[1].Items != nil || out[2].Array.At(0) != 3 {
		t.Errorf("got %+v", out)
	}

	branch := &pb.Graph{Outputs: []*pb.ValueInfo{{Name: "b"}}, Nodes: []*pb.Node{{Name: "inside", OpType: "Reshape", Inputs: names("x", "x"), Outputs: names("b")}}}
	net = decode(t, &pb.Model{Graph: &pb.Graph{
		Inputs:  []*pb.ValueInfo{info("x", pb.Float, 3), info("c", pb.Bool)},
		Outputs: []*pb.ValueInfo{{Name: "y"}},
		Nodes: []*pb.Node{node("If", names("c"), names("y"), &pb.Attribute{Name: "then_branch", Type: pb.AttrGraph, G: branch},
			&pb.Attribute{Name: "else_branch", Type: pb.AttrGraph, G: branch})},
	}})
	yes := exchange.Value{Array: array.Truth(tensor.Shape{}, []bool{true})}
	for _, c := range []struct {
		in   map[string]exchange.Value
		want string
	}{
		{map[string]exchange.Value{"x": floats(1, 2, 3), "c": yes}, `node "inside" (Reshape, opset 17): input 1 is float of shape (3), not a list of integers`},
		{map[string]exchange.Value{"x": floats(1, 2, 3), "c": floats(1)}, "input c is bool[], not float of shape (1)"},
		{map[string]exchange.Value{"x": floats(1, 2, 3)}, "the model has 2 inputs, 1 are given"},
		{map[string]exchange.Value{"x": floats(1, 2, 3), "d": yes}, "input c, bool[], is not given"},
	} {
		if _, err := net.Run(c.in); err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// An opset beyond those that are known is refused, whatever the operator.
func TestNewerOpset(t *testing.T) {
	net := decode(t, &pb.Model{OpsetImports: []*pb.OpsetID{{Version: exchange.Newest + 1}}, Graph: &pb.Graph{
		Inputs: []*pb.ValueInfo{info("x", pb.Float, 1)}, Outputs: []*pb.ValueInfo{{Name: "y"}},
		Nodes: []*pb.Node{node("Relu", names("x"), names("y"))},
	}})
	if _, err := net.Run(map[string]exchange.Value{"x": floats(1)}); err == nil || !strings.Contains(err.Error(), "is newer than what is known") {
		t.Errorf("got %v", err)
	}
}
