package env

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// ink is black.
var ink = color.RGBA{0, 0, 0, 255}

// Canvas is a picture of one moment. Environments draw in units of their own, y upwards;
// edges are smooth.
type Canvas struct {
	Image *image.RGBA

	x0, y0, scale float64 // the picture's origin in pixels, pixels a unit
	cover         []float64
}

// NewCanvas makes a white one.
func NewCanvas(width, height int) *Canvas {
	c := &Canvas{Image: image.NewRGBA(image.Rect(0, 0, width, height)), cover: make([]float64, width)}
	for i := range c.Image.Pix {
		c.Image.Pix[i] = 255
	}
	c.View(0, 0, float64(width), float64(height))
	return c
}

// View makes what lies between two corners as large as fits, in the middle.
func (c *Canvas) View(left, bottom, right, top float64) {
	w, h := float64(c.Image.Rect.Dx()), float64(c.Image.Rect.Dy())
	c.scale = min(w/(right-left), h/(top-bottom))
	c.x0 = w/2 - c.scale*(left+right)/2
	c.y0 = h/2 + c.scale*(bottom+top)/2
}

// Line draws a straight line.
func (c *Canvas) Line(x1, y1, x2, y2, width float64, with color.RGBA) {
	dx, dy := x2-x1, y2-y1
	n := math.Hypot(dx, dy)
	if n == 0 {
		return
	}
	dx, dy = dx/n*width/2, dy/n*width/2
	c.Polygon(with, x1-dy, y1+dx, x2-dy, y2+dx, x2+dy, y2-dx, x1+dy, y1-dx)
}

// Disc draws a filled circle.
func (c *Canvas) Disc(x, y, radius float64, with color.RGBA) {
	const corners = 32
	points := make([]float64, 0, 2*corners)
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points = append(points, x+radius*cos, y+radius*sin)
	}
	c.Polygon(with, points...)
}

// scans is how many lines through each row of pixels tell how much of it is covered.
const scans = 4

// Polygon fills a polygon with the given corners, x and y in turns.
func (c *Canvas) Polygon(with color.RGBA, corners ...float64) {
	n := len(corners) / 2
	xs, ys := make([]float64, n), make([]float64, n)
	for i := range n {
		xs[i], ys[i] = c.x0+c.scale*corners[2*i], c.y0-c.scale*corners[2*i+1]
	}
	first, last := int(math.Floor(slices.Min(ys))), int(math.Ceil(slices.Max(ys)))
	var crossings []float64
	for row := max(first, 0); row < min(last, c.Image.Rect.Dy()); row++ {
		clear(c.cover)
		for scan := range scans {
			y := float64(row) + (float64(scan)+0.5)/scans
			crossings = crossings[:0]
			for i := range n {
				j := (i + 1) % n
				if (ys[i] <= y) != (ys[j] <= y) {
					crossings = append(crossings, xs[i]+(y-ys[i])/(ys[j]-ys[i])*(xs[j]-xs[i]))
				}
			}
			slices.Sort(crossings)
			for i := 0; i+1 < len(crossings); i += 2 {
				c.span(crossings[i], crossings[i+1])
			}
		}
		for x, share := range c.cover {
			if share > 0 {
				c.blend(x, row, min(1, share), with)
			}
		}
	}
}

// span counts what a scan covers of each pixel from one place in its row to another.
func (c *Canvas) span(from, to float64) {
	from, to = max(from, 0), min(to, float64(len(c.cover)))
	for x := int(from); float64(x) < to; x++ {
		c.cover[x] += (min(to, float64(x+1)) - max(from, float64(x))) / scans
	}
}

func (c *Canvas) blend(x, y int, share float64, with color.RGBA) {
	p := c.Image.Pix[c.Image.PixOffset(x, y):]
	for i, v := range [3]uint8{with.R, with.G, with.B} {
		p[i] = uint8(math.Round(float64(p[i])*(1-share) + float64(v)*share))
	}
}
