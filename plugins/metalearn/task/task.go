package task

import (
	"math/rand/v2"

	"lab/core/tensor"
)

// Distribution is p(T), what tasks are drawn from.
type Distribution interface {
	// Shape is that of one input: [1] for a number, [28,28,1] for an image.
	Shape() tensor.Shape

	// Sample draws a task, and as many points of it as there is room for.
	Sample(r *rand.Rand, support, query Points)
}

// Points are labelled examples of a task, in the caller's memory.
type Points struct {
	X []float32 // [n, shape of an input...]
	Y []float32 // [n]: what to predict, a number or a class
}

// Of is the part of the points that belongs to one of several tasks side by side.
func (p Points) Of(task, tasks int) Points {
	x, y := len(p.X)/tasks, len(p.Y)/tasks
	return Points{p.X[task*x : (task+1)*x], p.Y[task*y : (task+1)*y]}
}
