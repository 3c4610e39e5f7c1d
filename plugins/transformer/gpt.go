package transformer

import (
	"math"
	"math/rand/v2"
	"strings"

	"lab/core/graph"
	"lab/core/nn"
)

// gpt is the language model of Radford et al. (2019) as nanoGPT has it: norms before
// the sublayers, GELU, no biases, and a head that is the table of tokens once more.
type gpt struct {
	*nn.Scope
	architecture
	token *nn.Embedding
	place positions
	body  *nn.TransformerEncoder
}

// newGPT draws weights from N(0, 0.02²), those that end a sublayer from a √(2·layers)
// times narrower one: their sum along the residual keeps its size.
func newGPT(r *rand.Rand, seed uint64, a architecture) *gpt {
	s := nn.NewScope(r)
	s.Seed = seed
	in := s.WithInit(nn.Normal(0, 0.02), nil)
	m := &gpt{Scope: s, architecture: a, token: nn.NewEmbedding(in.Sub("token"), a.Vocabulary, a.Width), place: newPositions(in.Sub("position"), a)}
	m.body = nn.NewTransformerEncoder(in.Sub("body"), a.Layers, a.layers())
	narrow := float32(1 / math.Sqrt(2*float64(a.Layers)))
	for _, p := range s.Params.All() {
		if strings.HasSuffix(p.Name, "out_proj.weight") || strings.HasSuffix(p.Name, "linear2.weight") {
			for i := range p.Value() {
				p.Value()[i] *= narrow
			}
		}
	}
	return m
}

// forward gives the logits [B,T,V] of what follows each token of [B,T].
func (m *gpt) forward(tokens *graph.Node, train bool) *graph.Node {
	x := m.place.forward(m.token.Forward(tokens)) // [B,T,E]
	return m.head(m.body.Forward(x, nil, graph.AttentionAttr{Causal: true, Window: m.Window}, train))
}

// decode gives the logits [B,1,V] of what follows the newest tokens [B,1], given those
// in the cache.
func (m *gpt) decode(token *graph.Node, cache *nn.Cache) *graph.Node {
	x := m.token.Forward(token) // [B,1,E]
	x = m.place.at(x, cache.Position(token.Graph()))
	return m.head(m.body.Decode(x, cache, m.Window))
}

func (m *gpt) head(x *graph.Node) *graph.Node {
	return graph.MatMul(x, graph.Transpose(x.Graph().Param(m.token.Weight)))
}
