package exchange

import (
	"math"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that sample a value between its places.

func init() {
	register("GridSample", rule{since: versions(16, 20, 22), least: 2, most: 2, build: one(buildGridSample)})
	register("AffineGrid", rule{since: versions(20), least: 2, most: 2, build: one(buildAffineGrid)})
	register("RoiAlign", rule{since: versions(10, 16, 22), least: 3, most: 3, build: one(buildRoiAlign)})
}

// sampler says how one axis is sampled.
type sampler struct {
	*call
	mode, padding string
	corners       bool
	size          int // of the axis
}

// borders are where an axis is reflected.
func (s *sampler) borders() (lo, hi float64) {
	if s.corners {
		return 0, float64(s.size - 1)
	}
	return -0.5, float64(s.size) - 0.5
}

// reflect brings places back within the borders, there and back again.
func (s *sampler) reflect(x operand) operand {
	lo, hi := s.borders()
	period := 2 * (hi - lo)
	if period == 0 {
		return s.mul(x, num(x, 0))
	}
	far := s.apply(functions["Abs"], s.sub(x, num(x, lo)))
	far = s.sub(far, s.mul(s.apply(functions["Floor"], s.div(far, num(x, period))), num(x, period)))
	return s.add(s.min(far, s.sub(num(x, period), far)), num(x, lo))
}

// place turns -1 to 1 into a place on the axis.
func (s *sampler) place(x operand) operand {
	d := float64(s.size)
	if x = s.add(x, num(x, 1)); s.corners {
		x = s.mul(x, num(x, (d-1)/2))
	} else {
		x = s.mul(s.sub(s.mul(x, num(x, d)), num(x, 1)), num(x, 0.5))
	}
	if s.mode == "nearest" {
		x = s.apply(functions["Round"], x)
	}
	if s.mode == "cubic" { // its neighbours are brought back, not the place
		return x
	}
	switch s.padding {
	case "border":
		lo, hi := s.borders()
		outside := s.combine(or, s.compare(array.Less, x, num(x, lo)), s.compare(array.Less, num(x, hi), x))
		x = s.where(outside, s.max(s.min(x, num(x, d-1)), num(x, 0)), x)
	case "reflection":
		x = s.reflect(x)
	}
	return x
}

// neighbours are the indices of the neighbours of a place and their weights.
func (s *sampler) neighbours(x operand) (index, weight []operand) {
	base := s.apply(functions["Floor"], x)
	t := s.sub(x, base)
	one := num(x, 1)
	switch s.mode {
	case "nearest":
		index, weight = []operand{base}, []operand{s.add(s.mul(t, num(t, 0)), one)}
	case "linear":
		index, weight = []operand{base, s.add(base, one)}, []operand{s.sub(one, t), t}
	default:
		const a = -0.75
		for i, d := range []operand{s.add(t, one), t, s.sub(one, t), s.sub(num(x, 2), t)} { // from the four
			index = append(index, s.add(base, num(x, float64(i-1))))
			poly := func(c3, c2, c1, c0 float64) operand {
				y := s.add(s.mul(d, num(x, c3)), num(x, c2))
				y = s.add(s.mul(y, d), num(x, c1))
				return s.add(s.mul(y, d), num(x, c0))
			}
			if i == 0 || i == 3 {
				weight = append(weight, poly(a, -5*a, 8*a, -4*a))
			} else {
				weight = append(weight, poly(a+2, -(a+3), 0, 1))
			}
		}
	}
	for i, k := range index {
		hi := num(k, float64(s.size-1))
		switch s.padding {
		case "zeros":
			inside := s.combine(and, s.compare(array.LessEqual, num(k, 0), k), s.compare(array.LessEqual, k, hi))
			weight[i] = s.where(inside, weight[i], num(weight[i], 0))
		case "reflection":
			k = s.reflect(k)
		}
		index[i] = s.cast(s.max(s.min(k, hi), num(k, 0)), pb.Int64)
	}
	return index, weight
}

// buildGridSample takes x [N,C,spatial...] at the places of a grid [N,out...,r].
func buildGridSample(c *call) operand {
	x, grid := c.in[0], c.in[1]
	s, g := x.shape(), grid.shape()
	r := len(s) - 2
	c.floats(x, grid)
	mode := ""
	if c.since < 20 {
		mode = map[string]string{"bilinear": "linear", "nearest": "nearest", "bicubic": "cubic"}[c.choice("mode", "bilinear", "nearest", "bicubic")]
	} else {
		mode = c.choice("mode", "linear", "nearest", "cubic")
	}
	if r < 1 || r > 3 || len(g) != len(s) || g[len(g)-1] != r || g[0] != s[0] || s.Size() == 0 || g.Size() == 0 {
		c.fail("an input of shape %v and a grid of shape %v", s, g)
	}
	padding, corners := c.choice("padding_mode", "zeros", "border", "reflection"), c.flag("align_corners", false)
	rows := c.reshape(c.transpose(x, append(append([]int{0}, upTo(2, len(s))...), 1)...), s[0]*s[2:].Size(), s[1])
	points := g[:len(g)-1].Size()
	grid = c.reshape(c.cast(grid, x.typ), points, r)

	// every combination of a neighbour on each axis
	start := make([]int64, points)
	for i := range start {
		start[i] = int64(i / (points / s[0]) * s[2:].Size())
	}
	index, weight := []operand{known(array.Ints(start...))}, []operand{num(x, 1)}
	strides := s[2:].Strides()
	for axis := range r {
		a := sampler{call: c, mode: mode, padding: padding, corners: corners, size: s[2+axis]}
		at, w := a.neighbours(a.place(c.part(grid, 1, r-1-axis)))
		var nextIndex, nextWeight []operand
		for i := range index {
			for k := range at {
				nextIndex = append(nextIndex, c.add(index[i], c.mul(at[k], num(at[k], float64(strides[axis])))))
				nextWeight = append(nextWeight, c.mul(weight[i], w[k]))
			}
		}
		index, weight = nextIndex, nextWeight
	}
	var y operand
	for i := range index {
		v := c.mul(c.gather(rows, index[i]), c.reshape(c.expand(weight[i], tensor.Shape{points}), points, 1))
		if i == 0 {
			y = v
		} else {
			y = c.add(y, v)
		}
	}
	out := append(g[:len(g)-1].Clone(), s[1])
	return c.transpose(c.reshape(y, out...), append([]int{0, len(out) - 1}, upTo(1, len(out)-1)...)...)
}

// upTo lists the numbers from lo up to hi.
func upTo(lo, hi int) []int {
	var v []int
	for i := lo; i < hi; i++ {
		v = append(v, i)
	}
	return v
}

// buildAffineGrid moves a grid of evenly spaced places by theta [N,r,r+1].
func buildAffineGrid(c *call) operand {
	theta, size := c.in[0], c.dims(c.list(1))
	r := len(size) - 2
	if (r != 2 && r != 3) || !theta.shape().Equal(tensor.Shape{size[0], r, r + 1}) {
		c.fail("matrices of shape %v for images of shape %v", theta.shape(), size)
	}
	corners := c.flag("align_corners", false)
	places := size[2:]
	c.hold(places.Size(), r+1)
	points := array.New(pb.Double, r+1, places.Size()) // x, y(, z), 1
	d := array.Of[float64](points)
	eachIndex(places, func(i int, index []int) {
		for k := range r {
			n, at := float64(places[r-1-k]), float64(index[r-1-k])
			v := (2*at+1)/n - 1
			if corners {
				if v = -1; n > 1 {
					v = 2*at/(n-1) - 1
				}
			}
			d[k*places.Size()+i] = v
		}
		d[r*places.Size()+i] = 1
	})
	y := c.matmul(theta, c.cast(c.reshape(known(points), 1, r+1, places.Size()), theta.typ)) // [N,r,P]
	shape := append(append(tensor.Shape{size[0]}, places...), r)
	return c.reshape(c.transpose(y, 0, 2, 1), shape...)
}

// buildRoiAlign averages, or takes the maximum of, samples in the bins of regions of
// images (He et al. 2017, Mask R-CNN).
func buildRoiAlign(c *call) operand {
	x := c.in[0]
	s := x.shape()
	c.floats(x)
	mode := array.ReduceSum
	if c.choice("mode", "avg", "max") == "max" {
		mode = array.ReduceMax
	}
	h, w := c.size("output_height", c.attrs.Int("output_height", 1), 1, 1<<16), c.size("output_width", c.attrs.Int("output_width", 1), 1, 1<<16)
	ratio, scale := c.size("sampling_ratio", c.attrs.Int("sampling_ratio", 0), 0, 1<<10), float64(c.attrs.Float("spatial_scale", 1))
	half := c.since >= 16 && c.choice("coordinate_transformation_mode", "half_pixel", "output_half_pixel") == "half_pixel"
	rois, images := c.value(1), c.list(2)
	n := len(images)
	if len(s) != 4 || !rois.Shape.Equal(tensor.Shape{n, 4}) || s.Size() == 0 {
		c.fail("an input of shape %v, regions of shape %v and %d images", s, rois.Shape, n)
	}
	c.room(n, s[1], h, w)
	type tap struct {
		at     int64
		weight float64
	}
	bins := make([][]tap, 0, n*h*w) // of each region
	most := 1
	for i, image := range images {
		b := c.size("an image", image, 0, int64(s[0]-1))
		shift := 0.0
		if half {
			shift = 0.5
		}
		x0, y0 := rois.At(4*i)*scale-shift, rois.At(4*i+1)*scale-shift
		width, height := rois.At(4*i+2)*scale-shift-x0, rois.At(4*i+3)*scale-shift-y0
		if !half {
			width, height = max(width, 1), max(height, 1)
		}
		gh, gw := ratio, ratio
		if ratio == 0 {
			gh, gw = c.size("samples", int64(min(max(math.Ceil(height/float64(h)), 0), 1<<20)), 0, 1<<10), c.size("samples", int64(min(max(math.Ceil(width/float64(w)), 0), 1<<20)), 0, 1<<10)
		}
		c.hold(n, h*w, 4*max(gh*gw, 1))
		for ph := range h {
			for pw := range w {
				var taps []tap
				for iy := range gh {
					for ix := range gw {
						y := y0 + (float64(ph)+(float64(iy)+0.5)/float64(gh))*height/float64(h)
						x := x0 + (float64(pw)+(float64(ix)+0.5)/float64(gw))*width/float64(w)
						if !(y >= -1 && y <= float64(s[2]) && x >= -1 && x <= float64(s[3])) {
							taps = append(taps, tap{int64(b * s[2] * s[3]), 0})
							continue
						}
						yl, yh, ly := around(y, s[2])
						xl, xh, lx := around(x, s[3])
						for _, t := range []struct {
							y, x   int
							weight float64
						}{{yl, xl, (1 - ly) * (1 - lx)}, {yl, xh, (1 - ly) * lx}, {yh, xl, ly * (1 - lx)}, {yh, xh, ly * lx}} {
							if mode == array.ReduceSum {
								t.weight /= float64(max(gh*gw, 1))
							}
							taps = append(taps, tap{int64((b*s[2]+t.y)*s[3] + t.x), t.weight})
						}
					}
				}
				if len(taps) == 0 {
					taps = []tap{{int64(b * s[2] * s[3]), 0}}
				}
				most = max(most, len(taps))
				bins = append(bins, taps)
			}
		}
	}
	c.hold(len(bins), most)
	c.room(len(bins), most, s[1])
	index, weight := make([]int64, 0, len(bins)*most), make([]float64, 0, len(bins)*most)
	for _, taps := range bins {
		for k := range most {
			t := taps[min(k, len(taps)-1)]
			if k >= len(taps) && mode == array.ReduceSum {
				t.weight = 0
			}
			index, weight = append(index, t.at), append(weight, t.weight)
		}
	}
	rows := c.reshape(c.transpose(x, 0, 2, 3, 1), s[0]*s[2]*s[3], s[1])
	v := c.gather(rows, known(array.Ints(index...).Reshape(len(bins), most)))
	v = c.mul(v, c.cast(known(array.From(pb.Double, tensor.Shape{len(bins), most, 1}, weight)), x.typ))
	y := c.reduce(mode, v, []bool{false, true, false})
	return c.transpose(c.reshape(y, n, h, w, s[1]), 0, 3, 1, 2)
}

// around are the places around x on an axis of n, and how far it is from the first.
func around(x float64, n int) (lo, hi int, rest float64) {
	x = max(x, 0)
	if lo = int(x); lo >= n-1 {
		return n - 1, n - 1, 0
	}
	return lo, lo + 1, x - float64(lo)
}
