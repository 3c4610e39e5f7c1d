package nn

import (
	"strconv"

	"lab/core/graph"
)

// TransformerDecoderLayer is torch.nn.TransformerDecoderLayer with batch_first=True:
// self-attention, attention over an encoder's result (the memory) and a feed-forward
// network, each with residual and norm. Its parts are named self_attn, multihead_attn,
// linear1, linear2, norm1, norm2, norm3.
type TransformerDecoderLayer struct {
	Attention, Cross    *MultiheadAttention
	FeedForward         *FeedForward
	Norm1, Norm2, Norm3 *LayerNorm

	t                   Transformer
	drop1, drop2, drop3 *Dropout
}

// NewTransformerDecoderLayer makes one.
func NewTransformerDecoderLayer(s *Scope, t Transformer) *TransformerDecoderLayer {
	l := &TransformerDecoderLayer{Attention: t.attention(s.Sub("self_attn")), Cross: t.attention(s.Sub("multihead_attn")), FeedForward: t.feedForward(s),
		Norm1: t.norm(s.Sub("norm1")), Norm2: t.norm(s.Sub("norm2")), Norm3: t.norm(s.Sub("norm3")), t: t,
		drop1: NewDropout(s.Sub("dropout1"), t.Dropout), drop2: NewDropout(s.Sub("dropout2"), t.Dropout), drop3: NewDropout(s.Sub("dropout3"), t.Dropout)}
	l.Attention.Rotary = t.Rotary
	return l
}

// Masks of what a decoder attends to, each 0 for tokens that nobody may see, or nil:
// Own [B,T] of its own sequence, Memory [B,S].
type Masks struct{ Own, Memory *graph.Node }

// Forward maps x [B,T,Width] to itself, given memory [B,S,Width]; a says which tokens of
// its own sequence a token may see, all earlier ones for a causal decoder.
func (l *TransformerDecoderLayer) Forward(x, memory *graph.Node, masks Masks, a graph.AttentionAttr, train bool) *graph.Node {
	x = l.t.around(x, l.Norm1, l.drop1, train, func(x *graph.Node) *graph.Node { return l.Attention.Forward(x, masks.Own, a, train) })
	return l.rest(x, memory, masks.Memory, train)
}

// Decode is Forward, causal and without dropout, for the newest token of each sequence,
// x [B,1,Width]; see [MultiheadAttention.Decode].
func (l *TransformerDecoderLayer) Decode(x, memory, memoryMask *graph.Node, cache *Cache) *graph.Node {
	x = l.t.around(x, l.Norm1, l.drop1, false, func(x *graph.Node) *graph.Node { return l.Attention.Decode(x, cache, 0) })
	return l.rest(x, memory, memoryMask, false)
}

// rest is everything after self-attention.
func (l *TransformerDecoderLayer) rest(x, memory, mask *graph.Node, train bool) *graph.Node {
	x = l.t.around(x, l.Norm2, l.drop2, train, func(x *graph.Node) *graph.Node {
		return l.Cross.Cross(x, memory, mask, graph.AttentionAttr{}, train)
	})
	return l.t.around(x, l.Norm3, l.drop3, train, func(x *graph.Node) *graph.Node { return l.FeedForward.Forward(x, train) })
}

// TransformerDecoder is torch.nn.TransformerDecoder: layers named layers.0, layers.1,
// …, and a norm in the end where the layers' come first.
type TransformerDecoder struct {
	Layers []*TransformerDecoderLayer
	Norm   *LayerNorm // nil without
}

// NewTransformerDecoder makes one of depth layers.
func NewTransformerDecoder(s *Scope, depth int, t Transformer) *TransformerDecoder {
	d := &TransformerDecoder{}
	for i := range depth {
		d.Layers = append(d.Layers, NewTransformerDecoderLayer(s.Sub("layers").Sub(strconv.Itoa(i)), t))
	}
	if t.NormFirst {
		d.Norm = t.norm(s.Sub("norm"))
	}
	return d
}

// Forward is that of the layers, one after the other.
func (d *TransformerDecoder) Forward(x, memory *graph.Node, masks Masks, a graph.AttentionAttr, train bool) *graph.Node {
	for _, l := range d.Layers {
		x = l.Forward(x, memory, masks, a, train)
	}
	return d.end(x)
}

// Decode is Forward for the newest token of each sequence; see
// [MultiheadAttention.Decode].
func (d *TransformerDecoder) Decode(x, memory, memoryMask *graph.Node, cache *Cache) *graph.Node {
	for _, l := range d.Layers {
		x = l.Decode(x, memory, memoryMask, cache)
	}
	return d.end(x)
}

func (d *TransformerDecoder) end(x *graph.Node) *graph.Node {
	if d.Norm == nil {
		return x
	}
	return d.Norm.Forward(x)
}
