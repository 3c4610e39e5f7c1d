package supervised

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"lab/core/picture"
	"lab/core/tensor"
)

// History keeps the curves of a run for its pictures. It is a part of a checkpoint, so
// that a resumed run draws them from their beginning. The zero value is empty.
type History struct {
	names  []string
	points map[string]*curve
}

type curve struct{ x, y []float32 }

// Add adds a point to the curve of that name.
func (h *History) Add(name string, x int, y float64) {
	if h.points == nil {
		h.points = map[string]*curve{}
	}
	c := h.points[name]
	if c == nil {
		c = &curve{}
		h.points[name], h.names = c, append(h.names, name)
	}
	c.x, c.y = append(c.x, float32(x)), append(c.y, float32(y))
}

// Mean is the mean of the last n points of a curve, or of all where there are fewer.
func (h *History) Mean(name string, n int) float64 {
	c := h.points[name]
	if c == nil {
		return math.NaN()
	}
	last := c.y[max(0, len(c.y)-n):]
	sum := 0.0
	for _, y := range last {
		sum += float64(y)
	}
	return sum / float64(len(last))
}

// First is the position, counted from 1, of the first point of a curve that is at least
// y; one more than there are points where none is.
func (h *History) First(name string, y float64) int {
	c := h.points[name]
	if c == nil {
		return 1
	}
	for i, v := range c.y {
		if v >= float32(y) {
			return i + 1
		}
	}
	return len(c.y) + 1
}

// Series are the curves of these names as a chart draws them; those without points
// are left out.
func (h *History) Series(names ...string) (out []picture.Series) {
	for _, name := range names {
		if c := h.points[name]; c != nil {
			out = append(out, picture.Series{Name: name, X: wide(c.x), Y: wide(c.y)})
		}
	}
	return out
}

// Draw draws the curves of these names.
func (h *History) Draw(x, y picture.Axis, names ...string) (image.Image, error) {
	return picture.Chart{X: x, Y: y, Series: h.Series(names...)}.Draw()
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// StateDict is what a checkpoint keeps.
func (h *History) StateDict() map[string]*tensor.Tensor {
	d := map[string]*tensor.Tensor{}
	for i, name := range h.names {
		c := h.points[name]
		d[fmt.Sprintf("%04d.%s", i, name)] = tensor.New(tensor.Shape{2, len(c.x)}, append(slices.Clone(c.x), c.y...))
	}
	return d
}

// LoadStateDict goes back to what StateDict returned.
func (h *History) LoadStateDict(d map[string]*tensor.Tensor) error {
	var keys []string
	for key, t := range d {
		if len(t.Shape) != 2 || t.Shape[0] != 2 || t.F == nil {
			return fmt.Errorf("%s is no curve", key)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	h.names, h.points = nil, map[string]*curve{}
	for _, key := range keys {
		_, name, _ := strings.Cut(key, ".")
		t := d[key]
		n := t.Shape[1]
		h.names = append(h.names, name)
		h.points[name] = &curve{slices.Clone(t.F[:n]), slices.Clone(t.F[n:])}
	}
	return nil
}
