package exchange

import (
	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// window is the geometry of a convolution or pooling over any number of spatial axes.
type window struct {
	in, out          tensor.Shape
	kernel           tensor.Shape // taps
	stride, dilation []int
	before, after    []int // padding
}

// spatial is an attribute with one number for each spatial axis.
func (c *call) spatial(name string, n int, def, least int64) []int {
	v := c.attrs.Ints(name)
	out := make([]int, n)
	if v != nil && len(v) != n {
		c.fail("%s=%v for %d spatial axes", name, v, n)
	}
	for i := range out {
		d := def
		if v != nil {
			d = v[i]
		}
		out[i] = c.size(name, d, least, 1<<24)
	}
	return out
}

// window reads the geometry of windows with these taps over these axes.
func (c *call) window(in, kernel tensor.Shape) window {
	n := len(in)
	w := window{in: in, kernel: kernel, stride: c.spatial("strides", n, 1, 1), dilation: c.spatial("dilations", n, 1, 1),
		before: make([]int, n), after: make([]int, n), out: make(tensor.Shape, n)}
	pads := c.spatial("pads", 2*n, 0, 0)
	auto := c.choice("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	ceil := c.Op != "Conv" && c.flag("ceil_mode", false)
	for i := range n {
		span := w.dilation[i]*(kernel[i]-1) + 1
		if auto == "NOTSET" {
			w.before[i], w.after[i] = pads[i], pads[n+i]
		}
		if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
			w.out[i] = (in[i] + w.stride[i] - 1) / w.stride[i]
			total := max(0, (w.out[i]-1)*w.stride[i]+span-in[i])
			w.before[i], w.after[i] = total/2, total-total/2
			if auto == "SAME_LOWER" {
				w.before[i], w.after[i] = w.after[i], w.before[i]
			}
			continue
		}
		free := in[i] + w.before[i] + w.after[i] - span
		if kernel[i] < 1 || free < 0 {
			c.fail("axis %d of %v is smaller than a window of %v with dilations %v and pads %v", i, in, kernel, w.dilation, pads)
		}
		w.out[i] = free/w.stride[i] + 1
		if ceil && free%w.stride[i] != 0 && w.out[i]*w.stride[i] < in[i]+w.before[i] { // starts within the input
			w.out[i]++
		}
	}
	return w
}

// end is the padding at the end that gives the output's size without rounding up.
func (w *window) end(i int) int {
	return (w.out[i]-1)*w.stride[i] + w.dilation[i]*(w.kernel[i]-1) + 1 - w.in[i] - w.before[i]
}

// taps are, for each output and tap, the place in the input, -1 in the padding; and how
// many taps of each output are in the input or, with padded, in its padding.
func (c *call) taps(w *window, padded bool) (at []int, counts []int) {
	c.hold(w.out.Size(), w.kernel.Size())
	at = make([]int, 0, w.out.Size()*w.kernel.Size())
	counts = make([]int, w.out.Size())
	strides := w.in.Strides()
	eachIndex(w.out, func(o int, out []int) {
		eachIndex(w.kernel, func(_ int, tap []int) {
			place, inside, pad := 0, true, true
			for i := range out {
				p := out[i]*w.stride[i] - w.before[i] + tap[i]*w.dilation[i]
				inside = inside && p >= 0 && p < w.in[i]
				pad = pad && p < w.in[i]+w.after[i]
				place += p * strides[i]
			}
			if !inside {
				place = -1
			}
			if inside || padded && pad {
				counts[o]++
			}
			at = append(at, place)
		})
	})
	return at, counts
}

// adjoint are, for each output of a transposed convolution and tap, the place in the
// input, -1 for none.
func (c *call) adjoint(w *window) []int {
	c.hold(w.out.Size(), w.kernel.Size())
	at := make([]int, 0, w.out.Size()*w.kernel.Size())
	strides := w.in.Strides()
	eachIndex(w.out, func(_ int, out []int) {
		eachIndex(w.kernel, func(_ int, tap []int) {
			place := 0
			for i := range out {
				p := out[i] + w.before[i] - tap[i]*w.dilation[i]
				if place < 0 || p < 0 || p%w.stride[i] != 0 || p/w.stride[i] >= w.in[i] {
					place = -1
					continue
				}
				place += p / w.stride[i] * strides[i]
			}
			at = append(at, place)
		})
	})
	return at
}

// eachIndex calls f for every index into the shape, in row-major order.
func eachIndex(shape tensor.Shape, f func(i int, index []int)) {
	index := make([]int, len(shape))
	for i := range shape.Size() {
		f(i, index)
		for a := len(shape) - 1; a >= 0; a-- {
			if index[a]++; index[a] < shape[a] {
				break
			}
			index[a] = 0
		}
	}
}

// unfold gathers the windows of x [N,C,spatial...] at places of its flat spatial axes:
// [outputs, taps, N, C]. Places of -1 hold fill.
func (c *call) unfold(x operand, places []int, outputs int, fill operand) operand {
	s := x.shape()
	n := s[2:].Size()
	rows := c.reshape(c.transpose(c.reshape(x, s[0], s[1], n), 2, 0, 1), n, s[0], s[1])
	row := c.expand(c.reshape(fill, 1, 1, 1), tensor.Shape{1, s[0], s[1]})
	index := array.New(pb.Int64, outputs, len(places)/max(1, outputs))
	for i, p := range places {
		if p < 0 {
			p = n
		}
		array.Of[int64](index)[i] = int64(p)
	}
	return c.gather(c.concat(0, rows, row), known(index))
}

// convAttr is the geometry as the graph has it, of one spatial axis or two; with one, an
// axis of size 1 comes before it.
func (w *window) convAttr(groups int) graph.ConvAttr {
	a := graph.ConvAttr{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: groups}
	for i, k := range []int{0, 1}[2-len(w.in):] {
		a.Stride[k], a.Dilation[k], a.Pad[k], a.Pad[k+2] = w.stride[i], w.dilation[i], w.before[i], w.after[i]
	}
	return a
}
