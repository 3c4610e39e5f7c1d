package gan

import (
	"math/rand/v2"
	"testing"
)

// A pool gives back the newest or one that it kept, each image once, and is the same after
// a checkpoint.
func TestPool(t *testing.T) {
	const capacity, size, batch = 3, 2, 4
	p := newPool(rand.New(rand.NewPCG(1, 2)), capacity, size)
	given, next, old := map[float32]int{}, float32(0), 0
	round := func(p *pool) []float32 {
		in, out := make([]float32, batch*size), make([]float32, batch*size)
		for i := 0; i < len(in); i += size {
			in[i], in[i+1] = next, next
			next++
		}
		p.exchange(in, out)
		for i := 0; i < len(out); i += size {
			if out[i] != out[i+1] {
				t.Fatalf("an image of two: %v", out[i:i+size])
			}
			if out[i] < in[0] {
				old++
			}
		}
		return out
	}
	for range 50 {
		for _, v := range round(p) {
			given[v]++
		}
	}
	if old < 30 || old > 170 {
		t.Errorf("%d of 200 were of an earlier batch", old)
	}
	for v, n := range given {
		if n > 2*2 { // once when it was new and kept, once when it was let go; two numbers each
			t.Errorf("image %v came %d times", v, n/2)
		}
	}
	q := newPool(rand.New(rand.NewPCG(5, 6)), capacity, size)
	if err := q.LoadStateDict(p.StateDict()); err != nil {
		t.Fatal(err)
	}
	p.r = rand.New(rand.NewPCG(5, 6))
	was := next
	a := round(p)
	next = was
	b := round(q)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("after a checkpoint %v, without %v", b, a)
		}
	}
	if err := newPool(p.r, 2, size).LoadStateDict(p.StateDict()); err == nil {
		t.Error("a smaller pool took it")
	}
}
