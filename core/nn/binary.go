package nn

import "lab/core/graph"

// BCEWithLogits is torch.nn.BCEWithLogitsLoss: the mean binary cross-entropy of logits
// x against targets t in [0,1], softplus(x) - t·x, exact for large |x|. t broadcasts to
// x. Options: reductions, [PosWeight] p: (1-t) softplus(x) + p t softplus(-x).
func BCEWithLogits(x, t *graph.Node, options ...LossOption) *graph.Node {
	o := optionsOf("BCEWithLogits", options, "PosWeight")
	if o.posWeight == nil {
		return o.reduce(graph.Sub(graph.Softplus(x), graph.Mul(t, x)))
	}
	on := graph.Mul(graph.Mul(o.posWeight, t), graph.Softplus(graph.Neg(x)))
	off := graph.Mul(graph.Sub(x.Graph().Scalar(1), t), graph.Softplus(x))
	return o.reduce(graph.Add(on, off))
}

// BCE is torch.nn.BCELoss: the mean binary cross-entropy of probabilities x against
// targets t, -(t ln x + (1-t) ln(1-x)), with logarithms cut off at -100. Prefer
// [BCEWithLogits], whose gradient does not vanish where x rounds to 0 or 1.
func BCE(x, t *graph.Node, options ...LossOption) *graph.Node {
	o := optionsOf("BCE", options)
	g := x.Graph()
	one, floor := g.Scalar(1), g.Scalar(-100)
	on := graph.Mul(t, graph.Max(graph.Log(x), floor))
	off := graph.Mul(graph.Sub(one, t), graph.Max(graph.Log(graph.Sub(one, x)), floor))
	return o.reduce(graph.Neg(graph.Add(on, off)))
}

// HingeEmbedding is torch.nn.HingeEmbeddingLoss of distances x, margin 1 in PyTorch:
// the mean of x where y is 1, of max(0, margin - x) where it is -1.
func HingeEmbedding(x, y *graph.Node, margin float64, options ...LossOption) *graph.Node {
	o := optionsOf("HingeEmbedding", options)
	apart := graph.Relu(graph.Shift(graph.Neg(x), margin))
	return o.reduce(graph.Where(graph.Less(x.Graph().Scalar(0), y), x, apart))
}
