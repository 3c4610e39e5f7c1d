package exchange

import (
	"math"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Resizing works one axis after the other: each is multiplied by a matrix of weights, one
// row for each output place; "nearest" picks places.

func init() {
	register("Resize",
		rule{since: versions(10), least: 2, most: 2, build: one(buildResize)},
		rule{since: versions(11), least: 3, most: 4, optional: true, build: one(buildResize)},
		rule{since: versions(13, 18, 19), least: 1, most: 4, build: one(buildResize)})
	register("Upsample",
		rule{since: versions(1, 7), least: 1, most: 1, build: one(buildResize)},
		rule{since: versions(9, 10), least: 2, most: 2, build: one(buildResize)})
}

// resize is how one axis is resized.
type resize struct {
	mode, coordinates, nearest string
	in, out                    int
	scale                      float64
	start, end                 float64 // region of interest, in parts of the axis
	antialias, exclude         bool
	a                          float64 // coefficient of the cubic
	extrapolate                bool
}

func buildResize(c *call) operand {
	x := c.in[0]
	s := x.shape()
	r := resize{mode: c.choice("mode", "nearest", "linear", "cubic", "bilinear"), coordinates: "asymmetric", nearest: "floor", end: 1}
	if r.mode == "bilinear" {
		r.mode = "linear"
	}
	var axes []int64
	policy := "stretch"
	if c.Op == "Resize" && c.since >= 11 {
		r.coordinates = c.choice("coordinate_transformation_mode", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn")
		r.nearest = c.choice("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
		r.a, r.exclude = float64(c.attrs.Float("cubic_coeff_a", -0.75)), c.flag("exclude_outside", false)
		if c.since >= 18 {
			r.antialias = c.flag("antialias", false)
			axes = c.attrs.Ints("axes")
			policy = c.choice("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
		}
	}
	value := float64(c.attrs.Float("extrapolation_value", 0))
	if axes == nil {
		for i := range s {
			axes = append(axes, int64(i))
		}
	}
	c.marked(axes, len(s))
	scales, sizes, roi := c.resizing(axes, policy)
	var outside operand // where the region reaches beyond the input
	for i, axis64 := range axes {
		axis := c.axis(axis64, len(s))
		r.in, r.out, r.scale = s[axis], sizes[i], scales[i]
		if c.Op == "Resize" && c.since == 10 { // which does not say; so does ONNX Runtime
			if r.nearest = "floor"; r.scale < 1 {
				r.nearest = "ceil"
			}
		}
		if r.coordinates == "tf_crop_and_resize" {
			r.start, r.end, r.extrapolate = roi[i], roi[len(axes)+i], true
		}
		if r.out == r.in && r.scale == 1 && (!r.extrapolate || r.start == 0 && r.end == 1) {
			continue
		}
		if r.in == 0 || r.out == 0 {
			c.fail("axis %d of shape %v to %d", axis, s, r.out)
		}
		shape := x.shape().Clone()
		shape[axis] = r.out
		c.room(shape...)
		if r.extrapolate {
			beyond := make([]bool, r.out)
			for o := range beyond {
				at := r.origin(o)
				beyond[o] = at < 0 || at > float64(r.in-1)
			}
			to := make([]int, len(s)-axis)
			for k := range to {
				to[k] = 1
			}
			to[0] = r.out
			mark := c.reshape(known(array.Truth(tensor.Shape{r.out}, beyond)), to...)
			if outside.given() {
				mark = c.combine(or, outside, mark)
			}
			outside = mark
		}
		x = c.resizeAxis(x, axis, &r)
	}
	if outside.given() {
		x = c.where(outside, num(x, value), x)
	}
	return x
}

// resizing reads scales and sizes of the axes, of which one is given, and the region.
func (c *call) resizing(axes []int64, policy string) (scales []float64, sizes []int, roi []float64) {
	s := c.in[0].shape()
	n := len(axes)
	var given []float64
	floats := func(i int) []float64 {
		a := array.Cast(c.value(i), pb.Double)
		return array.Of[float64](a)
	}
	scaleInput := 1
	if c.Op == "Resize" && c.since >= 11 {
		scaleInput = 2
		if c.has(1) {
			roi = floats(1)
		}
	}
	switch {
	case c.Op == "Upsample" && c.since < 7: // of images
		if n != 4 {
			c.fail("an input of shape %v", s)
		}
		given = []float64{1, 1, float64(c.attrs.Float("height_scale", 0)), float64(c.attrs.Float("width_scale", 0))}
	case c.Op == "Upsample" && c.since < 9:
		for _, f := range c.attrs.Floats("scales") {
			given = append(given, float64(f))
		}
	case c.has(scaleInput):
		given = floats(scaleInput)
	}
	if len(roi) != 2*n {
		roi = make([]float64, 2*n)
		for i := range n {
			roi[n+i] = 1
		}
	}
	scales, sizes = make([]float64, n), make([]int, n)
	if len(given) > 0 {
		if len(given) != n {
			c.fail("%d scales for %d axes", len(given), n)
		}
		for i, f := range given {
			d := s[c.axis(axes[i], len(s))]
			region := 1.0
			if c.attrs.String("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
				region = roi[n+i] - roi[i]
			}
			out := math.Floor(float64(d) * region * f)
			if !(f > 0) || !(out >= 0 && out <= 1<<31) {
				c.fail("a scale of %v of shape %v", f, s)
			}
			scales[i], sizes[i] = f, int(out)
		}
		return scales, sizes, roi
	}
	if !c.has(3) {
		c.fail("it has neither scales nor sizes")
	}
	list := c.list(3)
	if len(list) != n {
		c.fail("%d sizes for %d axes", len(list), n)
	}
	common := math.NaN()
	for i, v := range list {
		sizes[i] = c.size("a size", v, 0, 1<<31)
		scales[i] = float64(v) / float64(s[c.axis(axes[i], len(s))])
		if common != common || policy == "not_larger" && scales[i] < common || policy == "not_smaller" && scales[i] > common {
			common = scales[i]
		}
	}
	if policy != "stretch" {
		for i := range list {
			scales[i] = common
			out := math.Floor(common*float64(s[c.axis(axes[i], len(s))]) + 0.5)
			if !(out >= 0 && out <= 1<<31) {
				c.fail("sizes %v of shape %v", list, s)
			}
			sizes[i] = int(out)
		}
	}
	return scales, sizes, roi
}

// origin is the place in the input of a place in the output.
func (r *resize) origin(o int) float64 {
	return float64(r.origin32(float32(o), float32(r.in), float32(r.out), float32(r.scale), float32(r.start), float32(r.end)))
}

// origin32 is in float32, as everybody computes it: a place may lie on the edge of the
// nearest ones.
func (r *resize) origin32(x, in, out, scale, start, end float32) float32 {
	switch r.coordinates {
	case "asymmetric":
		return x / scale
	case "align_corners":
		if r.out == 1 {
			return 0
		}
		// of the size before it was rounded down
		return x * (in - 1) / (in*scale - 1)
	case "pytorch_half_pixel":
		if r.out == 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / scale
	case "half_pixel_symmetric":
		adjust := out / (in * scale)
		return in/2*(1-adjust) + (x+0.5)/scale - 0.5
	case "tf_crop_and_resize":
		if r.out == 1 {
			return 0.5 * (start + end) * (in - 1)
		}
		return start*(in-1) + x*(end-start)*(in-1)/(out-1)
	}
	return (x+0.5)/scale - 0.5
}

// weights are those of input places for an output place, beginning at one of them that
// may lie outside.
func (r *resize) weights(o int) (first int, w []float64) {
	at := r.origin(o)
	if r.extrapolate {
		at = max(0, min(at, float64(r.in-1)))
	}
	if r.mode == "nearest" {
		switch r.nearest {
		case "round_prefer_floor":
			at = math.Ceil(at - 0.5)
		case "round_prefer_ceil":
			at = math.Floor(at + 0.5)
		case "floor":
			at = math.Floor(at)
		default:
			at = math.Ceil(at)
		}
		return int(max(0, min(at, float64(r.in-1)))), []float64{1}
	}
	width, kernel := 1.0, func(d float64) float64 { return max(0, 1-math.Abs(d)) }
	if r.mode == "cubic" {
		width, kernel = 2, func(d float64) float64 { return cubic(r.a, math.Abs(d)) }
	}
	shrink := 1.0
	if r.antialias && r.scale < 1 {
		shrink = r.scale
	}
	first = int(math.Floor(at-width/shrink)) + 1
	for i := first; float64(i) < at+width/shrink; i++ {
		w = append(w, kernel((float64(i)-at)*shrink))
	}
	sum := 0.0
	for i := range w {
		if k := first + i; r.exclude && (k < 0 || k >= r.in) {
			w[i] = 0
		}
		sum += w[i]
	}
	if sum != 0 && (r.exclude || shrink != 1) {
		for i := range w {
			w[i] /= sum
		}
	}
	return first, w
}

// cubic is the convolution kernel of Keys (1981) with the coefficient a, d >= 0.
func cubic(a, d float64) float64 {
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// resizeAxis resizes one axis.
func (c *call) resizeAxis(x operand, axis int, r *resize) operand {
	if r.mode == "nearest" {
		places := make([]int64, r.out)
		for o := range places {
			at, _ := r.weights(o)
			places[o] = int64(at)
		}
		return c.swap(c.gather(c.swap(x, axis, 0), known(array.Ints(places...))), 0, axis)
	}
	if !array.IsFloat(x.typ) {
		return c.cast(c.resizeAxis(c.cast(x, pb.Double), axis, r), x.typ)
	}
	c.hold(r.in, r.out)
	m := array.New(pb.Double, r.in, r.out)
	d := array.Of[float64](m)
	for o := range r.out {
		first, w := r.weights(o)
		for i, v := range w {
			d[max(0, min(first+i, r.in-1))*r.out+o] += v
		}
	}
	rank := x.rank()
	rows := c.swap(x, axis, rank-1)
	matrix := known(m)
	if rows.node != nil || x.typ != pb.Double {
		matrix = operand{typ: x.typ, node: c.graph.Const(array.Cast(m, pb.Float).Tensor())}
	}
	return c.swap(c.matmul(rows, matrix), rank-1, axis)
}
