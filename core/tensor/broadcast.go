package tensor

import (
	"fmt"
	"strings"
)

// Broadcast is the shape that arrays of the shapes take together, as in NumPy: axes are
// aligned at the last one, and an axis of 1, or one that is missing, stretches.
func Broadcast(shapes ...Shape) (Shape, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make(Shape, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			a := i - (rank - len(s))
			if a < 0 || s[a] == 1 || s[a] == out[i] {
				continue
			}
			if out[i] != 1 {
				return nil, fmt.Errorf("shapes %s do not broadcast", Shapes(shapes))
			}
			out[i] = s[a]
		}
	}
	return out, nil
}

// Shapes of several arrays, as messages name them: "(2, 3), (3) and (1)".
type Shapes []Shape

func (s Shapes) String() string {
	var b strings.Builder
	for i, shape := range s {
		switch {
		case i == 0:
		case i == len(s)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(shape.String())
	}
	return b.String()
}
