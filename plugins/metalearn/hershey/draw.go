package hershey

import (
	"math"
	"math/rand/v2"
)

// Side is the width and height of a drawing in pixels.
const Side = 28

// Hand is how a character is written: an affine map of its strokes, and the pen.
type Hand struct {
	a    [4]float64 // (x,y) goes to (a0 x + a1 y, a2 x + a3 y) + move, in pixels
	move point
	pen  float64 // width of a stroke in pixels
}

// NewHand draws a hand at random: slanted by up to 15°, sheared by up to 0.3, 0.75 to 1.05
// pixels a unit along each axis, moved by up to 2 pixels, with a pen of 1.2 to 2.2 pixels.
func NewHand(r *rand.Rand) Hand {
	within := func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
	sin, cos := math.Sincos(within(-math.Pi/12, math.Pi/12))
	shear, sx, sy := within(-0.3, 0.3), within(0.75, 1.05), within(0.75, 1.05)
	return Hand{
		a:    [4]float64{cos * sx, (cos*shear - sin) * sy, sin * sx, (sin*shear + cos) * sy},
		move: point{within(-2, 2), within(-2, 2)},
		pen:  within(1.2, 2.2),
	}
}

// Draw draws the glyph into dst [Side,Side], 1 where there is ink and 0 where there is
// none, with soft edges: the ink of a pixel falls linearly, within one pixel, with its
// middle's distance to the nearest stroke.
func (g Glyph) Draw(dst []float32, h Hand) {
	clear(dst[:Side*Side])
	place := func(p point) point {
		const middle = (Side - 1) / 2.0
		return point{h.a[0]*p.x + h.a[1]*p.y + h.move.x + middle, h.a[2]*p.x + h.a[3]*p.y + h.move.y + middle}
	}
	reach := h.pen/2 + 0.5
	for _, s := range g.segments {
		p, q := place(s.from), place(s.to)
		d := q.minus(p)
		length := d.x*d.x + d.y*d.y
		x0, x1 := pixels(p.x, q.x, reach)
		y0, y1 := pixels(p.y, q.y, reach)
		for y := y0; y <= y1; y++ {
			for x := x0; x <= x1; x++ {
				v := point{float64(x), float64(y)}.minus(p)
				along := 0.0 // where the nearest point of the segment is, 0 at p and 1 at q
				if length > 0 {
					along = max(0, min(1, (v.x*d.x+v.y*d.y)/length))
				}
				away := math.Hypot(v.x-along*d.x, v.y-along*d.y)
				ink := float32(min(1, reach-away))
				if at := y*Side + x; ink > dst[at] {
					dst[at] = ink
				}
			}
		}
	}
}

// pixels are the first and last that ink between a and b may reach.
func pixels(a, b, reach float64) (first, last int) {
	return max(0, int(math.Ceil(min(a, b)-reach))), min(Side-1, int(math.Floor(max(a, b)+reach)))
}
