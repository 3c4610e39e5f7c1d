package data

import (
	"math"
	"testing"

	"lab/core/tensor"
)

// Normalised by their own statistics, inputs have mean 0 and deviation 1, channel by
// channel; a constant one stays finite.
func TestStatistics(t *testing.T) {
	images := numbersSet(40, 3)
	for i := 2; i < len(images.Pixels); i += 3 {
		images.Pixels[i] = 51
	}
	table := &Examples{Shape: tensor.Shape{2}}
	for i := range 50 {
		table.Values = append(table.Values, float32(i*i), 1000+float32(i%7))
	}
	for _, e := range []*Examples{images, table} {
		v := View{e, All(e).Index[:30]}
		s := v.Statistics()
		b, err := v.Batches(Batching{Size: 30, Normal: &s})
		if err != nil {
			t.Fatal(err)
		}
		n := len(s.Mean)
		x := make([]float32, 30*e.Shape.Size())
		b.Start(1)
		b.Next()
		b.Inputs(x)
		for c := range n {
			var mean, square, count float64
			for i := c; i < len(x); i += n {
				mean, square, count = mean+float64(x[i]), square+float64(x[i])*float64(x[i]), count+1
			}
			mean, std := mean/count, math.Sqrt(square/count)
			want := 1.0
			if e == images && c == 2 {
				want = 0
				if s.Mean[c] != 0.2 || s.Std[c] != 1 {
					t.Errorf("constant channel: mean %v, std %v", s.Mean[c], s.Std[c])
				}
			}
			if math.Abs(mean) > 1e-5 || math.Abs(std-want) > 1e-5 {
				t.Errorf("shape %v, %d: mean %v, std %v", e.Shape, c, mean, std)
			}
		}
	}
	if _, err := All(images).Batches(Batching{Size: 1, Normal: &Statistics{Mean: []float64{0}, Std: []float64{1}}}); err == nil {
		t.Error("statistics of one channel were taken for three")
	}
}

// fit is what torch.nn.functional.interpolate(mode="bilinear", antialias=True) gives.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		from, to tensor.Shape
		src      []float32
		want     []float64
	}{
		{tensor.Shape{1, 2, 1}, tensor.Shape{1, 4, 1}, []float32{0, 1}, []float64{0, 0.25, 0.75, 1}},
		{tensor.Shape{1, 4, 1}, tensor.Shape{1, 2, 1}, []float32{0, 1, 2, 3}, []float64{5. / 7, 16. / 7}},
		{tensor.Shape{2, 1, 1}, tensor.Shape{4, 1, 3}, []float32{0, 1}, []float64{0, 0, 0, .25, .25, .25, .75, .75, .75, 1, 1, 1}},
		{tensor.Shape{1, 1, 3}, tensor.Shape{1, 1, 1}, []float32{1, 2, 6}, []float64{3}},
	} {
		f, err := newFit(c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, c.to.Size())
		f.apply(got, c.src)
		for i := range got {
			if math.Abs(float64(got[i])-c.want[i]) > 1e-6 {
				t.Errorf("%v to %v: %v; want %v", c.from, c.to, got, c.want)
				break
			}
		}
	}
	if _, err := newFit(tensor.Shape{1, 1, 3}, tensor.Shape{1, 1, 4}); err == nil {
		t.Error("three channels became four")
	}
	e := numbersSet(5, 1)
	if x := epochOf(t, e, Batching{Size: 2, Shape: tensor.Shape{8, 8, 3}}, 1); len(x) != 5 || len(x[4]) != 192 || x[4][0] != x[4][2] {
		t.Errorf("batches of another shape: %v", x)
	}
}
