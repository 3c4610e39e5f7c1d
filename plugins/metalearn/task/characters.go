package task

import (
	"fmt"
	"math/rand/v2"

	"lab/core/tensor"
)

// Characters are N-way K-shot classification tasks (Vinyals et al. 2016, section 4.1): of
// Ways characters, drawn from all, the support set has K drawings each and the query set
// others.
type Characters struct {
	Ways    int
	drawers []drawer // one a character
}

// drawer draws a character n times, each time otherwise, into dst [n,28,28].
type drawer func(r *rand.Rand, n int, dst []float32)

const pixels = side * side

// side is the width and height of a drawing.
const side = 28

// Shape is [28,28,1].
func (*Characters) Shape() tensor.Shape { return tensor.Shape{side, side, 1} }

// Count is the number of characters.
func (c *Characters) Count() int { return len(c.drawers) }

// Sample draws a task. The points of a set are sorted by class: K of the first, K of the
// second and so on.
func (c *Characters) Sample(r *rand.Rand, support, query Points) {
	k, q := len(support.Y)/c.Ways, len(query.Y)/c.Ways
	drawings := make([]float32, (k+q)*pixels)
	for class, character := range r.Perm(len(c.drawers))[:c.Ways] {
		c.drawers[character](r, k+q, drawings)
		copy(support.X[class*k*pixels:], drawings[:k*pixels])
		copy(query.X[class*q*pixels:], drawings[k*pixels:])
		fill(support.Y[class*k:(class+1)*k], class)
		fill(query.Y[class*q:(class+1)*q], class)
	}
}

func fill(y []float32, class int) {
	for i := range y {
		y[i] = float32(class)
	}
}

// newCharacters makes tasks of that many ways, if there are characters enough.
func newCharacters(ways int, drawers []drawer) (*Characters, error) {
	if len(drawers) < ways {
		return nil, fmt.Errorf("tasks of %d classes need as many characters; there are %d", ways, len(drawers))
	}
	return &Characters{ways, drawers}, nil
}
