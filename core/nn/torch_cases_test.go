package nn_test

import (
	"lab/core/graph"
	"lab/core/nn"
)

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
