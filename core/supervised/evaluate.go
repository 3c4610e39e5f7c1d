package supervised

import (
	"lab/core/data"
	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// Evaluator computes what a model says of examples, a batch at a time.
type Evaluator struct {
	programs *vm.Cache[int, program] // by the size of the batch
	labels   []int64
	targets  []float32
}

type program struct {
	*vm.Program
	x, y *graph.Node
}

// EvalBatch is a good size of batches to evaluate with: enough to keep the kernels
// busy, few enough to stay in cache.
const EvalBatch = 200

// NewEvaluator makes one of what a model computes of a batch: forward maps [n,shape…]
// to logits [n,classes] or predictions [n,1], and is called for each new n. It is to
// build the model as it is outside of training.
func NewEvaluator(forward func(x *graph.Node) *graph.Node, shape tensor.Shape) *Evaluator {
	return &Evaluator{programs: vm.NewCache(3, func(n int) (p program, err error) {
		p.x = graph.New().Input("x", append([]int{n}, shape...)...)
		if err := graph.Build(func() { p.y = forward(p.x) }); err != nil {
			return p, err
		}
		if p.Program, err = vm.Compile([]*graph.Node{p.y}); err == nil {
			p.Named("evaluation")
		}
		return p, err
	})}
}

// Outputs calls f with what the model says of each batch of an epoch, [n,outputs].
func (e *Evaluator) Outputs(batches *data.Batches, f func(out []float32)) error {
	for batches.Start(1); batches.Next(); {
		p, err := e.programs.For(batches.Len())
		if err != nil {
			return err
		}
		batches.Inputs(p.Value(p.x))
		p.Run()
		f(p.Value(p.y))
	}
	return nil
}

// Classify scores a classifier. The batches tell the labels.
func (e *Evaluator) Classify(batches *data.Batches) (*Score, error) {
	var s *Score
	err := e.Outputs(batches, func(logits []float32) {
		n := batches.Len()
		e.labels = append(e.labels[:0], make([]int64, n)...)
		batches.Labels(e.labels)
		if s == nil {
			s = NewScore(len(logits) / n)
		}
		s.Add(logits, batches.Index(), e.labels)
	})
	return s, err
}

// Regress scores a regressor; targets are brought back to their units by undo, which
// may be nil.
func (e *Evaluator) Regress(batches *data.Batches, undo func(predictions []float32)) (*Fit, error) {
	f := &Fit{}
	var said []float32
	err := e.Outputs(batches, func(out []float32) {
		said = append(said[:0], out...)
		if undo != nil {
			undo(said)
		}
		e.targets = append(e.targets[:0], make([]float32, batches.Len())...)
		batches.Targets(e.targets)
		f.Add(said, e.targets)
	})
	return f, err
}
