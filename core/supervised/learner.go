package supervised

import (
	"lab/core"
	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/tensor"
	"lab/core/vm"
)

// Learner learns from examples, a batch at a time: the gradient of its objective, and a
// step of its optimiser down it.
type Learner struct {
	Optimiser
	want  Objective
	steps *vm.Cache[int, lesson] // by the size of the batch: the last one of an epoch may be smaller
}

// Optimiser is any of package optim's.
type Optimiser interface {
	SetLR(lr float64)
	Step()
	StateDict() map[string]*tensor.Tensor
	LoadStateDict(map[string]*tensor.Tensor) error
}

// Objective is what learning is to make small.
type Objective struct {
	// Loss is that of a model's outputs [n,…] against labels or targets y [n].
	Loss func(out, y *graph.Node) *graph.Node
	// Fill puts the labels or targets of a batch into y.
	Fill func(b *data.Batches, y []float32)
}

// CrossEntropy is the objective of a classifier whose outputs are logits [n,classes].
func CrossEntropy(options ...nn.LossOption) Objective {
	return Objective{func(out, y *graph.Node) *graph.Node { return nn.CrossEntropy(out, y, options...) }, (*data.Batches).LabelsFloat}
}

type lesson struct {
	*vm.Program
	x, y, loss *graph.Node
}

// NewLearner makes one of a model's parameters, of what it computes of a batch in
// training, [n,shape…] to outputs, and of the optimiser of those parameters.
func NewLearner(params *graph.Params, forward func(x *graph.Node) *graph.Node, shape tensor.Shape, want Objective, o Optimiser) *Learner {
	return &Learner{o, want, vm.NewCache(2, func(n int) (st lesson, err error) {
		err = graph.Build(func() {
			g := graph.New()
			st.x, st.y = g.Input("x", append([]int{n}, shape...)...), g.Input("y", n)
			st.loss = want.Loss(forward(st.x), st.y)
		})
		if err != nil {
			return st, &core.Error{Kind: core.Usage, Err: err}
		}
		if st.Program, err = vm.Compile([]*graph.Node{st.loss}, graph.Backward(st.loss, params)); err == nil {
			st.Named("step")
		}
		return st, err
	})}
}

// Gradient computes the loss and the gradients of the batch that is up.
func (l *Learner) Gradient(b *data.Batches) (loss float64, err error) {
	st, err := l.steps.For(b.Len())
	if err != nil {
		return 0, err
	}
	b.Inputs(st.Value(st.x))
	l.want.Fill(b, st.Value(st.y))
	st.Run()
	return st.Scalar(st.loss), nil
}

// Learn takes one step on the batch that is up and returns its loss before it.
func (l *Learner) Learn(b *data.Batches, lr float64) (loss float64, err error) {
	if loss, err = l.Gradient(b); err == nil {
		l.SetLR(lr)
		l.Step()
	}
	return loss, err
}

// SetRuns sets how many batches it has learned from, for a training that is resumed:
// dropout goes on from there.
func (l *Learner) SetRuns(n int64) { l.steps.SetRuns(n) }
