package data

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

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

// TargetStatistics are the mean and the standard deviation of what is to be predicted.
func (v View) TargetStatistics() Statistics {
	targets := &Examples{Shape: []int{1}, Values: v.Examples.Targets}
	return View{targets, v.Index}.Statistics()
}

// Apply normalises numbers in place, features or channels being the last axis.
func (s Statistics) Apply(x []float32) {
	for i, v := range x {
		c := i % len(s.Mean)
		x[i] = float32((float64(v) - s.Mean[c]) / s.Std[c])
	}
}

// Undo is the inverse of Apply.
func (s Statistics) Undo(x []float32) {
	for i, v := range x {
		c := i % len(s.Mean)
		x[i] = float32(float64(v)*s.Std[c] + s.Mean[c])
	}
}

// Metadata adds the statistics to what a model file says of itself, since what it is
// applied to must be normalised by the same numbers: NAME.mean and NAME.std, numbers
// parted by commas. [ParseStatistics] reads them back to the same bits.
func (s Statistics) Metadata(name string, set func(key, value string)) {
	set(name+".mean", joinNumbers(s.Mean))
	set(name+".std", joinNumbers(s.Std))
}

// ParseStatistics reads what Metadata wrote; ok is false where there is nothing.
func ParseStatistics(name string, metadata map[string]string) (s Statistics, ok bool, err error) {
	mean, ok := metadata[name+".mean"]
	if !ok {
		return s, false, nil
	}
	if s.Mean, err = splitNumbers(mean); err == nil {
		s.Std, err = splitNumbers(metadata[name+".std"])
	}
	if err == nil && len(s.Mean) != len(s.Std) {
		err = fmt.Errorf("%d means but %d standard deviations", len(s.Mean), len(s.Std))
	}
	if err != nil {
		return s, false, fmt.Errorf("statistics %s: %w", name, err)
	}
	return s, true, nil
}

func joinNumbers(x []float64) string {
	cells := make([]string, len(x))
	for i, v := range x {
		cells[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(cells, ",")
}

func splitNumbers(text string) (x []float64, err error) {
	for cell := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			return nil, err
		}
		x = append(x, v)
	}
	return x, nil
}
