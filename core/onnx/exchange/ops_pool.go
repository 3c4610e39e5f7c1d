package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Poolings. What the graph's own does not do (other than two spatial axes, dilations,
// indices, other types) is a reduction of the windows laid out.

func init() {
	register("MaxPool", rule{since: versions(1, 8, 10, 11, 12, 22), least: 1, most: 1, build: buildMaxPool})
	register("AveragePool", rule{since: versions(1, 7, 10, 11, 19, 22), least: 1, most: 1, build: one(func(c *call) operand {
		x, w := c.pooling()
		padded := c.flag("count_include_pad", false)
		if c.quickPool(x, &w, padded) {
			return c.pool(x, &w, func(x *graph.Node, a graph.PoolAttr) *graph.Node { return graph.MeanPool(x, a, padded) })
		}
		at, counts := c.taps(&w, padded)
		sum := c.windows(array.ReduceSum, x, at, &w, num(x, 0))
		return c.div(sum, c.cast(c.perWindow(counts, &w), x.typ))
	})})
	register("LpPool", rule{since: versions(1, 2, 11, 18, 22), least: 1, most: 1, build: one(func(c *call) operand {
		x, w := c.pooling()
		p := float64(c.attrs.Int("p", 2))
		if c.since < 2 {
			p = float64(c.attrs.Float("p", 2))
		}
		at, _ := c.taps(&w, false)
		sum := c.windows(array.ReduceSum, c.power(c.apply(functions["Abs"], x), p), at, &w, num(x, 0))
		return c.power(sum, 1/p)
	})})
	global := func(name string, v []int64, f func(c *call, x operand, over []bool) operand) {
		register(name, rule{since: v, least: 1, most: 1, build: one(func(c *call) operand {
			x := c.in[0]
			c.floats(x)
			if x.rank() < 3 {
				c.fail("shape %v has no spatial axes", x.shape())
			}
			over := every(x.rank())
			over[0], over[1] = false, false
			return f(c, x, over)
		})})
	}
	global("GlobalAveragePool", versions(1, 22), func(c *call, x operand, over []bool) operand {
		y := c.reduce(array.ReduceMean, x, over)
		if x.node != nil && x.rank() == 4 && y.node != nil {
			y = operand{typ: x.typ, node: graph.Label(y.as(nchw), graph.LabelGlobalPool, nil, x.as(nchw)), layout: nchw}
		}
		return y
	})
	global("GlobalMaxPool", versions(1, 22), func(c *call, x operand, over []bool) operand { return c.reduce(array.ReduceMax, x, over) })
	global("GlobalLpPool", versions(1, 2, 22), func(c *call, x operand, over []bool) operand {
		p := float64(c.attrs.Int("p", 2))
		if c.since < 2 {
			p = float64(c.attrs.Float("p", 2))
		}
		return c.power(c.reduce(array.ReduceSum, c.power(c.apply(functions["Abs"], x), p), over), 1/p)
	})
	register("MaxUnpool", rule{since: versions(9, 11, 22), least: 2, most: 3, build: one(buildMaxUnpool)})
}

// power is x^p of one exponent.
func (c *call) power(x operand, p float64) operand {
	if p == 1 {
		return x
	}
	return c.combine(raising, x, num(x, p))
}

// pooling reads the input and the geometry of a pooling over it.
func (c *call) pooling() (operand, window) {
	x := c.in[0]
	s := x.shape()
	kernel := c.attrs.Ints("kernel_shape")
	if len(s) < 3 || len(kernel) != len(s)-2 {
		c.fail("kernel_shape=%v for shape %v", kernel, s)
	}
	w := c.window(s[2:], c.dims(kernel))
	c.room(append(s[:2:2].Clone(), w.out...)...)
	return x, w
}

// quickPool is whether the graph's own pooling does it.
func (c *call) quickPool(x operand, w *window, padded bool) bool {
	ok := kept(x.typ) && (x.typ != pb.Double || x.known == nil) && len(w.in) <= 2 && w.kernel.Size() <= 256 && x.shape().Size() > 0
	for i := range w.in {
		end := w.end(i)
		ok = ok && w.dilation[i] == 1 && w.before[i] < w.kernel[i] && end < w.kernel[i] && (end <= w.after[i] || !padded)
	}
	return ok
}

// pool calls the graph's own pooling.
func (c *call) pool(x operand, w *window, f func(x *graph.Node, a graph.PoolAttr) *graph.Node) operand {
	a := graph.PoolAttr{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}
	for i, k := range []int{0, 1}[2-len(w.in):] {
		a.Kernel[k], a.Stride[k], a.Pad[k], a.Pad[k+2] = w.kernel[i], w.stride[i], w.before[i], max(0, w.end(i))
	}
	if len(w.in) == 2 {
		return operand{typ: x.typ, node: f(c.node(x).as(nchw), a), layout: nchw}
	}
	n := c.node(x).as(ncl)
	s := n.Shape()
	y := f(graph.Reshape(n, s[0], 1, s[1], s[2]), a)
	return operand{typ: x.typ, node: graph.Reshape(y, s[0], y.Shape()[2], s[2]), layout: ncl}
}

// windows reduces each window of x to one element.
func (c *call) windows(r array.Reduction, x operand, at []int, w *window, fill operand) operand {
	y := c.unfold(x, at, w.out.Size(), fill) // [outputs,taps,N,C]
	y = c.reduce(r, y, []bool{false, true, false, false})
	s := x.shape()
	return c.reshape(c.transpose(y, 2, 3, 0, 1), append(s[:2:2].Clone(), w.out...)...)
}

// perWindow is a number for each window, in the shape of the spatial axes.
func (c *call) perWindow(v []int, w *window) operand {
	d := make([]float64, len(v))
	for i := range v {
		d[i] = float64(v[i])
	}
	return known(array.From(pb.Double, w.out, d))
}

// lowest is the least number of the operand's type.
func lowest(x operand) operand {
	if array.IsFloat(x.typ) {
		return num(x, math.Inf(-1))
	}
	lo, _ := array.Range(x.typ)
	return known(array.Int(x.typ, lo))
}

func buildMaxPool(c *call) []operand {
	x, w := c.pooling()
	columns := c.size("storage_order", c.attrs.Int("storage_order", 0), 0, 1) == 1
	if !array.IsFloat(x.typ) && !array.IsWhole(x.typ) {
		c.fail("an input of type %v", x.typ)
	}
	if c.quickPool(x, &w, false) && !c.want(1) {
		return []operand{c.pool(x, &w, graph.MaxPool)}
	}
	at, _ := c.taps(&w, false)
	y := c.windows(array.ReduceMax, x, at, &w, lowest(x))
	if !c.want(1) {
		return []operand{y}
	}
	// which tap it is, then that tap's place, then that of the channel and example
	s := x.shape()
	outputs, taps, inner := w.out.Size(), w.kernel.Size(), w.in.Size()
	tap := c.arg(c.unfold(x, at, outputs, lowest(x)), 1, true, false)
	first, places := make([]int64, outputs), make([]int64, len(at))
	for i := range first {
		first[i] = int64(i * taps)
	}
	for i, p := range at {
		if places[i] = int64(p); columns && p >= 0 {
			places[i] = int64(transposedPlace(w.in, p))
		}
	}
	rows := c.add(tap, known(array.Ints(first...).Reshape(outputs, 1, 1, 1)))
	place := c.reshape(c.gather(known(array.Ints(places...)), rows), outputs, s[0], s[1])
	channel := make([]int64, s[0]*s[1])
	for i := range channel {
		channel[i] = int64(i * inner)
	}
	index := c.add(c.transpose(place, 1, 2, 0), known(array.Ints(channel...).Reshape(s[0], s[1], 1)))
	return []operand{y, c.reshape(index, append(s[:2:2].Clone(), w.out...)...)}
}

// transposedPlace is the place with the first axis innermost.
func transposedPlace(s tensor.Shape, p int) int {
	at := 0
	index := make([]int, len(s))
	for a, st := range s.Strides() {
		index[a] = p / st % s[a]
	}
	for a := len(s) - 1; a >= 0; a-- {
		at = at*s[a] + index[a]
	}
	return at
}

// buildMaxUnpool puts elements back where a pooling took them from.
func buildMaxUnpool(c *call) operand {
	x, index := c.in[0], c.in[1]
	s := x.shape()
	n := len(s) - 2
	kernel := c.dims(c.attrs.Ints("kernel_shape"))
	if n < 1 || len(kernel) != n || !index.shape().Equal(s) {
		c.fail("shape %v, indices of shape %v and kernel_shape=%v", s, index.shape(), kernel)
	}
	strides, pads := c.spatial("strides", n, 1, 1), c.spatial("pads", 2*n, 0, 0)
	own := s.Clone()
	for i := range n {
		own[2+i] = (s[2+i]-1)*strides[i] + kernel[i] - pads[i] - pads[n+i]
	}
	more := make([]int, len(s)) // that a given shape has at the end, beyond its own
	if list := c.list(2); list != nil {
		out := c.dims(list)
		if len(out) != len(s) || out[0] != s[0] || out[1] != s[1] {
			c.fail("output_shape=%v for shape %v", list, s)
		}
		for i := range more {
			more[i] = out[i] - own[i]
		}
	}
	c.room(own...)
	places := c.places(c.array(index), own.Size())
	flat := make([]int64, len(places))
	for i, p := range places {
		flat[i] = int64(p)
	}
	zeros := c.expand(num(x, 0), tensor.Shape{own.Size()})
	y := c.reshape(c.scatterBy(nil, zeros, known(array.Ints(flat...)), x), own...)
	return c.pad(y, make([]int, len(s)), more, operand{})
}
