package frechet

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"lab/core/data"
)

// Between diagonal normals the distance is known: |μ1-μ2|² + Σ (σ1-σ2)².
func TestDistance(t *testing.T) {
	a := Stats{[]float64{0, 1}, mat.NewSymDense(2, []float64{4, 0, 0, 9})}
	b := Stats{[]float64{1, 3}, mat.NewSymDense(2, []float64{1, 0, 0, 25})}
	if got := a.Distance(b); math.Abs(got-(5+1+4)) > 1e-9 {
		t.Errorf("distance %v, want 10", got)
	}
	if got := a.Distance(a); got > 1e-9 {
		t.Errorf("distance to itself %v", got)
	}
	// Turning both by the same rotation changes nothing.
	c, s := math.Cos(0.7), math.Sin(0.7)
	turn := func(x Stats) Stats {
		q := mat.NewDense(2, 2, []float64{c, -s, s, c})
		var m mat.VecDense
		m.MulVec(q, mat.NewVecDense(2, x.Mean))
		var cov mat.Dense
		cov.Product(q, x.Cov, q.T())
		return Stats{m.RawVector().Data, mat.NewSymDense(2, []float64{cov.At(0, 0), cov.At(0, 1), cov.At(0, 1), cov.At(1, 1)})}
	}
	if got := turn(a).Distance(turn(b)); math.Abs(got-10) > 1e-9 {
		t.Errorf("turned distance %v, want 10", got)
	}
}

// The judge knows real images from noise and from one image again and again, and does
// not care how many come at a time.
func TestJudge(t *testing.T) {
	set, err := data.Open("fashion-mini", "")
	if err != nil {
		t.Fatal(err)
	}
	j, err := NewJudge()
	if err != nil {
		t.Fatal(err)
	}
	scoreBy := func(batch int, fill func(first int, images []float32)) Score {
		const n = 1000
		for first := 0; first < n; first += batch {
			images := make([]float32, min(batch, n-first)*pixels)
			fill(first, images)
			if err := j.Add(images); err != nil {
				t.Fatal(err)
			}
		}
		return j.Score()
	}
	score := func(fill func(first int, images []float32)) Score { return scoreBy(100, fill) }
	levels := set.Test.Levels(0, 1)
	fill := func(first int, images []float32) {
		index := make([]int32, len(images)/pixels)
		for k := range index {
			index[k] = int32(first + k)
		}
		set.Test.Copy(images, index, levels)
	}
	real := score(fill)
	if odd := scoreBy(300, fill); math.Abs(odd.FID-real.FID) > 1e-3 || math.Abs(odd.Classes-real.Classes) > 1e-3 {
		t.Errorf("by 300, the last 100: %+v; by 100: %+v", odd, real)
	}
	known := make([]float32, 1000*pixels) // of the training images: what the test's are like
	index := make([]int32, 1000)
	for k := range index {
		index[k] = int32(k)
	}
	set.Train.Copy(known, index, levels)
	floor, err := j.Know(known)
	if err != nil {
		t.Fatal(err)
	}
	if floor < 0.5 || floor > 10 {
		t.Errorf("the halves of 1000 real images are at %v", floor)
	}
	real = score(fill)
	r := rand.New(rand.NewPCG(1, 2))
	noise := score(func(_ int, images []float32) {
		for k := range images {
			images[k] = r.Float32()
		}
	})
	same := score(func(_ int, images []float32) { set.Test.Copy(images, make([]int32, len(images)/pixels), levels) })
	t.Logf("halves of real images %v; real %+v, noise %+v, one image %+v", floor, real, noise, same)
	if real.FID > 10 || math.Abs(real.Diversity-1) > 0.1 || real.Classes < 9.8 || real.Precision < 0.7 || real.Recall < 0.7 {
		t.Errorf("real images: %+v", real)
	}
	if noise.FID < 200 || noise.Precision > 0.05 || noise.Recall > 0.05 {
		t.Errorf("noise: %+v", noise)
	}
	if same.Diversity > 0.01 || same.Classes > 2 || same.Precision < 0.5 || same.Recall > 0.01 {
		t.Errorf("one image again and again: %+v", same)
	}
}

// Precision and recall of sets whose overlap is known.
func TestManifold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	cloud := func(at float64) *mat.Dense {
		m := mat.NewDense(400, 2, nil)
		m.Apply(func(i, _ int, _ float64) float64 { return r.NormFloat64() + at*float64(i%2) }, m)
		return m
	}
	narrow, wide := newManifold(cloud(0)), newManifold(cloud(20)) // half of wide is elsewhere
	precision, recall := narrow.holds(wide.points), wide.holds(narrow.points)
	if math.Abs(precision-0.5) > 0.03 || recall < 0.9 {
		t.Errorf("half of the points are in: %v; nearly all: %v", precision, recall)
	}
}
