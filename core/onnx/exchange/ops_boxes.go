package exchange

import (
	"math"
	"slices"

	"lab/core/onnx/array"
)

// Operators on boxes that something was found in.

func init() {
	register("NonMaxSuppression", rule{since: versions(10, 11), least: 2, most: 5, host: true, build: one(buildNonMaxSuppression)})
}

// buildNonMaxSuppression keeps the boxes of each class with the best scores, but none that
// overlaps with one kept before by more than a threshold.
func buildNonMaxSuppression(c *call) operand {
	boxes, scores := c.value(0), c.value(1)
	most := c.number(2, 0)
	overlap := c.number(3, 0)
	least := c.number(4, math.Inf(-1))
	center := c.size("center_point_box", c.attrs.Int("center_point_box", 0), 0, 1) == 1
	b, s := boxes.Shape, scores.Shape
	if len(b) != 3 || len(s) != 3 || b[2] != 4 || b[0] != s[0] || b[1] != s[2] {
		c.fail("boxes of shape %v and scores of shape %v", b, s)
	}
	corners := func(i int) (y0, x0, y1, x1 float64) {
		v := [4]float64{boxes.At(4 * i), boxes.At(4*i + 1), boxes.At(4*i + 2), boxes.At(4*i + 3)}
		if center {
			return v[1] - v[3]/2, v[0] - v[2]/2, v[1] + v[3]/2, v[0] + v[2]/2
		}
		return min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])
	}
	area := func(y0, x0, y1, x1 float64) float64 { return max(0, y1-y0) * max(0, x1-x0) }
	union := func(i, j int) float64 { // intersection over it
		a0, a1, a2, a3 := corners(i)
		b0, b1, b2, b3 := corners(j)
		both := area(max(a0, b0), max(a1, b1), min(a2, b2), min(a3, b3))
		if both == 0 {
			return 0
		}
		return both / (area(a0, a1, a2, a3) + area(b0, b1, b2, b3) - both)
	}
	var picked []int64
	for n := range s[0] {
		for class := range s[1] {
			at := (n*s[1] + class) * s[2]
			order := upTo(0, s[2])
			slices.SortStableFunc(order, func(i, j int) int {
				switch x, y := scores.At(at+i), scores.At(at+j); {
				case x > y:
					return -1
				case x < y:
					return 1
				}
				return 0
			})
			var kept []int
			for _, i := range order {
				if float64(len(kept)) >= most {
					break
				}
				if c.has(4) && !(scores.At(at+i) > least) {
					continue
				}
				if !slices.ContainsFunc(kept, func(k int) bool { return union(n*b[1]+i, n*b[1]+k) > overlap }) {
					kept = append(kept, i)
					picked = append(picked, int64(n), int64(class), int64(i))
				}
			}
		}
	}
	return known(array.Ints(picked...).Reshape(len(picked)/3, 3))
}
