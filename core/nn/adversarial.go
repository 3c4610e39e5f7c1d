package nn

import "lab/core/graph"

// Losses of generative adversarial networks, of a critic's scores (logits) of real and
// of drawn examples. Each is to be minimised by the network that it is named for. The
// original game (Goodfellow et al. 2014) is [BCEWithLogits] with targets 1 and 0.

// HingeCritic is E max(0, 1-real) + E max(0, 1+drawn) (Lim & Ye 2017; Miyato et al.
// 2018, eq. 16).
func HingeCritic(real, drawn *graph.Node) *graph.Node {
	return graph.Add(graph.Mean(graph.Relu(graph.Shift(graph.Neg(real), 1))), graph.Mean(graph.Relu(graph.Shift(drawn, 1))))
}

// WassersteinCritic is E drawn - E real (Arjovsky, Chintala & Bottou 2017, eq. 2): the
// negated distance, for a critic that is kept Lipschitz by other means.
func WassersteinCritic(real, drawn *graph.Node) *graph.Node {
	return graph.Sub(graph.Mean(drawn), graph.Mean(real))
}

// CriticGenerator is the generator's loss against either critic: -E drawn.
func CriticGenerator(drawn *graph.Node) *graph.Node { return graph.Neg(graph.Mean(drawn)) }

// LeastSquaresCritic is E (real-1)²/2 + E drawn²/2 (Mao et al. 2017, eq. 9).
func LeastSquaresCritic(real, drawn *graph.Node) *graph.Node {
	return graph.Scale(graph.Add(graph.Mean(graph.Square(graph.Shift(real, -1))), graph.Mean(graph.Square(drawn))), 0.5)
}

// LeastSquaresGenerator is E (drawn-1)²/2.
func LeastSquaresGenerator(drawn *graph.Node) *graph.Node {
	return graph.Scale(graph.Mean(graph.Square(graph.Shift(drawn, -1))), 0.5)
}
