package nn

import "lab/core/graph"

// BCEWithLogits is the mean binary cross-entropy of logits x against targets t in
// [0,1], torch.nn.BCEWithLogitsLoss: mean(softplus(x) - t·x), exact for large |x|.
// t broadcasts to x.
func BCEWithLogits(x, t *graph.Node) *graph.Node {
	return graph.Mean(graph.Sub(graph.Softplus(x), graph.Mul(t, x)))
}

// CrossEntropy is the mean cross-entropy of logits [N,K] against class
// probabilities [N,K], one-hot for plain labels: torch.nn.CrossEntropyLoss with
// probabilities as targets.
func CrossEntropy(logits, target *graph.Node) *graph.Node {
	rows := float64(logits.Shape()[0])
	return graph.Scale(graph.Sum(graph.Mul(target, graph.LogSoftmax(logits))), -1/rows)
}
