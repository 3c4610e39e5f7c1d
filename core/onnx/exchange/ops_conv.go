package exchange

import (
	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Convolutions. Over one or two spatial axes they are the graph's own; others, and those
// on the host, are products with the windows laid out.

func init() {
	register("Conv", rule{since: versions(1, 11, 22), least: 2, most: 3, build: one(func(c *call) operand { return c.conv(c.in[0], c.in[1], c.bias()) })})
	register("ConvTranspose", rule{since: versions(1, 11, 22), least: 2, most: 3, build: one(func(c *call) operand {
		return c.convTranspose(c.in[0], c.in[1], c.bias())
	})})
	register("ConvInteger", rule{since: versions(10), least: 2, most: 4, host: true, build: one(func(c *call) operand {
		x, w := c.cast(c.in[0], pb.Int32), c.cast(c.in[1], pb.Int32)
		if c.has(2) {
			x = c.sub(x, c.reshape(c.cast(c.in[2], pb.Int32)))
		}
		if c.has(3) {
			w = c.sub(w, c.perOutput(c.cast(c.in[3], pb.Int32), w))
		}
		return c.conv(x, w, operand{})
	})})
	register("Col2Im", rule{since: versions(18), least: 3, most: 3, build: one(buildCol2Im)})
}

// bias is input 2.
func (c *call) bias() operand {
	if !c.has(2) {
		return operand{}
	}
	return c.in[2]
}

// perOutput lays out one number, or one for each output channel, beside weights.
func (c *call) perOutput(x, w operand) operand {
	if x.shape().Size() == 1 {
		return c.reshape(x)
	}
	if w.rank() == 0 {
		c.fail("weights of shape ()")
	}
	shape := make([]int, w.rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = w.shape()[0]
	return c.reshape(x, shape...)
}

// kernel refuses shapes that no convolution has, and returns the kernel's.
func (c *call) kernel(x, w operand) tensor.Shape {
	if x.rank() < 3 || w.rank() != x.rank() {
		c.fail("an input of shape %v and weights of shape %v", x.shape(), w.shape())
	}
	taps := w.shape()[2:]
	if shape := c.attrs.Ints("kernel_shape"); shape != nil && !c.dims(shape).Equal(taps) {
		c.fail("kernel_shape=%v, the weights have shape %v", shape, w.shape())
	}
	return taps
}

// conv is a convolution of x [N,C,spatial...] with w [M,C/groups,taps...] and a bias [M].
func (c *call) conv(x, w, bias operand) operand {
	taps := c.kernel(x, w)
	s, ws := x.shape(), w.shape()
	groups := c.size("group", c.attrs.Int("group", 1), 1, maxSize)
	if s[1] != ws[1]*groups || ws[0]%groups != 0 {
		c.fail("an input of shape %v and weights of shape %v in %d groups", s, ws, groups)
	}
	win := c.window(s[2:], taps)
	return c.convolved(x, w, bias, groups, &win)
}

// convolved is conv of a known geometry.
func (c *call) convolved(x, w, bias operand, groups int, win *window) operand {
	shape := append(tensor.Shape{x.shape()[0], w.shape()[0]}, win.out...)
	taps := win.kernel
	c.room(shape...)
	if c.quick(x, w, taps) && shape.Size() > 0 && x.shape().Size() > 0 {
		a := win.convAttr(groups)
		return c.line(x, w, bias, graph.LabelConv, a, func(x, w *graph.Node) *graph.Node { return graph.Conv(x, w, a) })
	}
	at, _ := c.taps(win, false)
	return c.fold(c.unfold(x, at, win.out.Size(), num(x, 0)), w, bias, groups, shape)
}

// quick is whether the graph's own convolution does it.
func (c *call) quick(x, w operand, taps tensor.Shape) bool {
	c.alike(x, w)
	return kept(x.typ) && (x.typ != pb.Double || x.known == nil) && len(taps) <= 2 && taps.Size() <= 256 && taps.Size() > 0
}

// line calls f with images and weights in the graph's layouts, sequences as images of
// height 1, and adds the bias.
func (c *call) line(x, w, bias operand, label string, attr any, f func(x, w *graph.Node) *graph.Node) operand {
	data, weights := nchw, oihw
	line := x.rank() == 3
	if line {
		data, weights = ncl, oik
	}
	a, b := c.node(x).as(data), c.node(w).as(weights)
	args := []*graph.Node{a, b}
	var y *graph.Node
	if line {
		p, q := a.Shape(), b.Shape()
		y = f(graph.Reshape(a, p[0], 1, p[1], p[2]), graph.Reshape(b, 1, q[0], q[1], q[2]))
		y = graph.Reshape(y, y.Shape()[0], y.Shape()[2], y.Shape()[3])
	} else {
		y = f(a, b)
	}
	if bias.given() {
		n := c.plain(bias)
		if !n.Shape().Equal(y.Shape()[len(y.Shape())-1:]) {
			c.fail("a bias of shape %v for %d channels", n.Shape(), y.Shape()[len(y.Shape())-1])
		}
		y, args = graph.Add(y, n), append(args, n)
	}
	return operand{typ: x.typ, node: graph.Label(y, label, attr, args...), layout: data}
}

// fold multiplies windows [outputs, taps, N, C] with weights [M, C/groups, taps...].
func (c *call) fold(windows, w, bias operand, groups int, shape tensor.Shape) operand {
	s, ws := windows.shape(), w.shape()
	outputs, taps, n, channels := s[0], s[1], s[2], s[3]
	m := ws[0]
	each := channels / groups
	x := c.transpose(c.reshape(windows, outputs, taps, n, groups, each), 2, 3, 4, 1, 0) // [N,G,C/G,taps,outputs]
	x = c.reshape(x, n, groups, each*taps, outputs)
	y := c.matmul(c.reshape(w, 1, groups, m/groups, each*taps), x) // [N,G,M/G,outputs]
	y = c.reshape(y, shape...)
	if bias.given() {
		if !bias.shape().Equal(tensor.Shape{m}) {
			c.fail("a bias of shape %v for %d channels", bias.shape(), m)
		}
		to := make([]int, len(shape)-1)
		for i := range to {
			to[i] = 1
		}
		to[0] = m
		y = c.add(y, c.reshape(bias, to...))
	}
	return y
}

// convTranspose is the adjoint of a convolution in its input: x [N,C,spatial...] with w
// [C,M/groups,taps...].
func (c *call) convTranspose(x, w, bias operand) operand {
	taps := c.kernel(x, w)
	s, ws := x.shape(), w.shape()
	groups := c.size("group", c.attrs.Int("group", 1), 1, maxSize)
	if s[1] != ws[0] || s[1]%groups != 0 {
		c.fail("an input of shape %v and weights of shape %v in %d groups", s, ws, groups)
	}
	n := len(taps)
	win := window{in: s[2:], out: make(tensor.Shape, n), kernel: taps, stride: c.spatial("strides", n, 1, 1), dilation: c.spatial("dilations", n, 1, 1),
		before: make([]int, n), after: make([]int, n)}
	pads, extra := c.spatial("pads", 2*n, 0, 0), c.spatial("output_padding", n, 0, 0)
	auto := c.choice("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	want := c.attrs.Ints("output_shape")
	if len(want) == n+2 { // some exporters write the whole shape
		want = want[2:]
	}
	if want != nil && len(want) != n {
		c.fail("output_shape=%v for %d spatial axes", want, n)
	}
	for i := range n {
		full := win.stride[i]*(win.in[i]-1) + extra[i] + win.dilation[i]*(taps[i]-1) + 1
		same := auto == "SAME_UPPER" || auto == "SAME_LOWER"
		switch {
		case want == nil && !same:
			if auto == "NOTSET" {
				win.before[i], win.after[i] = pads[i], pads[n+i]
			}
			win.out[i] = full - win.before[i] - win.after[i]
		default:
			win.out[i] = win.in[i] * win.stride[i]
			if want != nil {
				win.out[i] = c.size("output_shape", want[i], 1, maxSize)
			}
			total := max(0, full-win.out[i])
			win.after[i], win.before[i] = total/2, total-total/2
			if auto == "SAME_UPPER" {
				win.before[i], win.after[i] = win.after[i], win.before[i]
			}
		}
		if win.out[i] < 1 {
			c.fail("an input of shape %v and weights of shape %v give no output", s, ws)
		}
		// what the output has beyond that of the padding, for the graph
		extra[i] = win.out[i] - (full - extra[i] - win.before[i] - win.after[i])
	}
	m := ws[1] * groups
	shape := append(tensor.Shape{s[0], m}, win.out...)
	c.room(shape...)
	quick := c.quick(x, w, taps) && x.shape().Size() > 0 && w.shape().Size() > 0
	for i := range n {
		quick = quick && extra[i] >= 0 && extra[i] < max(win.stride[i], win.dilation[i])
	}
	if quick {
		t := graph.ConvTransposeAttr{ConvAttr: win.convAttr(groups)}
		for i, k := range []int{0, 1}[2-n:] {
			t.OutputPadding[k] = extra[i]
		}
		return c.line(x, w, bias, graph.LabelConvTranspose, t, func(x, w *graph.Node) *graph.Node { return graph.ConvTranspose(x, w, t) })
	}
	windows := c.unfold(x, c.adjoint(&win), win.out.Size(), num(x, 0))
	// [C,M/G,taps...] to [M,C/G,taps]
	flat := c.reshape(w, groups, s[1]/groups, ws[1], taps.Size())
	flat = c.reshape(c.transpose(flat, 0, 2, 1, 3), m, s[1]/groups, taps.Size())
	return c.fold(windows, flat, bias, groups, shape)
}

// buildCol2Im adds the columns of blocks up to an image (as torch.nn.Fold).
func buildCol2Im(c *call) operand {
	x := c.in[0]
	image, block := c.dims(c.list(1)), c.dims(c.list(2))
	s := x.shape()
	if len(s) != 3 || len(image) != len(block) || block.Size() == 0 || s[1]%block.Size() != 0 {
		c.fail("columns of shape %v, blocks %v of an image %v", s, block, image)
	}
	w := c.window(image, block)
	if w.out.Size() != s[2] {
		c.fail("%d blocks in columns of shape %v", w.out.Size(), s)
	}
	channels := s[1] / block.Size()
	rows := c.reshape(c.transpose(c.reshape(x, s[0], channels, block.Size(), s[2]), 3, 2, 0, 1), s[2]*block.Size(), s[0]*channels)
	at, _ := c.taps(&w, false)
	n := image.Size()
	c.hold(n+1, s[0]*channels)
	var sums operand
	index := make([]int64, len(at))
	for i, p := range at {
		if index[i] = int64(p); p < 0 {
			index[i] = int64(n)
		}
	}
	flat := c.spread(known(array.Ints(index...)), s[0]*channels)
	zeros := c.expand(num(x, 0), tensor.Shape{n + 1, s[0] * channels})
	sums = c.scatterBy(&adding, zeros, flat, rows)
	sums = c.transpose(c.slice(sums, 0, 0, n, 1), 1, 0)
	return c.reshape(sums, append([]int{s[0], channels}, image...)...)
}
