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

// GradientPenalty is E (‖∇x critic(x)‖₂ - 1)² at points x on the lines between real and
// drawn examples, x = mix·real + (1-mix)·drawn (Gulrajani et al. 2017, algorithm 1, line
// 7): the soft form of the Lipschitz condition of [WassersteinCritic]. real and drawn are
// [N,...], mix holds N numbers in [0,1), drawn anew at every step. norm is the mean of
// the norms, which the penalty pulls to 1. Neither real nor drawn receives a gradient.
func GradientPenalty(critic func(x *graph.Node) *graph.Node, real, drawn, mix *graph.Node) (penalty, norm *graph.Node) {
	n, axes := real.Shape()[0], len(real.Shape())
	ones := make([]int, axes)
	for i := range ones {
		ones[i] = 1
	}
	ones[0] = n
	real, drawn = graph.StopGradient(real), graph.StopGradient(drawn)
	x := graph.Add(drawn, graph.Mul(graph.Reshape(mix, ones...), graph.Sub(real, drawn)))
	slope := graph.Reshape(graph.Grad(critic(x), x)[0], n, -1)
	// The square root has no slope at 0, where a critic that is flat may be.
	norms := graph.Sqrt(graph.Shift(graph.Sum(graph.Square(slope), 1), 1e-12)) // [N]
	return graph.Mean(graph.Square(graph.Shift(norms, -1))), graph.Mean(norms)
}
