package mlp

import (
	"math"

	"lab/core"
	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/supervised"
)

// optimiserParams choose how gradients become steps.
type optimiserParams struct {
	Optimizer string  `default:"adam" enum:"sgd,rmsprop,adam,adamw" doc:"how gradients become steps"`
	LR        float64 `default:"0" min:"0" doc:"learning rate; 0 takes 0.1 for sgd, 0.01 with momentum, 1e-3 for the others"`
	Momentum  float64 `default:"0" min:"0" max:"0.9999" doc:"of sgd and rmsprop"`
	Schedule  string  `default:"cosine" enum:"cosine,constant" doc:"cosine: the learning rate falls to 0 within the epochs"`
}

// rate is the learning rate, chosen or what suits the optimiser.
func (p optimiserParams) rate() float64 {
	switch {
	case p.LR > 0:
		return p.LR
	case p.Optimizer == "sgd" && p.Momentum > 0:
		return 0.01
	case p.Optimizer == "sgd":
		return 0.1
	}
	return 1e-3
}

func (p optimiserParams) make(params *graph.Params, decay float64) (supervised.Optimiser, error) {
	if p.Momentum > 0 && p.Optimizer != "sgd" && p.Optimizer != "rmsprop" {
		return nil, &core.Error{Kind: core.Usage, Msg: p.Optimizer + " takes no momentum: it has one of its own", Try: "optimizer=sgd, or no momentum"}
	}
	switch p.Optimizer {
	case "sgd":
		o := optim.NewSGD(params, p.rate())
		o.Momentum, o.WeightDecay = p.Momentum, decay
		return o, nil
	case "rmsprop":
		o := optim.NewRMSprop(params, p.rate())
		o.Momentum, o.WeightDecay = p.Momentum, decay
		return o, nil
	case "adam":
		o := optim.NewAdam(params, p.rate())
		o.WeightDecay = decay
		return o, nil
	}
	o := optim.NewAdamW(params, p.rate())
	o.WeightDecay = decay
	return o, nil
}

func (p optimiserParams) schedule(steps int) optim.Schedule {
	if p.Schedule == "cosine" {
		return optim.Cosine(p.rate(), 0, steps)
	}
	return optim.Constant(p.rate())
}

var crossEntropy = supervised.CrossEntropy()

// squaredProbabilities is the mean of (softmax - one-hot)², which the course compares
// cross entropy with: far from the answer it is flat.
var squaredProbabilities = supervised.Objective{
	Loss: func(out, y *graph.Node) *graph.Node {
		return nn.MSE(graph.Softmax(out), graph.OneHot(y, out.Shape()[1]))
	},
	Fill: (*data.Batches).LabelsFloat}

// squaredError is the mean of (out - y)², the targets brought to mean 0 and deviation 1.
func squaredError(targets data.Statistics) supervised.Objective {
	return supervised.Objective{
		Loss: func(out, y *graph.Node) *graph.Node { return nn.MSE(graph.Reshape(out, -1), y) },
		Fill: func(b *data.Batches, y []float32) {
			b.Targets(y)
			targets.Apply(y[:b.Len()])
		}}
}

// learner is a network in training.
type learner struct {
	*network
	*supervised.Learner
	want supervised.Objective
}

func newLearner(n *network, p optimiserParams, decay float64, want supervised.Objective) (*learner, error) {
	o, err := p.make(n.Params, decay)
	if err != nil {
		return nil, err
	}
	train := func(x *graph.Node) *graph.Node { return n.forward(x, true) }
	return &learner{n, supervised.NewLearner(n.Params, train, n.sizes[:1], want, o), want}, nil
}

// norm is the Euclidean norm of a layer's gradient of weights, as the last step left it.
func (l *learner) norm(layer int) float64 {
	sum := 0.0
	for _, v := range l.fc[layer].Weight.Grad() {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
