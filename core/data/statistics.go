package data

import "math"

// Statistics are the mean and the standard deviation of each channel of images, with
// pixels in [0,1], or of each feature of a table. What a training normalises by comes
// from its training examples alone: those of the test must not be known.
type Statistics struct {
	Mean, Std []float64
}

// Statistics are those of the view's examples, over all pixels of all images. A
// deviation of 0 is given as 1, so that dividing by it changes nothing.
func (v View) Statistics() Statistics {
	shape := v.Examples.Shape
	size, n := shape.Size(), shape[len(shape)-1]
	s := Statistics{make([]float64, n), make([]float64, n)}
	count := float64(v.Len()) * float64(size/n)
	if v.Examples.Pixels != nil {
		counts := make([][256]int, n) // whole numbers: no order of summation matters
		for _, at := range v.Index {
			for j, p := range v.Examples.Pixels[int(at)*size : int(at+1)*size] {
				counts[j%n][p]++
			}
		}
		for c := range n {
			for p, k := range counts[c] {
				s.Mean[c] += float64(k) * float64(p) / float64(v.Examples.White) / count
			}
			for p, k := range counts[c] {
				d := float64(p)/float64(v.Examples.White) - s.Mean[c]
				s.Std[c] += float64(k) * d * d / count
			}
		}
	} else {
		row := func(at int32) []float32 { return v.Examples.Values[int(at)*size : int(at+1)*size] }
		for _, at := range v.Index {
			for j, x := range row(at) {
				s.Mean[j%n] += float64(x) / count
			}
		}
		for _, at := range v.Index {
			for j, x := range row(at) {
				d := float64(x) - s.Mean[j%n]
				s.Std[j%n] += d * d / count
			}
		}
	}
	for c := range s.Std {
		if s.Std[c] = math.Sqrt(s.Std[c]); s.Std[c] == 0 {
			s.Std[c] = 1
		}
	}
	return s
}
