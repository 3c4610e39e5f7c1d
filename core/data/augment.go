package data

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core"
	"lab/core/tensor"
)

// Augment changes training images at random, so that a network sees no image twice the
// same. Where an image lies outside of itself it is black. The zero value changes
// nothing.
//
// What happens to an image follows from the seed, the epoch and the image's position in
// its set: neither from the batches nor from threads, and a resumed run sees the same.
type Augment struct {
	Shift  int     // moved by up to so many pixels, each way: PyTorch's RandomCrop with that padding
	Flip   bool    // mirrored, left and right, with probability 1/2
	Crop   float64 // a part of at least this share of the sides, blown up to the whole; 0 or 1: none
	CutOut int     // a black square with sides of so many pixels, its middle anywhere (DeVries & Taylor 2017)
}

// On reports whether anything is to change.
func (a Augment) On() bool {
	return a.Shift != 0 || a.Flip || a.Crop != 0 && a.Crop != 1 || a.CutOut != 0
}

func (a Augment) check(shape tensor.Shape) error {
	if !a.On() {
		return nil
	}
	bad := func(format string, args ...any) error {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(shape) != 3:
		return bad("only images can be augmented, not examples of shape %v", shape)
	case a.Shift < 0 || a.Shift >= min(shape[0], shape[1]):
		return bad("a shift by %d pixels does not suit images of %d×%d", a.Shift, shape[0], shape[1])
	case !(a.Crop >= 0 && a.Crop <= 1):
		return bad("a crop to %g of the sides is not between 0 and 1", a.Crop)
	case a.CutOut < 0 || a.CutOut > max(shape[0], shape[1]):
		return bad("a cut-out of %d pixels does not suit images of %d×%d", a.CutOut, shape[0], shape[1])
	}
	return nil
}

// augmenter applies an Augment; black has the value of each channel's black pixel.
type augmenter struct {
	Augment
	shape tensor.Shape
	black []float32
	seed  uint64
	pcg   *rand.PCG
	rnd   *rand.Rand
}

func newAugmenter(a Augment, shape tensor.Shape, black []float32, seed uint64) *augmenter {
	g := &augmenter{Augment: a, shape: shape, black: black, seed: seed, pcg: rand.NewPCG(0, 0)}
	g.rnd = rand.New(g.pcg)
	return g
}

// apply fills dst with the example src as it is in an epoch.
func (g *augmenter) apply(dst, src []float32, epoch int, example int32) {
	g.pcg.Seed(mix(g.seed^streamAugment), mix(uint64(epoch)<<32|uint64(uint32(example))))
	h, w, c := g.shape[0], g.shape[1], g.shape[2]
	top, left, side := 0.0, 0.0, 1.0
	if g.Crop != 0 && g.Crop != 1 {
		side = g.Crop + (1-g.Crop)*g.rnd.Float64()
		top, left = g.rnd.Float64()*(1-side)*float64(h), g.rnd.Float64()*(1-side)*float64(w)
	}
	if g.Shift > 0 {
		top += float64(g.rnd.IntN(2*g.Shift+1) - g.Shift)
		left += float64(g.rnd.IntN(2*g.Shift+1) - g.Shift)
	}
	flip := g.Flip && g.rnd.IntN(2) == 1
	for y := range h {
		sy := top + (float64(y)+0.5)*side - 0.5
		for x := range w {
			from := x
			if flip {
				from = w - 1 - x
			}
			to := dst[(y*w+x)*c : (y*w+x+1)*c]
			if side == 1 { // whole pixels
				copy(to, g.at(src, y+int(top), from+int(left)))
			} else {
				g.sample(to, src, sy, left+(float64(from)+0.5)*side-0.5)
			}
		}
	}
	if g.CutOut > 0 {
		y0, x0 := g.rnd.IntN(h)-g.CutOut/2, g.rnd.IntN(w)-g.CutOut/2
		for y := max(0, y0); y < min(h, y0+g.CutOut); y++ {
			for x := max(0, x0); x < min(w, x0+g.CutOut); x++ {
				copy(dst[(y*w+x)*c:(y*w+x+1)*c], g.black)
			}
		}
	}
}

// sample is the image at a place between its pixels, bilinear.
func (g *augmenter) sample(to, src []float32, y, x float64) {
	y, x = within(y, g.shape[0]), within(x, g.shape[1])
	y0, x0 := math.Floor(y), math.Floor(x)
	fy, fx := float32(y-y0), float32(x-x0)
	a, b := g.at(src, int(y0), int(x0)), g.at(src, int(y0), int(x0)+1)
	d, e := g.at(src, int(y0)+1, int(x0)), g.at(src, int(y0)+1, int(x0)+1)
	for c := range to {
		up, down := a[c]+fx*(b[c]-a[c]), d[c]+fx*(e[c]-d[c])
		to[c] = up + fy*(down-up)
	}
}

// within moves a place on the outer half of the first or last pixel to its middle.
func within(v float64, n int) float64 {
	switch last := float64(n - 1); {
	case v < 0 && v >= -0.5:
		return 0
	case v > last && v <= last+0.5:
		return last
	}
	return v
}

// at is a pixel, black outside.
func (g *augmenter) at(src []float32, y, x int) []float32 {
	if y < 0 || x < 0 || y >= g.shape[0] || x >= g.shape[1] {
		return g.black
	}
	c := len(g.black)
	at := (y*g.shape[1] + x) * c
	return src[at : at+c]
}

// mix spreads the bits of a number over all of them (splitmix64, Steele et al. 2014), so
// that neighbouring epochs and examples share nothing.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
