package nn

import (
	"fmt"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/tensor"
)

// Embedding is torch.nn.Embedding: rows of a table [count, width] by index.
type Embedding struct {
	Weight  *graph.Param
	Padding int // the index whose row is not trained; -1 for none
}

// NewEmbedding makes one without padding; the weight starts from N(0, 1).
func NewEmbedding(s *Scope, count, width int) *Embedding {
	return &Embedding{Weight: s.addWeight("weight", tensor.Shape{count, width}, nil, Normal(0, 1)), Padding: -1}
}

// NewPaddedEmbedding makes one whose row at index padding starts at zero and gets no
// gradient: padding_idx of PyTorch.
func NewPaddedEmbedding(s *Scope, count, width, padding int) *Embedding {
	if padding < 0 || padding >= count {
		panic(fmt.Sprintf("nn: padding index %d of %d rows", padding, count))
	}
	draw := s.weight
	if draw == nil {
		draw = Normal(0, 1)
	}
	zeroed := func(v []float32) {
		clear(v[padding*width : (padding+1)*width])
	}
	e := &Embedding{Padding: padding}
	e.Weight = s.add("weight", false, tensor.Shape{count, width}, nil, draw.then(zeroed))
	return e
}

// then is the draw followed by f.
func (i Init) then(f func(v []float32)) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		i(r, shape, v)
		f(v)
	}
}

// Forward maps indices [...], whole numbers in float32, to rows [..., width]. An index
// outside of the table gives NaN.
func (e *Embedding) Forward(index *graph.Node) *graph.Node {
	g := index.Graph()
	rows := graph.Gather(g.Param(e.Weight), index)
	if e.Padding < 0 {
		return rows
	}
	padding := graph.Equal(graph.Reshape(index, append(index.Shape().Clone(), 1)...), g.Scalar(float64(e.Padding)))
	return graph.Label(graph.Where(padding, graph.StopGradient(rows), rows), graph.LabelIdentity, nil, rows)
}
