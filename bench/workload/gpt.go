package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

// A small GPT: norms before the sublayers, GELU, learned positions (Radford et al. 2019).
var gpt = Workload{
	Name: "gpt", What: "4 transformer layers, d 128, 4 heads, T 64, vocabulary 96, batch 16, Adam",
	Batch: func(r *rand.Rand) Batch {
		return Batch{"x": labels(r, vocabulary, texts, length), "y": labels(r, vocabulary, texts, length)}
	},
	Build: func(r *rand.Rand) (*Net, error) {
		const width, heads, depth = 128, 4, 4
		layer := nn.TransformerDefaults(width, heads)
		layer.Hidden, layer.Dropout, layer.Gelu, layer.NormFirst = 4*width, 0, true, true

		s := nn.NewScope(r)
		token := nn.NewEmbedding(s.Sub("token"), vocabulary, width)
		position := nn.NewLearnedPositions(s.Sub("position"), length, width)
		encoder := nn.NewTransformerEncoder(s.Sub("encoder"), depth, layer)
		head := nn.NewLinear(s.Sub("head"), width, vocabulary, false)

		g := graph.New()
		x, y := g.Input("x", texts, length), g.Input("y", texts, length)
		h := position.Forward(token.Forward(x))                              // [B,T,d]
		h = encoder.Forward(h, nil, graph.AttentionAttr{Causal: true}, true) // [B,T,d]
		logits := head.Forward(h)                                            // [B,T,vocabulary]
		return trained(s, nn.CrossEntropy(logits, y), x, y)
	},
}

const texts, length, vocabulary = 16, 64, 96
