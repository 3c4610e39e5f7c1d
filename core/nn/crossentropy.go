package nn

import (
	"slices"

	"lab/core/graph"
)

// CrossEntropy is torch.nn.CrossEntropyLoss of logits [...,K]: the mean of
// -ln softmax(logits) at the label, or expected under a target distribution.
//
// A target of the logits' shape holds probabilities; one of shape [...] holds labels,
// whole numbers from 0 to K-1, or IgnoreIndex for rows that do not count. (Classes are
// the last axis; PyTorch has them second.) Options: reductions, [ClassWeights],
// [IgnoreIndex], [LabelSmoothing]. Without any row that counts the mean is NaN.
func CrossEntropy(logits, target *graph.Node, options ...LossOption) *graph.Node {
	o := optionsOf("CrossEntropy", options, "ClassWeights", "IgnoreIndex", "LabelSmoothing")
	if o.smoothing < 0 || o.smoothing > 1 {
		graph.Fail("CrossEntropy", "label smoothing %v is not in [0,1]", o.smoothing)
	}
	if target.Shape().Equal(logits.Shape()) {
		return o.expected(logits, target)
	}
	checkLabels("CrossEntropy", logits, target)
	if o.weight == nil { // one kernel, which has no gradient for labels that are none
		rows := graph.CrossEntropyRows(logits, target, o.smoothing)
		return o.reduceRows(rows, target, nil)
	}
	logp := graph.LogSoftmax(logits)
	rows := o.pick(logp, target)
	if s := o.smoothing; s > 0 {
		k := float64(logits.Shape()[len(logits.Shape())-1])
		everywhere := graph.Neg(graph.Sum(graph.Mul(logp, o.weight), -1))
		rows = graph.Add(graph.Scale(rows, 1-s), graph.Scale(everywhere, s/k))
	}
	return o.reduceRows(rows, target, o.weight)
}

// expected is cross-entropy with probabilities. Its mean is over rows whatever the
// classes weigh, as in PyTorch.
func (o lossOptions) expected(logits, target *graph.Node) *graph.Node {
	if o.ignore != -100 {
		graph.Fail("CrossEntropy", "IgnoreIndex is for labels, not for probabilities")
	}
	if s := o.smoothing; s > 0 {
		k := float64(target.Shape()[len(target.Shape())-1])
		target = graph.Shift(graph.Scale(target, 1-s), s/k)
	}
	logp := graph.LogSoftmax(logits)
	if o.weight != nil {
		logp = graph.Mul(logp, o.weight)
	}
	return o.reduce(graph.Neg(graph.Sum(graph.Mul(target, logp), -1)))
}

// NLL is torch.nn.NLLLoss of log-probabilities [...,K] against labels [...]: the mean
// of -logp at the label. Options: reductions, [ClassWeights], [IgnoreIndex].
func NLL(logp, labels *graph.Node, options ...LossOption) *graph.Node {
	o := optionsOf("NLL", options, "ClassWeights", "IgnoreIndex")
	checkLabels("NLL", logp, labels)
	return o.reduceRows(o.pick(logp, labels), labels, o.weight)
}

// pick is -logp at the label, times the label's weight.
func (o lossOptions) pick(logp, labels *graph.Node) *graph.Node {
	target := graph.OneHot(labels, logp.Shape()[len(logp.Shape())-1])
	picked := graph.Where(target, logp, logp.Graph().Scalar(0)) // not a product: -inf elsewhere is no matter
	if o.weight != nil {
		picked = graph.Mul(picked, o.weight)
	}
	return graph.Neg(graph.Sum(picked, -1))
}

// reduceRows reduces the losses of rows. The mean is over the rows that count, each
// as much as its label weighs.
func (o lossOptions) reduceRows(rows, labels, weight *graph.Node) *graph.Node {
	g := rows.Graph()
	ignored := graph.Equal(labels, g.Scalar(o.ignore))
	rows = graph.Where(ignored, g.Scalar(0), rows)
	if o.reduction != mean {
		return o.reduce(rows)
	}
	count := graph.Sub(g.Scalar(1), ignored)
	if weight != nil {
		hot := graph.OneHot(labels, weight.Shape()[0])
		count = graph.Mul(count, graph.Sum(graph.Mul(hot, weight), -1))
	}
	return graph.Div(graph.Sum(rows), graph.Sum(count))
}

func checkLabels(loss string, x, labels *graph.Node) {
	s := x.Shape()
	if len(s) == 0 || !slices.Equal(labels.Shape(), s[:len(s)-1]) {
		graph.Fail(loss, "logits %v and labels %v do not fit", s, labels.Shape())
	}
}
