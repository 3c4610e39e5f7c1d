package nn

import (
	"math"

	"lab/core/graph"
	"lab/core/tensor"
)

// Sinusoids are the fixed positional encodings of Vaswani et al. (2017), section 3.5:
// at position t, element 2i is sin(t/10000^(2i/width)) and element 2i+1 the cosine.
type Sinusoids struct{ table *tensor.Tensor } // [length,width]

// NewSinusoids makes those of positions 0 to length-1.
func NewSinusoids(length, width int) *Sinusoids {
	t := tensor.New(tensor.Shape{length, width}, nil)
	for i := range t.F {
		at, k := float64(i/width), i%width
		angle := at * math.Pow(10000, -float64(k/2*2)/float64(width))
		if t.F[i] = float32(math.Sin(angle)); k%2 == 1 {
			t.F[i] = float32(math.Cos(angle))
		}
	}
	return &Sinusoids{t}
}

// Forward adds the encodings to x [...,T,width], whose rows stand at positions 0 to
// T-1.
func (s *Sinusoids) Forward(x *graph.Node) *graph.Node {
	return graph.Add(x, first("Sinusoids", x.Graph().Const(s.table), x, len(x.Shape())-2))
}

// At adds the encoding of one position, a whole number of shape (), to every row of x.
func (s *Sinusoids) At(x, position *graph.Node) *graph.Node {
	return graph.Add(x, graph.Gather(x.Graph().Const(s.table), position))
}

// LearnedPositions are positional encodings that are trained: those of GPT-2 and BERT,
// in PyTorch an Embedding of positions.
type LearnedPositions struct{ Weight *graph.Param } // [length,width]

// NewLearnedPositions makes those of positions 0 to length-1, from N(0, 0.02²)
// (Radford et al. 2018).
func NewLearnedPositions(s *Scope, length, width int) *LearnedPositions {
	return &LearnedPositions{s.addWeight("weight", tensor.Shape{length, width}, nil, Normal(0, 0.02))}
}

// Forward adds the encodings to x [...,T,width], whose rows stand at positions 0 to
// T-1.
func (l *LearnedPositions) Forward(x *graph.Node) *graph.Node {
	return graph.Add(x, first("LearnedPositions", x.Graph().Param(l.Weight), x, len(x.Shape())-2))
}

// At adds the encoding of one position, a whole number of shape (), to every row of x.
func (l *LearnedPositions) At(x, position *graph.Node) *graph.Node {
	return graph.Add(x, graph.Gather(x.Graph().Param(l.Weight), position))
}

// first is the table's rows for the given axis of x.
func first(layer string, table, x *graph.Node, axis int) *graph.Node {
	if axis < 0 || x.Shape()[axis] > table.Shape()[0] {
		graph.Fail(layer, "shape %v: there are positions for %d rows", x.Shape(), table.Shape()[0])
	}
	return graph.Slice(table, 0, 0, x.Shape()[axis], 1)
}

// Rotary is the rotary position embedding of Su et al. (2021), section 3.2: element
// pairs of queries and keys are rotated by angles t/base^(2i/width), so that products
// depend on distances alone. Pair i is elements i and i+width/2, as in GPT-NeoX, Llama
// and ONNX's RotaryEmbedding.
type Rotary struct{ cos, sin *tensor.Tensor } // [length,width/2]

// NewRotary makes the rotations of positions 0 to length-1 for heads of an even width;
// base is 10000 in the paper.
func NewRotary(length, width int, base float64) *Rotary {
	if width%2 != 0 {
		panic("nn: rotary embedding of an odd width")
	}
	shape := tensor.Shape{length, width / 2}
	r := &Rotary{tensor.New(shape, nil), tensor.New(shape, nil)}
	for i := range r.cos.F {
		angle := float64(i/shape[1]) * math.Pow(base, -float64(2*(i%shape[1]))/float64(width))
		r.cos.F[i], r.sin.F[i] = float32(math.Cos(angle)), float32(math.Sin(angle))
	}
	return r
}

// Forward rotates x [B,T,...,width], whose rows stand at positions 0 to T-1.
func (r *Rotary) Forward(x *graph.Node) *graph.Node {
	g, s := x.Graph(), x.Shape()
	shape := append([]int{s[1]}, ones(len(s)-3)...)
	table := func(t *tensor.Tensor) *graph.Node {
		return graph.Reshape(first("Rotary", g.Const(t), x, 1), append(shape, t.Shape[1])...) // [T,1,...,width/2]
	}
	return rotate(x, table(r.cos), table(r.sin))
}

// At rotates x [...,width] as at one position, a whole number of shape ().
func (r *Rotary) At(x, position *graph.Node) *graph.Node {
	g := x.Graph()
	return rotate(x, graph.Gather(g.Const(r.cos), position), graph.Gather(g.Const(r.sin), position))
}

func rotate(x, cos, sin *graph.Node) *graph.Node {
	last := len(x.Shape()) - 1
	half := x.Shape()[last] / 2
	if cos.Shape()[len(cos.Shape())-1] != half {
		graph.Fail("Rotary", "shape %v does not end in %d", x.Shape(), 2*cos.Shape()[len(cos.Shape())-1])
	}
	parts := graph.Split(x, last, half, half)
	a, b := parts[0], parts[1]
	return graph.Concat(last, graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)), graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)))
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
