package nn

import (
	"lab/core/graph"
	"lab/core/tensor"
)

// BatchNorm is torch.nn.BatchNorm1d/2d (Ioffe & Szegedy 2015) over the last axis:
// y = (x - mean) / sqrt(var + eps) · weight + bias, with the statistics of all other
// axes. Training uses the batch's (biased) variance and moves the running
// statistics towards the batch's mean and unbiased variance by Momentum.
type BatchNorm struct {
	Weight, Bias            *graph.Param
	RunningMean, RunningVar *graph.Param
	Eps, Momentum           float64 // 1e-5 and 0.1
}

// NewBatchNorm makes one for the given number of features: weight 1, bias 0,
// running mean 0, running variance 1.
func NewBatchNorm(s *Scope, features int) *BatchNorm {
	shape := tensor.Shape{features}
	return &BatchNorm{
		Weight: s.add("weight", false, shape, nil, fill(1)), Bias: s.add("bias", false, shape, nil, fill(0)),
		RunningMean: s.add("running_mean", true, shape, nil, fill(0)), RunningVar: s.add("running_var", true, shape, nil, fill(1)),
		Eps: 1e-5, Momentum: 0.1,
	}
}

// Forward normalises x. With train it uses the batch's statistics and updates the
// running ones at the end of the run; without, it uses the running ones.
func (b *BatchNorm) Forward(x *graph.Node, train bool) *graph.Node {
	g, last := x.Graph(), len(x.Shape())-1
	c := x.Shape()[last]
	n := x.Shape().Size() / c
	weight, bias, mean, variance := g.Param(b.Weight), g.Param(b.Bias), g.Param(b.RunningMean), g.Param(b.RunningVar)
	if train {
		if n < 2 {
			graph.Fail("BatchNorm", "shape %v has one value a feature; training needs more", x.Shape())
		}
		m, v := graph.Moments(x, 0, last)
		m, v = graph.Reshape(m, c), graph.Reshape(v, c)
		unbiased := float64(n) / float64(n-1)
		g.Update(b.RunningMean, graph.Add(graph.Scale(mean, 1-b.Momentum), graph.Scale(m, b.Momentum)))
		g.Update(b.RunningVar, graph.Add(graph.Scale(variance, 1-b.Momentum), graph.Scale(v, b.Momentum*unbiased)))
		mean, variance = m, v
	}
	if train {
		return normalize(x, weight, bias, mean, variance, b.Eps)
	}
	return Normalize(x, weight, bias, mean, variance, b.Eps)
}

// Normalize is batch norm in inference, with the given statistics of each feature of
// the last axis.
func Normalize(x, weight, bias, mean, variance *graph.Node, eps float64) *graph.Node {
	return graph.Label(normalize(x, weight, bias, mean, variance, eps), graph.LabelBatchNorm, eps, x, weight, bias, mean, variance)
}

func normalize(x, weight, bias, mean, variance *graph.Node, eps float64) *graph.Node {
	scale := graph.Mul(weight, graph.Rsqrt(graph.Shift(variance, eps)))
	return graph.Add(graph.Mul(x, scale), graph.Sub(bias, graph.Mul(mean, scale)))
}
