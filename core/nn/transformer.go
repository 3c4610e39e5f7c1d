package nn

import (
	"strconv"

	"lab/core/graph"
)

// Transformer says how the layers of a transformer are made. Start from
// [TransformerDefaults].
type Transformer struct {
	Width, Heads int     // d_model, nhead
	Hidden       int     // dim_feedforward
	Dropout      float64 // of probabilities, of both sublayers' results and in between
	Gelu         bool    // instead of ReLU: activation="gelu"
	NormFirst    bool    // each sublayer is x + f(norm(x)), not norm(x + f(x))
	Eps          float64 // of the norms
	NoBias       bool    // bias=False
	Rotary       *Rotary // of self-attention's queries and keys
}

// TransformerDefaults are those of PyTorch: hidden width 2048, dropout 0.1, ReLU, norms
// after the sublayers with eps 1e-5.
func TransformerDefaults(width, heads int) Transformer {
	return Transformer{Width: width, Heads: heads, Hidden: 2048, Dropout: 0.1, Eps: 1e-5}
}

func (t Transformer) attention(s *Scope) *MultiheadAttention {
	return NewMultiheadAttention(s, t.Width, t.Heads, t.Dropout, !t.NoBias)
}

func (t Transformer) norm(s *Scope) *LayerNorm {
	var options []NormOption
	if t.NoBias {
		options = append(options, NoBias)
	}
	n := NewLayerNorm(s, []int{t.Width}, options...)
	n.Eps = t.Eps
	return n
}

// around is one sublayer with its residual, norm and dropout.
func (t Transformer) around(x *graph.Node, norm *LayerNorm, drop *Dropout, train bool, f func(x *graph.Node) *graph.Node) *graph.Node {
	if t.NormFirst {
		return graph.Add(x, drop.Forward(f(norm.Forward(x)), train))
	}
	return norm.Forward(graph.Add(x, drop.Forward(f(x), train)))
}

// FeedForward is the second sublayer: linear2(dropout(activation(linear1(x)))).
type FeedForward struct {
	Linear1, Linear2 *Linear
	Dropout          *Dropout
	gelu             bool
}

func (t Transformer) feedForward(s *Scope) *FeedForward {
	return &FeedForward{NewLinear(s.Sub("linear1"), t.Width, t.Hidden, !t.NoBias), NewLinear(s.Sub("linear2"), t.Hidden, t.Width, !t.NoBias),
		NewDropout(s.Sub("dropout"), t.Dropout), t.Gelu}
}

// Forward maps [...,Width] to itself.
func (f *FeedForward) Forward(x *graph.Node, train bool) *graph.Node {
	h := f.Linear1.Forward(x)
	if f.gelu {
		h = graph.Gelu(h)
	} else {
		h = graph.Relu(h)
	}
	return f.Linear2.Forward(f.Dropout.Forward(h, train))
}

// TransformerEncoderLayer is torch.nn.TransformerEncoderLayer with batch_first=True:
// self-attention and a feed-forward network, each with residual and norm. Causal, it
// is the block of a GPT. Its parts are named self_attn, linear1, linear2, norm1, norm2.
type TransformerEncoderLayer struct {
	Attention    *MultiheadAttention
	FeedForward  *FeedForward
	Norm1, Norm2 *LayerNorm

	t            Transformer
	drop1, drop2 *Dropout
}

// NewTransformerEncoderLayer makes one.
func NewTransformerEncoderLayer(s *Scope, t Transformer) *TransformerEncoderLayer {
	l := &TransformerEncoderLayer{Attention: t.attention(s.Sub("self_attn")), FeedForward: t.feedForward(s),
		Norm1: t.norm(s.Sub("norm1")), Norm2: t.norm(s.Sub("norm2")), t: t,
		drop1: NewDropout(s.Sub("dropout1"), t.Dropout), drop2: NewDropout(s.Sub("dropout2"), t.Dropout)}
	l.Attention.Rotary = t.Rotary
	return l
}

// Forward maps [B,T,Width] to itself; mask and a as for [MultiheadAttention.Forward].
func (l *TransformerEncoderLayer) Forward(x, mask *graph.Node, a graph.AttentionAttr, train bool) *graph.Node {
	x = l.t.around(x, l.Norm1, l.drop1, train, func(x *graph.Node) *graph.Node { return l.Attention.Forward(x, mask, a, train) })
	return l.t.around(x, l.Norm2, l.drop2, train, func(x *graph.Node) *graph.Node { return l.FeedForward.Forward(x, train) })
}

// Decode is Forward, causal and without dropout, for the newest token of each sequence,
// x [B,1,Width]; see [MultiheadAttention.Decode].
func (l *TransformerEncoderLayer) Decode(x *graph.Node, cache *Cache, window int) *graph.Node {
	x = l.t.around(x, l.Norm1, l.drop1, false, func(x *graph.Node) *graph.Node { return l.Attention.Decode(x, cache, window) })
	return l.t.around(x, l.Norm2, l.drop2, false, func(x *graph.Node) *graph.Node { return l.FeedForward.Forward(x, false) })
}

// TransformerEncoder is torch.nn.TransformerEncoder: layers named layers.0, layers.1,
// …, and a norm in the end where the layers' come first.
type TransformerEncoder struct {
	Layers []*TransformerEncoderLayer
	Norm   *LayerNorm // nil without
}

// NewTransformerEncoder makes one of depth layers.
func NewTransformerEncoder(s *Scope, depth int, t Transformer) *TransformerEncoder {
	e := &TransformerEncoder{}
	for i := range depth {
		e.Layers = append(e.Layers, NewTransformerEncoderLayer(s.Sub("layers").Sub(strconv.Itoa(i)), t))
	}
	if t.NormFirst {
		e.Norm = t.norm(s.Sub("norm"))
	}
	return e
}

// Forward maps [B,T,Width] to itself; mask and a as for [MultiheadAttention.Forward].
func (e *TransformerEncoder) Forward(x, mask *graph.Node, a graph.AttentionAttr, train bool) *graph.Node {
	for _, l := range e.Layers {
		x = l.Forward(x, mask, a, train)
	}
	return e.end(x)
}

// Decode is Forward for the newest token of each sequence; see
// [MultiheadAttention.Decode].
func (e *TransformerEncoder) Decode(x *graph.Node, cache *Cache, window int) *graph.Node {
	for _, l := range e.Layers {
		x = l.Decode(x, cache, window)
	}
	return e.end(x)
}

func (e *TransformerEncoder) end(x *graph.Node) *graph.Node {
	if e.Norm == nil {
		return x
	}
	return e.Norm.Forward(x)
}
