package nn

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/tensor"
)

// SpectralNorm divides the weights of a network by their largest singular values, so
// that each layer is Lipschitz with constant 1 or nearly (Miyato et al. 2018, algorithm
// 1; torch.nn.utils.spectral_norm). The matrix W of a weight has the layer's outputs as
// columns, as Linear and Conv2d keep them. Its singular value σ is found by power
// iteration: one round at every run that trains, from the vector u of the run before.
//
//	v = W u/‖W u‖,  u = Wᵀ v/‖Wᵀ v‖,  σ = vᵀ W u
//
// Gradients flow through W alone, not through u and v.
type SpectralNorm struct {
	Params  *graph.Params // the vectors u, as buffers: part of a training's state
	weights []*graph.Param
	u       []*graph.Param
}

// NewSpectralNorm makes one for all trained parameters of s with two axes or more, its
// vectors drawn at random.
func NewSpectralNorm(s *Scope) *SpectralNorm {
	n := &SpectralNorm{Params: graph.NewParams()}
	for _, w := range s.Params.Trained() {
		if len(w.Shape) < 2 {
			continue
		}
		u := tensor.New(tensor.Shape{columns(w), 1}, nil)
		Normal(0, 1)(s.Rand, u.Shape, u.F)
		n.weights = append(n.weights, w)
		n.u = append(n.u, n.Params.Add(w.Name+"_u", true, nil, u))
	}
	return n
}

func columns(w *graph.Param) int { return w.Shape[len(w.Shape)-1] }

// Within calls f, during which the network computes with the divided weights in g. With
// train the vectors move on at the end of the run. A nil SpectralNorm only calls f.
func (n *SpectralNorm) Within(g *graph.Graph, train bool, f func()) {
	if n == nil {
		f()
		return
	}
	divided := make([]*graph.Node, len(n.weights))
	for i, w := range n.weights {
		weight := g.Param(w)
		m := graph.Reshape(weight, -1, columns(w)) // [rows,columns]
		still, u := graph.StopGradient(m), g.Param(n.u[i])
		v := unit(graph.MatMul(still, u)) // [rows,1]
		u = unit(graph.MatMul(graph.Transpose(still), v))
		if train {
			g.Update(n.u[i], u)
		}
		sigma := graph.Sum(graph.Mul(v, graph.MatMul(m, graph.StopGradient(u)))) // vᵀ W u
		divided[i] = graph.Div(weight, sigma)
	}
	g.WithParams(n.weights, divided, f)
}

// unit is x over its length.
func unit(x *graph.Node) *graph.Node {
	return graph.StopGradient(graph.Mul(x, graph.Rsqrt(graph.Shift(graph.Sum(graph.Square(x)), 1e-12))))
}

// Fold divides the weights themselves, for a network that is trained no more: it then
// computes without [SpectralNorm.Within] what it computed with it, in any program.
func (n *SpectralNorm) Fold() error {
	for i, w := range n.weights {
		sigma := largestSingularValue(w.Value(), n.u[i].Value())
		if !(sigma > 0) || math.IsInf(sigma, 0) {
			return fmt.Errorf("spectral norm: the largest singular value of %s is %v", w.Name, sigma)
		}
		for k := range w.Value() {
			w.Value()[k] = float32(float64(w.Value()[k]) / sigma)
		}
	}
	return nil
}

// largestSingularValue is σ of m [rows, len(u)] by one round of power iteration from u.
func largestSingularValue(m, u []float32) float64 {
	next := make([]float64, len(u)) // Wᵀ W u
	length := 0.0                   // ‖W u‖²
	for at := 0; at < len(m); at += len(u) {
		row, v := m[at:at+len(u)], 0.0
		for j, x := range row {
			v += float64(x) * float64(u[j])
		}
		length += v * v
		for j, x := range row {
			next[j] += v * float64(x)
		}
	}
	sum := 0.0
	for _, x := range next {
		sum += x * x
	}
	return math.Sqrt(sum / length) // vᵀ W u = ‖Wᵀ v‖
}
