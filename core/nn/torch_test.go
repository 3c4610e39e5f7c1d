package nn_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// testdata/torch holds what PyTorch computes, written by testdata/make.py in float64.

// layout is how a file's tensor lies in a graph.
type layout []int

var (
	asIs  layout
	image = layout{0, 2, 3, 1} // NCHW in the file
	seq   = layout{0, 2, 1}    // NCL
)

func (l layout) in(t *tensor.Tensor) []float32 {
	if l == nil {
		return t.F
	}
	return t.Transpose(l...).F
}

func (l layout) shape(s tensor.Shape) tensor.Shape {
	if l == nil {
		return s
	}
	out := make(tensor.Shape, len(l))
	for i, a := range l {
		out[i] = s[a]
	}
	return out
}

// torchCase is a layer or loss that a file of its name holds the numbers of.
type torchCase struct {
	in, out layout // of the inputs, but those with other axes, and of the result
	build   func(s *nn.Scope) func(x []*graph.Node) *graph.Node
}

// layer is a case of one input.
func layer(l layout, build func(s *nn.Scope) func(x *graph.Node) *graph.Node) torchCase {
	return torchCase{l, l, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
		f := build(s)
		return func(x []*graph.Node) *graph.Node { return f(x[0]) }
	}}
}

// function is a case without parameters.
func function(in, out layout, f func(x []*graph.Node) *graph.Node) torchCase {
	return torchCase{in, out, func(*nn.Scope) func([]*graph.Node) *graph.Node { return f }}
}

func unary(in, out layout, f func(x *graph.Node) *graph.Node) torchCase {
	return function(in, out, func(x []*graph.Node) *graph.Node { return f(x[0]) })
}

func conv2d(in, out int, w nn.Window, bias bool) torchCase {
	return layer(image, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewConv2d(s, in, out, w, bias).Forward })
}

func batchNorm(l layout, train bool, options ...nn.NormOption) torchCase {
	return layer(l, func(s *nn.Scope) func(*graph.Node) *graph.Node {
		b := nn.NewBatchNorm(s, 4, options...)
		return func(x *graph.Node) *graph.Node { return b.Forward(x, train) }
	})
}

func attention(bias bool, f func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node) torchCase {
	return torchCase{nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
		m := nn.NewMultiheadAttention(s, 6, 2, 0, bias)
		return func(x []*graph.Node) *graph.Node { return f(m, x) }
	}}
}

// transformer is PyTorch's layer with hidden width 8, width 6 and no dropout.
func transformer(heads int) nn.Transformer {
	t := nn.TransformerDefaults(6, heads)
	t.Hidden, t.Dropout = 8, 0
	return t
}

var causal = graph.AttentionAttr{Causal: true}

func torchCases() map[string]torchCase {
	return map[string]torchCase{
		"linear":           layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewLinear(s, 4, 3, true).Forward }),
		"conv2d":           conv2d(4, 6, nn.Rectangle{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, Groups: 2}, true),
		"conv2d-same":      conv2d(4, 3, nn.Rectangle{Kernel: [2]int{2, 3}, Dilation: [2]int{1, 2}, Same: true}, false),
		"conv2d-depthwise": conv2d(4, 8, nn.Geometry{Kernel: 3, Padding: 1, Groups: 4}, true),
		"conv2d-circular":  conv2d(4, 2, nn.Rectangle{Kernel: [2]int{3, 3}, Padding: [2]int{2, 1}, Mode: nn.Circular}, true),
		"conv2d-reflect":   conv2d(4, 2, nn.Rectangle{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 2}, Mode: nn.Reflect}, true),
		"conv1d": layer(seq, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewConv1d(s, 4, 6, nn.Geometry{Kernel: 3, Stride: 2, Padding: 1, Dilation: 2, Groups: 2}, true).Forward
		}),
		"conv1d-same": layer(seq, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewConv1d(s, 4, 3, nn.Geometry{Kernel: 4, Same: true, Mode: nn.Circular}, true).Forward
		}),
		"convtranspose2d": layer(image, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewConvTranspose2d(s, 4, 6, nn.Rectangle{Kernel: [2]int{3, 2}, Stride: [2]int{2, 3}, Padding: [2]int{1, 0}, OutputPadding: [2]int{1, 2}, Groups: 2}, true).Forward
		}),
		"convtranspose2d-dilated": layer(image, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewConvTranspose2d(s, 4, 2, nn.Rectangle{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, OutputPadding: [2]int{0, 1}, Dilation: [2]int{1, 2}}, false).Forward
		}),
		"convtranspose1d": layer(seq, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewConvTranspose1d(s, 4, 3, nn.Geometry{Kernel: 4, Stride: 2, Padding: 1, OutputPadding: 1}, true).Forward
		}),

		"batchnorm1d":            batchNorm(nil, true),
		"batchnorm2d":            batchNorm(image, true),
		"batchnorm2d-eval":       batchNorm(image, false),
		"batchnorm2d-plain":      batchNorm(image, false, nn.NoAffine, nn.NoRunningStats),
		"batchnorm2d-cumulative": batchNorm(image, true, nn.CumulativeAverage),
		"layernorm":              layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewLayerNorm(s, []int{5}).Forward }),
		"layernorm-axes": layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewLayerNorm(s, []int{3, 5}, nn.NoBias).Forward
		}),
		"layernorm-plain": layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewLayerNorm(s, []int{5}, nn.NoAffine).Forward
		}),
		"rmsnorm":   layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewRMSNorm(s, []int{5}).Forward }),
		"groupnorm": layer(image, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewGroupNorm(s, 2, 4).Forward }),
		"groupnorm-one": layer(seq, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewGroupNorm(s, 1, 4, nn.NoAffine).Forward
		}),
		"instancenorm2d": layer(image, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewInstanceNorm(s, 4, false).Forward }),
		"instancenorm1d": layer(seq, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewInstanceNorm(s, 4, true).Forward }),

		"embedding": layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewEmbedding(s, 5, 3).Forward }),
		"embedding-padded": layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node {
			return nn.NewPaddedEmbedding(s, 5, 3, 2).Forward
		}),
		"attention": attention(true, func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node {
			return m.Forward(x[0], nil, graph.AttentionAttr{}, true)
		}),
		"attention-causal": attention(false, func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node {
			return m.Forward(x[0], nil, causal, true)
		}),
		"attention-window": attention(true, func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node {
			return m.Forward(x[0], nil, graph.AttentionAttr{Causal: true, Window: 2}, true)
		}),
		"attention-masked": attention(true, func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node {
			return m.Forward(x[0], x[1], graph.AttentionAttr{}, true)
		}),
		"attention-cross": attention(true, func(m *nn.MultiheadAttention, x []*graph.Node) *graph.Node {
			return m.Cross(x[0], x[1], x[2], graph.AttentionAttr{}, true)
		}),
		"encoderlayer": {nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
			l := nn.NewTransformerEncoderLayer(s, transformer(2))
			return func(x []*graph.Node) *graph.Node { return l.Forward(x[0], x[1], graph.AttentionAttr{}, true) }
		}},
		"encoder-gelu": {nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
			t := transformer(3)
			t.Gelu, t.NormFirst, t.NoBias = true, true, true
			e := nn.NewTransformerEncoder(s, 2, t)
			return func(x []*graph.Node) *graph.Node { return e.Forward(x[0], nil, causal, true) }
		}},
		"decoderlayer": {nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
			l := nn.NewTransformerDecoderLayer(s, transformer(2))
			return func(x []*graph.Node) *graph.Node { return l.Forward(x[0], x[1], nn.Masks{Memory: x[2]}, causal, true) }
		}},
		"decoderlayer-first": {nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
			t := transformer(2)
			t.Gelu, t.NormFirst = true, true
			l := nn.NewTransformerDecoderLayer(s, t)
			return func(x []*graph.Node) *graph.Node {
				return l.Forward(x[0], x[1], nn.Masks{}, graph.AttentionAttr{}, true)
			}
		}},
		"additive": {nil, nil, func(s *nn.Scope) func([]*graph.Node) *graph.Node {
			a := nn.NewAdditiveAttention(s, 4, 3, 5)
			return func(x []*graph.Node) *graph.Node {
				y, _ := a.Forward(x[0], x[1], x[2])
				return y
			}
		}},
		"sinusoids": unary(nil, nil, nn.NewSinusoids(9, 6).Forward),
		"rotary":    unary(nil, nil, nn.NewRotary(9, 6, 10000).Forward),

		"maxpool1d":              unary(seq, seq, func(x *graph.Node) *graph.Node { return nn.MaxPool1d(x, 3, 2, 1) }),
		"maxpool2d":              unary(image, image, func(x *graph.Node) *graph.Node { return nn.MaxPool2d(x, 2) }),
		"avgpool1d":              unary(seq, seq, func(x *graph.Node) *graph.Node { return nn.AvgPool1d(x, 3, 2, 1) }),
		"avgpool2d":              unary(image, image, func(x *graph.Node) *graph.Node { return nn.AvgPool2d(x, 2) }),
		"adaptiveavgpool2d":      unary(image, image, func(x *graph.Node) *graph.Node { return nn.AdaptiveAvgPool2d(x, 3, 4) }),
		"adaptiveavgpool2d-even": unary(image, image, func(x *graph.Node) *graph.Node { return nn.AdaptiveAvgPool2d(x, 5, 3) }),
		"globalavgpool2d":        unary(image, nil, nn.GlobalAvgPool2d),
		"globalmaxpool2d":        unary(image, nil, nn.GlobalMaxPool2d),
		"flatten":                unary(image, nil, nn.Flatten),
		"prelu":                  layer(nil, func(s *nn.Scope) func(*graph.Node) *graph.Node { return nn.NewPRelu(s, 4).Forward }),
		"mish":                   unary(nil, nil, nn.Mish),
		"selu":                   unary(nil, nil, nn.Selu),
		"glu":                    unary(nil, nil, nn.Glu),

		"mse":           loss(nn.MSE),
		"mse-sum":       loss(nn.MSE, nn.ReduceSum),
		"mse-none":      loss(nn.MSE, nn.ReduceNone),
		"l1":            loss(nn.L1),
		"huber":         function(nil, nil, func(x []*graph.Node) *graph.Node { return nn.Huber(x[0], x[1], 0.7) }),
		"smoothl1":      function(nil, nil, func(x []*graph.Node) *graph.Node { return nn.SmoothL1(x[0], x[1], 0.6, nn.ReduceSum) }),
		"bce":           loss(nn.BCE),
		"bcewithlogits": loss(nn.BCEWithLogits),
		"bcewithlogits-posweight": function(nil, nil, func(x []*graph.Node) *graph.Node {
			return nn.BCEWithLogits(x[0], x[1], nn.PosWeight(x[2]), nn.ReduceSum)
		}),
		"crossentropy":           loss(nn.CrossEntropy),
		"crossentropy-smooth":    loss(nn.CrossEntropy, nn.LabelSmoothing(0.1), nn.IgnoreIndex(3)),
		"crossentropy-weights":   weighted(nn.CrossEntropy),
		"crossentropy-all":       weighted(nn.CrossEntropy, nn.LabelSmoothing(0.2)),
		"crossentropy-none":      weighted(nn.CrossEntropy, nn.LabelSmoothing(0.2), nn.ReduceNone),
		"crossentropy-tokens":    loss(nn.CrossEntropy, nn.ReduceNone),
		"crossentropy-probs":     loss(nn.CrossEntropy),
		"crossentropy-probs-all": weighted(nn.CrossEntropy, nn.LabelSmoothing(0.2)),
		"nll":                    loss(nn.NLL),
		"nll-weights":            weighted(nn.NLL),
		"kldiv":                  loss(nn.KLDiv),
		"kldiv-log":              loss(nn.KLDiv, nn.LogTarget(), nn.ReduceBatchMean),
		"hingeembedding":         function(nil, nil, func(x []*graph.Node) *graph.Node { return nn.HingeEmbedding(x[0], x[1], 0.8) }),
		"triplet":                function(nil, nil, func(x []*graph.Node) *graph.Node { return nn.TripletMargin(x[0], x[1], x[2], 1) }),
		"cosineembedding":        function(nil, nil, func(x []*graph.Node) *graph.Node { return nn.CosineEmbedding(x[0], x[1], x[2], -0.2) }),
	}
}

type lossFunc = func(x, t *graph.Node, options ...nn.LossOption) *graph.Node

func loss(f lossFunc, options ...nn.LossOption) torchCase {
	return function(nil, nil, func(x []*graph.Node) *graph.Node { return f(x[0], x[1], options...) })
}

// weighted is a loss whose third input are class weights.
func weighted(f lossFunc, options ...nn.LossOption) torchCase {
	return function(nil, nil, func(x []*graph.Node) *graph.Node {
		return f(x[0], x[1], append(options, nn.ClassWeights(x[2]))...)
	})
}

// TestTorch compares values, gradients, gradients of the gradients' squares, and
// buffers with PyTorch's.
func TestTorch(t *testing.T) {
	cases := torchCases()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { c.check(t, read(t, name)) })
	}
	files, _ := filepath.Glob("testdata/torch/*.safetensors")
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".safetensors")
		if _, ok := cases[name]; !ok && name != "maml" {
			t.Errorf("%s belongs to no case", f)
		}
	}
}

func read(t *testing.T, name string) map[string]*tensor.Tensor {
	t.Helper()
	ws, _, err := onnx.ReadSafetensors(filepath.Join("testdata", "torch", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	d := map[string]*tensor.Tensor{}
	for _, w := range ws {
		d[w.Name] = w.Tensor
	}
	return d
}

// under is the tensors whose names begin with the prefix, without it.
func under(d map[string]*tensor.Tensor, prefix string) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for name, v := range d {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = v
		}
	}
	return out
}

func (c torchCase) check(t *testing.T, file map[string]*tensor.Tensor) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	forward := c.build(s)
	state := under(file, "param.")
	if err := s.Params.LoadStateDict(state); err != nil {
		t.Fatal(err)
	}
	for name := range state {
		if _, ok := s.Params.StateDict()[name]; !ok && !strings.HasSuffix(name, "num_batches_tracked") {
			t.Errorf("PyTorch's state has %s, ours has not", name)
		}
	}

	g := graph.New()
	var in []*graph.Node
	for i := 0; file["x"+string(rune('0'+i))] != nil; i++ {
		name := "x" + string(rune('0'+i))
		in = append(in, g.Input(name, c.layoutOf(file[name]).shape(file[name].Shape)...))
	}
	y := forward(in)
	dy := g.Const(tensor.New(y.Shape(), c.out.in(file["dy"])))

	// What the file has a gradient of, in the order of the nodes.
	var leaves []*graph.Node
	var names []string
	for _, x := range in {
		if file["d"+x.Name()] != nil {
			leaves, names = append(leaves, x), append(names, x.Name())
		}
	}
	for _, p := range s.Params.Trained() {
		leaves, names = append(leaves, g.Param(p)), append(names, "grad."+p.Name)
	}
	grads := graph.GradWith(y, dy, leaves...)
	var squares *graph.Node
	for _, d := range grads {
		if q := graph.Sum(graph.Square(d)); squares == nil {
			squares = q
		} else {
			squares = graph.Add(squares, q)
		}
	}
	second := graph.Grad(squares, leaves...)

	p, err := vm.Compile(append(append([]*graph.Node{y}, grads...), second...))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range in {
		copy(p.Value(x), c.layoutOf(file[x.Name()]).in(file[x.Name()]))
	}
	p.Run()
	same(t, "y", p.Value(y), c.out.in(file["y"]), 1e-5)
	for i, n := range leaves {
		want := func(prefix string) []float32 {
			if q := n.Param(); q != nil {
				return toGraph(q, file[strings.TrimPrefix(prefix, "d")+names[i]])
			}
			return c.layoutOf(file[names[i]]).in(file[prefix+names[i]])
		}
		same(t, "gradient of "+names[i], p.Value(grads[i]), want("d"), 1e-5)
		if file["h"+names[i]] != nil {
			same(t, "second gradient of "+names[i], p.Value(second[i]), want("h"), 2e-5)
		}
	}
	after := s.Params.StateDict()
	for name, want := range under(file, "after.") {
		if got := after[name]; got != nil {
			if want.F == nil {
				want = tensor.New(want.Shape, []float32{float32(want.I[0])})
			}
			same(t, name+" afterwards", got.F, want.F, 1e-6)
		}
	}
}

// layoutOf is the layout of an input: those with other axes than c.in are as they are.
func (c torchCase) layoutOf(x *tensor.Tensor) layout {
	if len(x.Shape) == len(c.in) {
		return c.in
	}
	return nil
}

// toGraph is a tensor of the parameter's file layout in its own.
func toGraph(p *graph.Param, x *tensor.Tensor) []float32 {
	if p.Perm == nil {
		return x.F
	}
	back := make([]int, len(p.Perm))
	for i, a := range p.Perm {
		back[a] = i
	}
	return x.Transpose(back...).F
}

// same compares relative to the greatest element.
func same(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	scale := 1e-2 // what is zero but for rounding is not to be compared with itself
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	worst, at := 0.0, -1
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= worst) {
			worst, at = d, i
		}
	}
	if os.Getenv("LAB_VERBOSE") != "" {
		t.Logf("%s: within %.1e", what, worst/scale)
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: element %d is %v, want %v (off by %.1e of the greatest)", what, at, got[at], want[at], worst/scale)
	}
}
