package exchange_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

// sized is a model with more than one free axis.
type sized struct {
	*nn.Scope
	free  []exchange.Free
	build exchange.Model
	ops   string // with the default opset
	other exchange.Sizes
}

var batchAndSequence = append(exchange.Batch, exchange.Free{Name: "sequence", Sizes: [2]int{5, 7}})

// sizedModels are: PyTorch's encoder layer, a GPT, an encoder and decoder, a net of every
// norm and pool, over images and over sequences, and the gradients of a loss.
func sizedModels() map[string]sized {
	r := rand.New(rand.NewPCG(1, 2))
	config := nn.TransformerDefaults(12, 3)
	config.Hidden, config.Dropout = 20, 0
	all := map[string]sized{}

	e := nn.NewScope(r)
	layer := nn.NewTransformerEncoderLayer(e, config)
	all["encoder"] = sized{e, batchAndSequence, func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		x, mask := g.Input("x", n["batch"], n["sequence"], 12), g.Input("mask", n["batch"], n["sequence"])
		y := layer.Forward(x, mask, graph.AttentionAttr{}, false)
		return []exchange.Port{{Name: "x", Node: x}, {Name: "mask", Node: mask}}, []exchange.Port{{Name: "y", Node: y}}
	}, "Transpose MatMul Add Reshape Gather Transpose Gather Transpose Gather Transpose MatMul Mul Unsqueeze Cast Where Softmax Where MatMul Transpose Reshape " +
		"Transpose MatMul Add Add LayerNormalization Transpose MatMul Add Relu Transpose MatMul Add Add LayerNormalization",
		exchange.Sizes{"batch": 4, "sequence": 9}}

	d := nn.NewScope(r)
	block := config
	block.Gelu, block.NormFirst, block.Rotary = true, true, nn.NewRotary(16, 4, 10000)
	token, place := nn.NewPaddedEmbedding(d.Sub("token"), 11, 12, 0), nn.NewLearnedPositions(d.Sub("position"), 16, 12)
	body, head := nn.NewTransformerEncoder(d.Sub("body"), 2, block), nn.NewLinear(d.Sub("head"), 12, 11, false)
	all["gpt"] = sized{d, batchAndSequence, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("tokens", n["batch"], n["sequence"])
		y := head.Forward(body.Forward(place.Forward(token.Forward(x)), nil, graph.AttentionAttr{Causal: true, Window: 4}, false))
		return []exchange.Port{{Name: "tokens", Node: x, Whole: true}}, []exchange.Port{{Name: "logits", Node: y}, {Name: "p", Node: graph.Softmax(y)}}
	}, "", exchange.Sizes{"batch": 1, "sequence": 16}}

	t := nn.NewScope(r)
	encoder, decoder := nn.NewTransformerEncoderLayer(t.Sub("encoder"), config), nn.NewTransformerDecoderLayer(t.Sub("decoder"), config)
	waves, pick := nn.NewSinusoids(16, 12), nn.NewAdditiveAttention(t.Sub("pick"), 12, 12, 6)
	all["translator"] = sized{t, append(batchAndSequence, exchange.Free{Name: "source", Sizes: [2]int{11, 13}}), func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		x, source := g.Input("x", n["batch"], n["sequence"], 12), g.Input("source", n["batch"], n["source"], 12)
		memory := encoder.Forward(waves.Forward(source), nil, graph.AttentionAttr{}, false)
		y := decoder.Forward(waves.Forward(x), memory, nn.Masks{}, graph.AttentionAttr{Causal: true}, false)
		y, p := pick.Forward(y, memory, nil)
		return []exchange.Port{{Name: "x", Node: x}, {Name: "source", Node: source}},
			[]exchange.Port{{Name: "y", Node: y}, {Name: "p", Node: p}, {Name: "mean", Node: graph.Mean(y, 1)}}
	}, "", exchange.Sizes{"batch": 3, "sequence": 4, "source": 6}}

	c := nn.NewScope(r)
	conv := nn.NewConv2d(c.Sub("conv"), 3, 8, nn.Rectangle{Kernel: [2]int{3, 5}, Padding: [2]int{1, 2}, Mode: nn.Reflect}, true)
	groups, instance, batch := nn.NewGroupNorm(c.Sub("gn"), 2, 8), nn.NewInstanceNorm(c.Sub("in"), 8, true), nn.NewBatchNorm(c.Sub("bn"), 8)
	plain, own := nn.NewGroupNorm(c.Sub("plain"), 4, 8, nn.NoAffine), nn.NewBatchNorm(c.Sub("own"), 8, nn.NoRunningStats)
	out := nn.NewLinear(c.Sub("fc"), 8, 3, true)
	all["images"] = sized{c, append(exchange.Batch, exchange.Free{Name: "height", Sizes: [2]int{8, 12}}, exchange.Free{Name: "width", Sizes: [2]int{10, 14}}), func(n exchange.Sizes) (in, ports []exchange.Port) {
		x := graph.New().Input("x", n["batch"], n["height"], n["width"], 3)
		h := graph.Silu(own.Forward(groups.Forward(conv.Forward(x)), true))
		h = graph.Elu(instance.Forward(nn.AvgPool2d(h, 2)), 1)
		h = graph.Gelu(plain.Forward(batch.Forward(nn.MaxPool2d(h, 2), false)))
		y := graph.LogSoftmax(out.Forward(nn.GlobalAvgPool2d(h)))
		return []exchange.Port{{Name: "x", Node: x, Image: true}}, []exchange.Port{{Name: "y", Node: y}}
	}, "", exchange.Sizes{"batch": 3, "height": 16, "width": 10}}

	s := nn.NewScope(r)
	line, up := nn.NewConv1d(s.Sub("conv"), 4, 6, nn.Geometry{Kernel: 3, Stride: 2, Padding: 1}, true), nn.NewConvTranspose1d(s.Sub("up"), 6, 4, nn.Geometry{Kernel: 4, Stride: 2, Padding: 1}, false)
	last, rms, scale := nn.NewLayerNorm(s.Sub("ln"), []int{4}, nn.NoBias), nn.NewRMSNorm(s.Sub("rms"), []int{6}), nn.NewPRelu(s.Sub("prelu"), 6)
	all["sequences"] = sized{s, batchAndSequence, func(n exchange.Sizes) (in, ports []exchange.Port) {
		x := graph.New().Input("x", n["batch"], n["sequence"], 4)
		h := scale.Forward(rms.Forward(line.Forward(x)))
		y := last.Forward(nn.Mish(up.Forward(h)))
		return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "y", Node: y}, {Name: "last", Node: graph.Amax(graph.Clip(y, -1, 1), 1)}}
	}, "", exchange.Sizes{"batch": 2, "sequence": 12}}

	u := nn.NewScope(r)
	lstm, gru, rnn := nn.NewRecurrent(u.Sub("lstm"), nn.LSTM, 4, 3, 2, true), nn.NewRecurrent(u.Sub("gru"), nn.GRU, 6, 5, 1, false), nn.NewRecurrent(u.Sub("rnn"), nn.RNNRelu, 5, 2, 1, true)
	all["recurrent"] = sized{u, batchAndSequence, func(n exchange.Sizes) (in, ports []exchange.Port) {
		g := graph.New()
		x, h0 := g.Input("x", n["sequence"], n["batch"], 4), g.Input("h0", 1, n["batch"], 5)
		h, state := lstm.Forward(graph.Pad(graph.Pad(graph.Slice(x, 2, 1, 3, 1), 2, 1, 1), 0, 2, 0), nn.State{})
		h, end := gru.Forward(h, nn.State{H: h0})
		y, _ := rnn.Forward(h, nn.State{})
		return []exchange.Port{{Name: "x", Node: x}, {Name: "h0", Node: h0}}, []exchange.Port{{Name: "y", Node: y}, {Name: "h", Node: end.H}, {Name: "c", Node: state.C}}
	}, "", exchange.Sizes{"batch": 3, "sequence": 6}}
	// Learning is a model too: gradients of a smoothed cross-entropy, also of a stride that
	// leaves a row over, and labels that are none.
	l := nn.NewScope(r)
	halve := nn.Geometry{Kernel: 3, Stride: 2, Padding: 1}
	first, second, head2 := nn.NewConv2d(l.Sub("conv1"), 2, 4, halve, true), nn.NewConv2d(l.Sub("conv2"), 4, 3, halve, false), nn.NewLinear(l.Sub("fc"), 3*3*2, 5, true)
	all["gradients"] = sized{l, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		x, y := g.Input("x", n["batch"], 9, 8, 2), g.Input("tokens", n["batch"])
		h := graph.Relu(second.Forward(graph.Relu(first.Forward(x)))) // [N,3,2,3]
		loss := graph.CrossEntropyRows(head2.Forward(nn.Flatten(h)), y, 0.1)
		var weights []*graph.Node
		for _, p := range l.Params.Trained() {
			weights = append(weights, g.Param(p))
		}
		for i, d := range graph.Grad(loss, append(weights, x)...) {
			out = append(out, exchange.Port{Name: fmt.Sprintf("d%d", i), Node: d})
		}
		return []exchange.Port{{Name: "x", Node: x, Image: true}, {Name: "tokens", Node: y, Whole: true}}, out
	}, "", exchange.Sizes{"batch": 5}}

	for _, m := range all {
		for _, p := range m.Params.All() {
			for i := range p.Value() {
				p.Value()[i] += 0.3 * float32(r.Float64())
			}
		}
	}
	return all
}

func (m sized) encode(t *testing.T, name string, opset int) []byte {
	t.Helper()
	b, err := exchange.Export(name, opset, m.free, m.build)
	if err != nil {
		t.Fatal(err)
	}
	file, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// run computes the model, and what else of its inputs, at the given sizes.
func (m sized) run(t *testing.T, n exchange.Sizes, more func(in []exchange.Port) []*graph.Node) (in, out []exchange.Port, extra []*graph.Node, p *vm.Program) {
	t.Helper()
	if err := graph.Build(func() { in, out = m.build(n) }); err != nil {
		t.Fatal(err)
	}
	var nodes []*graph.Node
	for i := range out {
		if out[i].Image {
			t.Fatal("outputs here are no images")
		}
		nodes = append(nodes, out[i].Node)
	}
	if more != nil {
		extra = more(in)
	}
	p, err := vm.Compile(append(nodes, extra...))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, x := range in {
		v := p.Value(x.Node)
		for i := range v {
			switch {
			case x.Whole:
				v[i] = float32(r.IntN(11))
			case x.Name == "mask":
				v[i] = float32(min(1, (i+3)%4))
			default:
				v[i] = float32(r.NormFloat64())
			}
		}
	}
	p.Run()
	return in, out, extra, p
}

// A model written at some sizes and read back computes the same at others, with every
// opset's way of writing; its initialisers are the state_dict.
func TestSizes(t *testing.T) {
	for name, m := range sizedModels() {
		for _, opset := range []int{17, 18, 21, 23} {
			t.Run(fmt.Sprint(name, " opset ", opset), func(t *testing.T) {
				net := load(t, m.encode(t, name, opset))
				if err := m.Params.LoadStateDict(net.Model.StateDict()); err != nil || len(net.Model.StateDict()) != len(m.Params.All()) {
					t.Errorf("%d initialisers for %d parameters: %v", len(net.Model.StateDict()), len(m.Params.All()), err)
				}
				var ops []string
				for _, n := range net.Model.Nodes {
					ops = append(ops, n.Op)
				}
				if got := strings.Join(ops, " "); m.ops != "" && got != m.ops {
					t.Errorf("operators %s\nwant %s", got, m.ops)
				}
				_, out, got, p := m.run(t, m.other, func(in []exchange.Port) []*graph.Node {
					y, err := net.Apply(in...)
					if err != nil {
						t.Fatal(err)
					}
					return y
				})
				for k := range out {
					for i, w := range p.Value(out[k].Node) {
						if d := math.Abs(float64(p.Value(got[k])[i] - w)); !(d <= 1e-5*(1+math.Abs(float64(w)))) {
							t.Fatalf("output %s, value %d is %v, want %v", out[k].Name, i, p.Value(got[k])[i], w)
						}
					}
				}
			})
		}
	}
}

// What follows no free size, or takes another form, is an error and no wrong file.
func TestSizesErrors(t *testing.T) {
	input := func(n exchange.Sizes) *graph.Node { return graph.New().Input("x", n["batch"], n["sequence"]) }
	for want, f := range map[string]func(n exchange.Sizes) *graph.Node{
		"a constant of shape (5, 5) depends on a free size sequence": func(n exchange.Sizes) *graph.Node {
			x, s := input(n), n["sequence"]
			return graph.MatMul(x, x.Graph().Const(tensor.New(tensor.Shape{s, s}, nil)))
		},
		"a constant of shape () depends on a free size": func(n exchange.Sizes) *graph.Node {
			return graph.Scale(input(n), 1/float64(n["sequence"]-1))
		},
		"the model is another one at another size of sequence": func(n exchange.Sizes) *graph.Node {
			x := input(n)
			for range n["sequence"] {
				x = graph.Tanh(x)
			}
			return x
		},
	} {
		_, err := exchange.Export("bad", onnx.DefaultOpset, batchAndSequence, func(n exchange.Sizes) (in, out []exchange.Port) {
			y := f(n)
			return []exchange.Port{{Name: "x", Node: y.Graph().Nodes()[0]}}, []exchange.Port{{Name: "y", Node: y}}
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestSizesPython has ONNX Runtime compute the models at other sizes than they were
// written at, and PyTorch load the encoder layer by load_state_dict(strict=True).
func TestSizesPython(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	dir := t.TempDir()
	for name, m := range sizedModels() {
		in, out, _, p := m.run(t, m.other, nil)
		values := map[string]*tensor.Tensor{}
		for _, x := range in {
			v := tensor.New(x.Node.Shape(), p.Value(x.Node))
			if x.Image {
				v = v.Transpose(0, 3, 1, 2)
			}
			if x.Whole {
				whole := tensor.NewInt(v.Shape, nil)
				for i, f := range v.F {
					whole.I[i] = int64(f)
				}
				v = whole
			}
			values["in."+x.Name] = v
		}
		for _, y := range out {
			values["out."+y.Name] = tensor.New(y.Node.Shape(), p.Value(y.Node))
		}
		if err := onnx.WriteSafetensors(filepath.Join(dir, name+".safetensors"), values, nil); err != nil {
			t.Fatal(err)
		}
		for _, opset := range []int{17, 21, 23} {
			file := filepath.Join(dir, fmt.Sprintf("%s.%d.onnx", name, opset))
			if err := os.WriteFile(file, m.encode(t, name, opset), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	said, err := exec.Command(python, "testdata/sizes.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("%s", said)
}
