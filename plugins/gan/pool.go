package gan

import (
	"fmt"
	"math/rand/v2"

	"lab/core/tensor"
)

// pool keeps drawn images to show a discriminator again, so that it does not forget what
// the generator did before (Shrivastava et al. 2017, section 2.3): once full it gives
// back, for every second image, one that it kept.
type pool struct {
	r      *rand.Rand
	size   int // of an image
	images []float32
	n      int // kept
}

func newPool(r *rand.Rand, capacity, size int) *pool {
	return &pool{r: r, size: size, images: make([]float32, capacity*size)}
}

// exchange takes a batch of images and fills out with as many.
func (p *pool) exchange(in, out []float32) {
	copy(out, in)
	for at := 0; at < len(in); at += p.size {
		fresh, given := in[at:at+p.size], out[at:at+p.size]
		if p.n < len(p.images)/p.size {
			copy(p.images[p.n*p.size:], fresh)
			p.n++
		} else if p.r.IntN(2) == 0 {
			k := p.r.IntN(p.n) * p.size
			copy(given, p.images[k:])
			copy(p.images[k:k+p.size], fresh)
		}
	}
}

// StateDict implements checkpoint.Part.
func (p *pool) StateDict() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{"images": tensor.New(tensor.Shape{p.n, p.size}, append([]float32(nil), p.images[:p.n*p.size]...))}
}

// LoadStateDict implements checkpoint.Part.
func (p *pool) LoadStateDict(d map[string]*tensor.Tensor) error {
	t := d["images"]
	if t == nil || len(t.Shape) != 2 || t.Shape[1] != p.size || len(t.F) > len(p.images) {
		return fmt.Errorf("a pool of %d images of %d numbers: its images are missing or others", len(p.images)/p.size, p.size)
	}
	p.n = copy(p.images, t.F) / p.size
	return nil
}
