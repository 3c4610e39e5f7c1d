package nn

import (
	"slices"

	"lab/core/graph"
)

// LossOption changes what a loss does from PyTorch's default, which is the mean.
type LossOption func(*lossOptions)

type lossOptions struct {
	reduction reduction
	weight    *graph.Node // of each class
	posWeight *graph.Node
	ignore    float64
	smoothing float64
	logTarget bool
	given     []string // names of the options, so that a loss can refuse those it does not know
}

type reduction int

const (
	mean reduction = iota
	sum
	none
	batchMean
)

func option(name string, set func(*lossOptions)) LossOption {
	return func(o *lossOptions) {
		o.given = append(o.given, name)
		set(o)
	}
}

// ReduceSum adds the losses up: reduction="sum".
func ReduceSum(o *lossOptions) { o.reduction = sum }

// ReduceNone returns the loss of each element or row: reduction="none".
func ReduceNone(o *lossOptions) { o.reduction = none }

// ReduceBatchMean adds up and divides by the first axis: reduction="batchmean", which is
// what the definition of the Kullback-Leibler divergence means.
func ReduceBatchMean(o *lossOptions) { o.reduction = batchMean }

// ClassWeights weights each class by its element of w [K]. The mean is then the
// weighted one.
func ClassWeights(w *graph.Node) LossOption {
	return option("ClassWeights", func(o *lossOptions) { o.weight = w })
}

// PosWeight weights what is lost on positives by p, which broadcasts to the logits.
func PosWeight(p *graph.Node) LossOption {
	return option("PosWeight", func(o *lossOptions) { o.posWeight = p })
}

// IgnoreIndex leaves rows of that label out, -100 unless set: ignore_index.
func IgnoreIndex(label int) LossOption {
	return option("IgnoreIndex", func(o *lossOptions) { o.ignore = float64(label) })
}

// LabelSmoothing takes s/K everywhere and 1-s more at the label for the target
// distribution (Szegedy et al. 2016).
func LabelSmoothing(s float64) LossOption {
	return option("LabelSmoothing", func(o *lossOptions) { o.smoothing = s })
}

// LogTarget takes targets as logarithms of probabilities: log_target=True.
func LogTarget() LossOption {
	return option("LogTarget", func(o *lossOptions) { o.logTarget = true })
}

// optionsOf applies the options, of which loss knows those named, and all reductions.
func optionsOf(loss string, options []LossOption, known ...string) lossOptions {
	o := lossOptions{ignore: -100}
	for _, set := range options {
		set(&o)
	}
	for _, name := range o.given {
		if !slices.Contains(known, name) {
			graph.Fail(loss, "the option %s means nothing to it", name)
		}
	}
	return o
}

// reduce is the reduction of the losses.
func (o lossOptions) reduce(losses *graph.Node) *graph.Node {
	switch o.reduction {
	case none:
		return losses
	case sum:
		return graph.Sum(losses)
	case batchMean:
		if len(losses.Shape()) == 0 {
			graph.Fail("ReduceBatchMean", "a loss of shape () has no batch")
		}
		return graph.Scale(graph.Sum(losses), 1/float64(losses.Shape()[0]))
	}
	return graph.Mean(losses)
}
