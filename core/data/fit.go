package data

import (
	"fmt"
	"math"

	"lab/core/tensor"
)

// fit brings images of one size and number of channels to another: bilinear, as
// torch.nn.functional.interpolate with align_corners=False, and by the mean over an
// area (the same tent, widened) where they shrink, as with antialias=True. One channel
// becomes several equal ones; several become their mean.
type fit struct {
	from, to tensor.Shape
	y, x     []tap
	rows     []float32 // between the two passes, [to H, from W, from C]
}

// tap is what one pixel of the result takes: weights of from, from+1, …
type tap struct {
	from    int
	weights []float32
}

func newFit(from, to tensor.Shape) (*fit, error) {
	if len(from) != 3 || len(to) != 3 || to[0] < 1 || to[1] < 1 || from[2] != to[2] && from[2] != 1 && to[2] != 1 {
		return nil, fmt.Errorf("examples of shape %v cannot be brought to shape %v", from, to)
	}
	return &fit{from: from, to: to, y: taps(from[0], to[0]), x: taps(from[1], to[1]),
		rows: make([]float32, to[0]*from[1]*from[2])}, nil
}

func taps(from, to int) []tap {
	scale := float64(from) / float64(to)
	support := max(1, scale) // half the width of the tent
	out := make([]tap, to)
	for i := range out {
		center := (float64(i)+0.5)*scale - 0.5
		lo, hi := max(0, int(math.Ceil(center-support))), min(from-1, int(math.Floor(center+support)))
		var w []float64
		sum := 0.0
		for j := lo; j <= hi; j++ {
			v := max(0, 1-math.Abs(float64(j)-center)/support)
			w = append(w, v)
			sum += v
		}
		out[i] = tap{lo, make([]float32, len(w))}
		for j := range w {
			out[i].weights[j] = float32(w[j] / sum)
		}
	}
	return out
}

// apply fills dst with one image, src.
func (f *fit) apply(dst, src []float32) {
	stride := f.from[1] * f.from[2]
	for i, t := range f.y {
		row := f.rows[i*stride : (i+1)*stride]
		clear(row)
		for j, w := range t.weights {
			for k, v := range src[(t.from+j)*stride : (t.from+j+1)*stride] {
				row[k] += w * v
			}
		}
	}
	in, out := f.from[2], f.to[2]
	for i := range f.y {
		row := f.rows[i*stride : (i+1)*stride]
		for j, t := range f.x {
			to := dst[(i*f.to[1]+j)*out : (i*f.to[1]+j+1)*out]
			clear(to)
			for k, w := range t.weights {
				for c, v := range row[(t.from+k)*in : (t.from+k+1)*in] {
					switch {
					case in == out:
						to[c] += w * v
					case in == 1:
						for o := range to {
							to[o] += w * v
						}
					default:
						to[0] += w * v / float32(in)
					}
				}
			}
		}
	}
}
