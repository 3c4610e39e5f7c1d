package mlp

import (
	"math"

	"lab/core"
	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/tensor"
	"lab/core/vm"
)

// optimiserParams choose how gradients become steps.
type optimiserParams struct {
	Optimizer string  `default:"adam" enum:"sgd,rmsprop,adam,adamw" doc:"how gradients become steps"`
	LR        float64 `default:"0" min:"0" doc:"learning rate; 0 takes 0.1 for sgd, 0.01 with momentum, 1e-3 for the others"`
	Momentum  float64 `default:"0" min:"0" max:"0.9999" doc:"of sgd and rmsprop"`
	Schedule  string  `default:"cosine" enum:"cosine,constant" doc:"cosine: the learning rate falls to 0 within the epochs"`
}

type optimiser interface {
	SetLR(float64)
	Step()
	StateDict() map[string]*tensor.Tensor
	LoadStateDict(map[string]*tensor.Tensor) error
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

func (p optimiserParams) make(params *graph.Params, decay float64) (optimiser, error) {
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

// objective is the loss of outputs [N,K] against labels or targets [N].
type objective struct {
	name string
	loss func(out, y *graph.Node) *graph.Node
	fill func(b *data.Batches, y []float32)
}

var crossEntropy = objective{"cross-entropy",
	func(out, y *graph.Node) *graph.Node { return nn.CrossEntropy(out, y) }, (*data.Batches).LabelsFloat}

// squaredProbabilities is the mean of (softmax - one-hot)², which the course compares
// cross entropy with: far from the answer it is flat.
var squaredProbabilities = objective{"mse", func(out, y *graph.Node) *graph.Node {
	return nn.MSE(graph.Softmax(out), graph.OneHot(y, out.Shape()[1]))
}, (*data.Batches).LabelsFloat}

// squaredError is the mean of (out - y)², the targets brought to mean 0 and deviation 1.
func squaredError(targets data.Statistics) objective {
	return objective{"mse", func(out, y *graph.Node) *graph.Node { return nn.MSE(graph.Reshape(out, -1), y) },
		func(b *data.Batches, y []float32) {
			b.Targets(y)
			targets.Apply(y[:b.Len()])
		}}
}

// learner is a network in training.
type learner struct {
	*network
	optimiser
	steps *vm.Cache[int, step] // by the size of the batch: the last one of an epoch is smaller
	want  objective
}

type step struct {
	*vm.Program
	x, y, loss *graph.Node
}

func newLearner(n *network, p optimiserParams, decay float64, want objective) (*learner, error) {
	o, err := p.make(n.Params, decay)
	if err != nil {
		return nil, err
	}
	l := &learner{network: n, optimiser: o, want: want}
	l.steps = vm.NewCache(2, func(size int) (st step, err error) {
		err = graph.Build(func() {
			g := graph.New()
			st.x, st.y = g.Input("x", size, n.sizes[0]), g.Input("y", size)
			st.loss = want.loss(n.forward(st.x, true), st.y)
		})
		if err != nil {
			return st, &core.Error{Kind: core.Usage, Err: err}
		}
		if st.Program, err = vm.Compile([]*graph.Node{st.loss}, graph.Backward(st.loss, n.Params)); err == nil {
			st.Named("step")
		}
		return st, err
	})
	return l, nil
}

// gradient computes the loss and the gradients of the batch that is up.
func (l *learner) gradient(b *data.Batches) (loss float64, err error) {
	st, err := l.steps.For(b.Len())
	if err != nil {
		return 0, err
	}
	b.Inputs(st.Value(st.x))
	l.want.fill(b, st.Value(st.y))
	st.Run()
	return st.Scalar(st.loss), nil
}

// learn takes one step on the batch that is up and returns its loss.
func (l *learner) learn(b *data.Batches, lr float64) (loss float64, err error) {
	if loss, err = l.gradient(b); err == nil {
		l.SetLR(lr)
		l.Step()
	}
	return loss, err
}

// norm is the Euclidean norm of a layer's gradient of weights, as the last step left it.
func (l *learner) norm(layer int) float64 {
	sum := 0.0
	for _, v := range l.fc[layer].Weight.Grad() {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
