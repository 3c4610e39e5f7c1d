package graph

import (
	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// uniformAttr names a stream of random numbers.
type uniformAttr struct {
	Seed  uint64
	Shape string // of the result, so that the attribute can be compared
	shape tensor.Shape
}

var uniformDef *Def

func init() {
	uniformDef = register(&Def{ // the step
		Name:  "Uniform",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) { return attr.(uniformAttr).shape, nil },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			seed := op.attr.(uniformAttr).Seed
			return func() { kernel.Uniform(seed, in[0][0], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) { twin.Uniform(op.attr.(uniformAttr).Seed, in[0][0], out) },
	})
}

// StepName is the name of the input that [Graph.Step] adds.
const StepName = "step"

// Step is an input of shape () that holds the number of the run: a program counts it
// up at every run, from 0. Random ops depend on it, so that a run's numbers are known
// from its number.
func (g *Graph) Step() *Node {
	if g.step == nil {
		g.step = g.Input(StepName)
	}
	return g.step
}

// Uniform is an array of random numbers in [0,1), new at every step: number i depends on
// the seed, the step and i alone, on any number of threads. Two uses in a graph want
// two seeds.
func Uniform(step *Node, seed uint64, shape ...int) *Node {
	if len(step.shape) != 0 {
		fail("Uniform", "the step has shape %v, not ()", step.shape)
	}
	s := append(tensor.Shape{}, shape...)
	return apply(uniformDef, uniformAttr{seed, s.String(), s}, step)
}

// Dropout zeroes elements of x with probability p and scales the rest by 1/(1-p)
// (Srivastava et al. 2014), anew at every step.
func Dropout(x *Node, p float64, seed uint64) *Node {
	if p < 0 || p >= 1 {
		fail("Dropout", "probability %v is not in [0,1)", p)
	}
	if p == 0 {
		return x
	}
	u := Uniform(x.g.Step(), seed, x.shape...)
	return Where(Less(u, x.g.Scalar(p)), x.g.Scalar(0), Scale(x, 1/(1-p)))
}
