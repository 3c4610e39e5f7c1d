package exchange_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lab/core"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

// model is a net with every layer that files know.
type model struct {
	*nn.Scope
	forward       func(x *graph.Node) *graph.Node
	shape         []int // of the input, without the batch
	image, imaged bool  // whether input and output are images
	ops           string
}

func models() map[string]model {
	r := rand.New(rand.NewPCG(1, 2))
	up := nn.Geometry{Kernel: 4, Stride: 2, Padding: 1}

	g := nn.NewScope(r)
	fc, n1 := nn.NewLinear(g.Sub("fc"), 5, 6*3*3, false), nn.NewBatchNorm(g.Sub("bn1"), 6*3*3)
	c1, n2 := nn.NewConvTranspose2d(g.Sub("conv1"), 6, 4, up, false), nn.NewBatchNorm(g.Sub("bn2"), 4)
	c2 := nn.NewConvTranspose2d(g.Sub("conv2"), 4, 2, nn.Geometry{Kernel: 3, Stride: 2, Padding: 1, OutputPadding: 1}, true)
	generator := func(z *graph.Node) *graph.Node {
		h := graph.Relu(n1.Forward(fc.Forward(z), false))
		h = graph.Transpose(graph.Reshape(h, -1, 6, 3, 3), 0, 2, 3, 1)
		return graph.Tanh(c2.Forward(graph.Relu(n2.Forward(c1.Forward(h), false))))
	}

	d := nn.NewScope(r)
	k1, n3 := nn.NewConv2d(d.Sub("conv1"), 2, 4, up, true), nn.NewBatchNorm(d.Sub("bn"), 4)
	k2 := nn.NewConv2d(d.Sub("conv2"), 4, 6, nn.Geometry{Kernel: 3, Padding: 2, Dilation: 2, Groups: 2}, false)
	out := nn.NewLinear(d.Sub("fc"), 6*2*2, 3, true)
	discriminator := func(x *graph.Node) *graph.Node {
		h := graph.LeakyRelu(n3.Forward(k1.Forward(x), false), 0.2)
		h = nn.MaxPool2d(graph.Relu(k2.Forward(h)), 2)
		return out.Forward(graph.Reshape(graph.Transpose(h, 0, 3, 1, 2), x.Shape()[0], -1))
	}

	m := nn.NewScope(r)
	l1, l2 := nn.NewLinear(m.Sub("a"), 4, 8, true), nn.NewLinear(m.Sub("b"), 8, 4, false)
	mlp := func(x *graph.Node) *graph.Node { // over three axes, with a residual
		h := graph.Sigmoid(l1.Forward(x))
		return graph.Sub(graph.Scale(l2.Forward(graph.Softplus(h)), 0.5), x)
	}

	all := map[string]model{
		"generator":     {Scope: g, forward: generator, shape: []int{5}, imaged: true, ops: "Gemm BatchNormalization Relu Reshape ConvTranspose BatchNormalization Relu ConvTranspose Tanh"},
		"discriminator": {Scope: d, forward: discriminator, shape: []int{8, 8, 2}, image: true, ops: "Conv BatchNormalization LeakyRelu Conv Relu MaxPool Flatten Gemm"},
		"mlp":           {Scope: m, forward: mlp, shape: []int{3, 4}, ops: "Transpose MatMul Add Sigmoid Softplus Transpose MatMul Mul Sub"},
	}
	for _, m := range all {
		for _, p := range m.Params.All() { // batch norms that do something
			for i := range p.Value() {
				p.Value()[i] += float32(r.Float64())
			}
		}
	}
	return all
}

func export(t *testing.T, m model, name string, batch int) []byte {
	t.Helper()
	b, err := exchange.Export(name, onnx.DefaultOpset, []exchange.Free{{Name: "batch", Sizes: [2]int{batch, batch + 4}}}, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", append([]int{n["batch"]}, m.shape...)...)
		return []exchange.Port{{Name: "x", Node: x, Image: m.image}}, []exchange.Port{{Name: "y", Node: m.forward(x), Image: m.imaged}}
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func load(t *testing.T, file []byte) *exchange.Net {
	t.Helper()
	om, err := onnx.Decode(file, "")
	if err != nil {
		t.Fatal(err)
	}
	net, err := exchange.Load(om)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func TestThereAndBack(t *testing.T) {
	for name, m := range models() {
		t.Run(name, func(t *testing.T) {
			file := export(t, m, name, 2)
			if !bytes.Equal(file, export(t, m, name, 3)) {
				t.Error("the file depends on the batch of the graph")
			}
			net := load(t, file)
			var ops []string
			for _, n := range net.Model.Nodes {
				ops = append(ops, n.Op)
			}
			if got := strings.Join(ops, " "); got != m.ops {
				t.Errorf("operators %s, want %s", got, m.ops)
			}
			state := net.Model.StateDict()
			if len(state) != len(m.Params.All()) {
				t.Errorf("%d initialisers for %d parameters", len(state), len(m.Params.All()))
			}
			if err := m.Params.LoadStateDict(state); err != nil {
				t.Error(err)
			}

			g := graph.New()
			x := g.Input("x", append([]int{5}, m.shape...)...)
			want := m.forward(x)
			if m.imaged {
				want = graph.Transpose(want, 0, 3, 1, 2)
			}
			got, err := net.Apply(exchange.Port{Name: "x", Node: x, Image: m.image})
			if err != nil {
				t.Fatal(err)
			}
			p, err := vm.Compile([]*graph.Node{want, got[0]})
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			for i := range p.Value(x) {
				p.Value(x)[i] = float32(r.NormFloat64())
			}
			p.Run()
			for i, w := range p.Value(want) {
				if math.Abs(float64(p.Value(got[0])[i]-w)) > 1e-6 {
					t.Fatalf("value %d is %v, want %v", i, p.Value(got[0])[i], w)
				}
			}

			// And once more through a file: what was read is written the same.
			b, err := exchange.Export(name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
				x := graph.New().Input("x", append([]int{n["batch"]}, m.shape...)...)
				y, err := net.Apply(exchange.Port{Name: "x", Node: x, Image: m.image})
				if err != nil {
					t.Fatal(err)
				}
				if m.imaged {
					y[0] = graph.Transpose(y[0], 0, 2, 3, 1)
				}
				return []exchange.Port{{Name: "x", Node: x, Image: m.image}}, []exchange.Port{{Name: "y", Node: y[0], Image: m.imaged}}
			})
			if err != nil {
				t.Fatal(err)
			}
			if again, err := b.Encode(); err != nil || !bytes.Equal(again, file) {
				t.Errorf("written again, the file differs (%v)", err)
			}
		})
	}
}

// A model from a file trains; its running statistics stay as they are.
func TestTrainImported(t *testing.T) {
	m := models()["discriminator"]
	net := load(t, export(t, m, "discriminator", 1))
	g := graph.New()
	x := g.Input("x", 4, 8, 8, 2)
	if first, last := trained(t, net, x, true); last > first/10 {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	for name, was := range net.Model.StateDict() {
		for _, p := range net.Params.All() {
			if p.Name != name {
				continue
			}
			moved := false
			for i, v := range p.Export().F {
				moved = moved || v != was.F[i]
			}
			if moved == p.Buffer {
				t.Errorf("%s: moved %v, buffer %v", name, moved, p.Buffer)
			}
		}
	}
}

func TestApplyErrors(t *testing.T) {
	m := models()["discriminator"]
	net := load(t, export(t, m, "discriminator", 1))
	g := graph.New()
	for _, c := range []struct {
		in   []exchange.Port
		want string
	}{
		{nil, "input x, float[batch, 2, 8, 8], is not given"},
		{[]exchange.Port{{Name: "x", Node: g.Input("a", 1, 2, 8, 9)}}, "input x is float[batch, 2, 8, 8], not (1, 2, 8, 9)"},
		{[]exchange.Port{{Name: "x", Node: g.Input("b", 1, 8, 8, 3), Image: true}}, "not (1, 8, 8, 3)"},
		{[]exchange.Port{{Name: "x", Node: g.Input("c", 1, 2), Image: true}}, "not (1, 2)"},
		{[]exchange.Port{{Name: "x", Node: g.Input("d", 1, 2, 8, 8)}, {Name: "z", Node: g.Input("e", 1)}}, "the model has 1 inputs, 2 are given"},
	} {
		_, err := net.Apply(c.in...)
		if err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("%v: got %v", c.in, err)
		}
	}
}

// Files that decode but make no sense are errors that name the node.
func TestBadModels(t *testing.T) {
	for _, c := range []struct {
		op    string
		attrs []onnx.Attr
		want  string
	}{
		{"Sinhx", nil, `node "Sinhx_0" (Sinhx, opset 17): the operator is not supported`},
		{"Sinh", nil, `node "Sinh_0" (Sinh, opset 17): it needs the value of float of shape (1, 2, 4, 4), which depends on the model's inputs`},
		{"Gelu", nil, `node "Gelu_0" (Gelu, opset 17): the operator is supported from opset 20 on; export with a later one`},
		{"LeakyRelu", []onnx.Attr{onnx.AttrFloat("beta", 1)}, `attribute "beta" is not supported`},
		{"LeakyRelu", []onnx.Attr{onnx.AttrInt("alpha", 1)}, "attribute alpha is of type"},
		{"MaxPool", []onnx.Attr{onnx.AttrInts("kernel_shape", 9, 9)}, "MaxPool"},
		{"MaxPool", []onnx.Attr{onnx.AttrInts("kernel_shape", 2, 2), onnx.AttrInts("strides", -1, 1)}, "strides"},
		{"Transpose", []onnx.Attr{onnx.AttrInts("perm", 0, 0, 1, 2)}, "perm [0 0 1 2]"},
		{"Conv", nil, "it has 1 inputs"},
		{"Softmax", []onnx.Attr{onnx.AttrInt("axis", 4)}, "axis 4 of 4 axes"},
		{"Flatten", []onnx.Attr{onnx.AttrInt("axis", 7)}, "axis is 7"},
	} {
		b := onnx.NewBuilder("bad", onnx.DefaultOpset)
		x := b.AddInput("x", 1, onnx.Named("batch"), onnx.Fixed(2), onnx.Fixed(4), onnx.Fixed(4))
		b.AddOutput("y", b.Op(c.op, []string{x}, c.attrs...), 1)
		file, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = load(t, file).Apply(exchange.Port{Name: "x", Node: graph.New().Input("x", 1, 2, 4, 4)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.op, err, c.want)
		}
	}
}
