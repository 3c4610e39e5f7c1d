package nn

import "lab/core/graph"

// MSE is torch.nn.MSELoss: the mean of (x - t)².
func MSE(x, t *graph.Node, options ...LossOption) *graph.Node {
	return optionsOf("MSE", options).reduce(graph.Square(graph.Sub(x, t)))
}

// L1 is torch.nn.L1Loss: the mean of |x - t|.
func L1(x, t *graph.Node, options ...LossOption) *graph.Node {
	return optionsOf("L1", options).reduce(graph.Abs(graph.Sub(x, t)))
}

// Huber is torch.nn.HuberLoss (Huber 1964), delta 1 in PyTorch: the mean of d²/2 where
// |d| < delta, else delta (|d| - delta/2), d = x - t.
func Huber(x, t *graph.Node, delta float64, options ...LossOption) *graph.Node {
	o := optionsOf("Huber", options)
	if delta <= 0 {
		graph.Fail("Huber", "delta %v is not positive", delta)
	}
	return o.reduce(huber(graph.Sub(x, t), delta))
}

// SmoothL1 is torch.nn.SmoothL1Loss (Girshick 2015), beta 1 in PyTorch: Huber divided
// by its beta, which makes it L1 as beta goes to 0.
func SmoothL1(x, t *graph.Node, beta float64, options ...LossOption) *graph.Node {
	o := optionsOf("SmoothL1", options)
	switch d := graph.Sub(x, t); {
	case beta < 0:
		graph.Fail("SmoothL1", "beta %v is negative", beta)
	case beta > 0:
		return o.reduce(graph.Scale(huber(d, beta), 1/beta))
	}
	return L1(x, t, options...)
}

// huber is c (|d| - c/2) with c = min(|d|, delta): both branches at once.
func huber(d *graph.Node, delta float64) *graph.Node {
	far := graph.Abs(d)
	c := graph.Where(graph.Less(far, d.Graph().Scalar(delta)), far, d.Graph().Scalar(delta))
	return graph.Mul(c, graph.Sub(far, graph.Scale(c, 0.5)))
}

// KLDiv is torch.nn.KLDivLoss of log-probabilities x against probabilities t: the mean
// of t (ln t - x), where 0 ln 0 = 0. Its mean is over elements, as PyTorch's; for the
// divergence itself use [ReduceBatchMean]. Options: reductions, [LogTarget].
func KLDiv(x, t *graph.Node, options ...LossOption) *graph.Node {
	o := optionsOf("KLDiv", options, "LogTarget")
	if o.logTarget {
		return o.reduce(graph.Mul(graph.Exp(t), graph.Sub(t, x)))
	}
	zero := graph.Equal(t, t.Graph().Scalar(0))
	entropy := graph.Mul(t, graph.Log(graph.Where(zero, t.Graph().Scalar(1), t)))
	return o.reduce(graph.Sub(entropy, graph.Mul(t, x)))
}
