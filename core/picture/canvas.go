package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// canvas is an image to draw on, with smooth edges. Coordinates are pixels from the
// top left corner; a pixel's middle lies at a half.
type canvas struct {
	*image.RGBA
}

// point is a place on a canvas.
type point struct{ x, y float64 }

func newCanvas(width, height int) canvas {
	c := canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
	draw.Draw(c, c.Rect, image.White, image.Point{}, draw.Src)
	return c
}

// rect fills the pixels from (x0,y0) to before (x1,y1).
func (c canvas) rect(x0, y0, x1, y1 int, col color.Color) {
	draw.Draw(c, image.Rect(x0, y0, x1, y1), image.NewUniform(col), image.Point{}, draw.Over)
}

// shape collects polygons that are filled in one colour. All are wound alike: the
// rasterizer adds up winding numbers, and opposite ones would cancel.
type shape struct {
	r    *vector.Rasterizer
	clip image.Rectangle
}

// shape begins one that is drawn within clip only.
func (c canvas) shape(clip image.Rectangle) *shape {
	return &shape{vector.NewRasterizer(clip.Dx(), clip.Dy()), clip}
}

// polygon adds a polygon, wound as it is given.
func (s *shape) polygon(ps ...point) {
	for i, p := range ps {
		x, y := float32(p.x-float64(s.clip.Min.X)), float32(p.y-float64(s.clip.Min.Y))
		if i == 0 {
			s.r.MoveTo(x, y)
		} else {
			s.r.LineTo(x, y)
		}
	}
	s.r.ClosePath()
}

// disc adds a disc, clockwise on the screen.
func (s *shape) disc(at point, radius float64) {
	n := 8 + int(2*radius)
	ps := make([]point, n)
	for i := range ps {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		ps[i] = point{at.x + radius*cos, at.y + radius*sin}
	}
	s.polygon(ps...)
}

// line adds a line through the points with round corners, clockwise on the screen.
func (s *shape) line(ps []point, width float64) {
	for i, p := range ps {
		s.disc(p, width/2)
		if i == 0 {
			continue
		}
		q := ps[i-1]
		dx, dy := p.x-q.x, p.y-q.y
		l := math.Hypot(dx, dy)
		if l == 0 {
			continue
		}
		ox, oy := -dy/l*width/2, dx/l*width/2
		s.polygon(point{q.x + ox, q.y + oy}, point{q.x - ox, q.y - oy}, point{p.x - ox, p.y - oy}, point{p.x + ox, p.y + oy})
	}
}

// fill draws the shape.
func (c canvas) fill(s *shape, col color.Color) {
	s.r.Draw(c, s.clip, image.NewUniform(col), image.Point{})
}
