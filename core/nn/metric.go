package nn

import "lab/core/graph"

// Losses over the distances of rows [...,D].

// TripletMargin is torch.nn.TripletMarginLoss, margin 1 in PyTorch (Balntas et al.
// 2016): the mean of max(0, d(a,p) - d(a,n) + margin) of anchors, positives and
// negatives, d the Euclidean distance of [Distance].
func TripletMargin(anchor, positive, negative *graph.Node, margin float64, options ...LossOption) *graph.Node {
	o := optionsOf("TripletMargin", options)
	d := graph.Sub(Distance(anchor, positive), Distance(anchor, negative))
	return o.reduce(graph.Relu(graph.Shift(d, margin)))
}

// Distance is torch.nn.PairwiseDistance: ‖a - b + 1e-6‖ of each row.
func Distance(a, b *graph.Node) *graph.Node {
	return graph.Sqrt(graph.Sum(graph.Square(graph.Shift(graph.Sub(a, b), 1e-6)), -1))
}

// CosineEmbedding is torch.nn.CosineEmbeddingLoss, margin 0 in PyTorch: the mean of
// 1 - cos(a,b) where y is 1, of max(0, cos(a,b) - margin) where it is -1.
func CosineEmbedding(a, b, y *graph.Node, margin float64, options ...LossOption) *graph.Node {
	o := optionsOf("CosineEmbedding", options)
	const eps = 1e-12
	squares := graph.Mul(graph.Shift(graph.Sum(graph.Square(a), -1), eps), graph.Shift(graph.Sum(graph.Square(b), -1), eps))
	cos := graph.Mul(graph.Sum(graph.Mul(a, b), -1), graph.Rsqrt(squares))
	alike := graph.Sub(a.Graph().Scalar(1), cos)
	return o.reduce(graph.Where(graph.Less(a.Graph().Scalar(0), y), alike, graph.Relu(graph.Shift(cos, -margin))))
}
