package transformer

import (
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx/exchange"
)

// The first tokens of the vocabularies of sequences; padding is 0 and unknown 1.
const (
	begin = 2
	end   = 3
)

var sequenceTokens = []string{"[PAD]", "[UNK]", "[BOS]", "[EOS]"}

// translator is the encoder and decoder of Vaswani et al. (2017), norms first. It makes
// its output a token at a time, each from those before it, or all at once
// (non-autoregressive, Gu et al. 2018), each from its position alone.
type translator struct {
	*nn.Scope
	architecture
	parallel       bool // non-autoregressive
	source, target *nn.Embedding
	here, there    positions // of source and target
	encoder        *nn.TransformerEncoder
	decoder        *nn.TransformerDecoder
	head           *nn.Linear
}

func newTranslator(s *nn.Scope, a architecture, parallel bool, source, target int) *translator {
	table, in := s.WithInit(nn.Normal(0, 0.1), nil), s.WithInit(nn.Normal(0, 0.05), nn.Constant(0))
	m := &translator{Scope: s, architecture: a, parallel: parallel, source: nn.NewEmbedding(table.Sub("source"), source, a.Width),
		here: newPositions(table.Sub("source_position"), a), there: newPositions(table.Sub("target_position"), a),
		encoder: nn.NewTransformerEncoder(in.Sub("encoder"), a.Layers, a.layers()), decoder: nn.NewTransformerDecoder(in.Sub("decoder"), a.Layers, a.layers()),
		head: nn.NewLinear(in.Sub("head"), a.Width, target, true)}
	if !parallel {
		m.target = nn.NewEmbedding(table.Sub("target"), target, a.Width)
	}
	return m
}

// encode gives the memory [B,S,E] of a source [B,S], and the mask [B,S] of its tokens.
func (m *translator) encode(source *graph.Node, train bool) (memory, mask *graph.Node) {
	mask = graph.Less(source.Graph().Scalar(padding), source)
	return m.encoder.Forward(m.here.forward(m.source.Forward(source)), mask, graph.AttentionAttr{}, train), mask
}

// decode gives the logits [B,T,V] of a target whose earlier tokens are given, [B,T],
// begin first. All at once, the tokens do not matter.
func (m *translator) decode(target, memory, mask *graph.Node, train bool) *graph.Node {
	var x *graph.Node
	if m.parallel {
		x = m.there.forward(target.Graph().Full(0, target.Shape()[0], target.Shape()[1], m.Width))
	} else {
		x = m.there.forward(m.target.Forward(target)) // [B,T,E]
	}
	return m.head.Forward(m.decoder.Forward(x, memory, nn.Masks{Memory: mask}, graph.AttentionAttr{Causal: !m.parallel}, train))
}

// next gives the logits [B,1,V] of what follows the newest tokens [B,1].
func (m *translator) next(token, memory, mask *graph.Node, cache *nn.Cache) *graph.Node {
	x := m.there.at(m.target.Forward(token), cache.Position(token.Graph()))
	return m.head.Forward(m.decoder.Decode(x, memory, mask, cache))
}

// exported is the model as a file has it: logits of a source and, unless it makes all
// at once, of a target that is known.
func (m *translator) exported(longest int) ([]exchange.Free, exchange.Model) {
	free := append(batchAndSequence[:2:2], exchange.Free{Name: "source", Sizes: [2]int{11, 13}})
	if m.parallel {
		free = []exchange.Free{free[0], free[2]}
	}
	return free, func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		source := g.Input("source", n["batch"], n["source"])
		in = []exchange.Port{{Name: "source", Node: source, Whole: true}}
		memory, mask := m.encode(source, false)
		if m.parallel {
			x := graph.Expand(m.there.forward(g.Full(0, 1, longest, m.Width)), n["batch"], longest, m.Width)
			y := m.head.Forward(m.decoder.Forward(x, memory, nn.Masks{Memory: mask}, graph.AttentionAttr{}, false))
			return in, []exchange.Port{{Name: "logits", Node: y}}
		}
		target := g.Input("target", n["batch"], n["sequence"])
		in = append(in, exchange.Port{Name: "target", Node: target, Whole: true})
		return in, []exchange.Port{{Name: "logits", Node: m.decode(target, memory, mask, false)}}
	}
}
