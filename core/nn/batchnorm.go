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
	Weight, Bias            *graph.Param // nil with NoAffine
	RunningMean, RunningVar *graph.Param // nil with NoRunningStats
	Batches                 *graph.Param // seen so far; nil but with CumulativeAverage
	Eps, Momentum           float64      // 1e-5 and 0.1

	features int
}

// NormOption changes what a norm has.
type NormOption int

// The options of norms, with their names in PyTorch.
const (
	NoAffine          NormOption = iota // affine=False, elementwise_affine=False: no weight, no bias
	NoBias                              // bias=False
	NoRunningStats                      // track_running_stats=False: the batch's statistics, always
	CumulativeAverage                   // momentum=None: running statistics are the mean over all batches
)

// NewBatchNorm makes one for the given number of features: weight 1, bias 0,
// running mean 0, running variance 1.
func NewBatchNorm(s *Scope, features int, options ...NormOption) *BatchNorm {
	b := &BatchNorm{Eps: 1e-5, Momentum: 0.1, features: features}
	shape := tensor.Shape{features}
	b.Weight, b.Bias = affine(s, shape, options)
	if !has(options, NoRunningStats) {
		b.RunningMean = s.add("running_mean", true, shape, nil, Constant(0))
		b.RunningVar = s.add("running_var", true, shape, nil, Constant(1))
		if has(options, CumulativeAverage) {
			b.Batches = s.add("num_batches_tracked", true, tensor.Shape{}, nil, Constant(0))
		}
	}
	return b
}

// Forward normalises x. With train it uses the batch's statistics and updates the
// running ones at the end of the run; without, it uses the running ones.
func (b *BatchNorm) Forward(x *graph.Node, train bool) *graph.Node {
	g, last := x.Graph(), len(x.Shape())-1
	if last < 1 || x.Shape()[last] != b.features {
		graph.Fail("BatchNorm", "shape %v does not end in %d features", x.Shape(), b.features)
	}
	weight, bias := scaleAndShift(g, b.Weight, b.Bias, b.features)
	if !train && b.RunningMean != nil {
		return Normalize(x, weight, bias, g.Param(b.RunningMean), g.Param(b.RunningVar), b.Eps)
	}
	n := x.Shape().Size() / b.features
	if n < 2 {
		graph.Fail("BatchNorm", "shape %v has one value a feature; the statistics of a batch need more", x.Shape())
	}
	mean, variance := graph.Moments(x, 0, last)
	mean, variance = graph.Reshape(mean, b.features), graph.Reshape(variance, b.features)
	if train && b.RunningMean != nil {
		b.track(g, mean, graph.Scale(variance, float64(n)/float64(n-1)))
	}
	return normalize(x, weight, bias, mean, variance, b.Eps)
}

// track moves the running statistics.
func (b *BatchNorm) track(g *graph.Graph, mean, variance *graph.Node) {
	toward := func(p *graph.Param, x *graph.Node) *graph.Node {
		return graph.Add(graph.Scale(g.Param(p), 1-b.Momentum), graph.Scale(x, b.Momentum))
	}
	if b.Batches != nil {
		count := graph.Shift(g.Param(b.Batches), 1)
		g.Update(b.Batches, count)
		toward = func(p *graph.Param, x *graph.Node) *graph.Node {
			return graph.Add(g.Param(p), graph.Div(graph.Sub(x, g.Param(p)), count))
		}
	}
	g.Update(b.RunningMean, toward(b.RunningMean, mean))
	g.Update(b.RunningVar, toward(b.RunningVar, variance))
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
