package supervised

import (
	"fmt"
	"math"
	"slices"
)

const (
	calibrationBins = 15 // as in Guo et al. 2017
	mostMistakes    = 25
)

// Score is how a classifier did on some examples. Make one with [NewScore].
type Score struct {
	N           int     // examples
	Accuracy    float64 // share of them told right
	Loss        float64 // mean cross entropy of the softmax of the logits, nats
	Calibration float64 // expected calibration error, 0 to 1

	// Confusion[i][j] examples of class i were taken for class j.
	Confusion [][]int

	// Mistakes are the surest ones, surest first.
	Mistakes []Mistake

	loss float64
	bins [calibrationBins]struct{ n, right, sure float64 }
}

// Mistake is an example that was taken for another class.
type Mistake struct {
	At     int32 // position among the examples
	Is, As int   // its class, and the one it was taken for
	Sure   float64
}

// NewScore returns the score of no examples yet.
func NewScore(classes int) *Score {
	s := &Score{Confusion: make([][]int, classes)}
	for i := range s.Confusion {
		s.Confusion[i] = make([]int, classes)
	}
	return s
}

// Add takes a batch into the score: logits [n,classes], and the positions and the
// labels of the n examples. Of equal logits the first class is the answer.
//
// The calibration error (Naeini et al. 2015; Guo et al. 2017, eq. 3) is Σ n_b/N
// |accuracy_b - confidence_b| over 15 bins of equal width of the confidence, which is
// the probability of the answer: how far "I am 80 % sure" is from being right 80 % of
// the times.
func (s *Score) Add(logits []float32, at []int32, labels []int64) {
	k := len(s.Confusion)
	if len(at) != len(labels) || len(logits) < len(labels)*k {
		panic(fmt.Sprintf("supervised: %d logits and %d positions for %d labels of %d classes", len(logits), len(at), len(labels), k))
	}
	for i, label := range labels {
		row := logits[i*k : (i+1)*k]
		as := 0
		for c, v := range row {
			if v > row[as] {
				as = c
			}
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v) - float64(row[as]))
		}
		sure, is := 1/sum, int(label)
		s.loss += math.Log(sum) + float64(row[as]) - float64(row[is])
		s.Confusion[is][as]++
		b := &s.bins[0]
		if !math.IsNaN(sure) {
			b = &s.bins[min(calibrationBins-1, int(sure*calibrationBins))]
		}
		b.n, b.sure = b.n+1, b.sure+sure
		if as == is {
			b.right++
		} else {
			s.mistake(Mistake{at[i], is, as, sure})
		}
		s.N++
	}
	s.sum()
}

func (s *Score) sum() {
	right := 0
	for c := range s.Confusion {
		right += s.Confusion[c][c]
	}
	n := float64(s.N)
	s.Accuracy, s.Loss, s.Calibration = float64(right)/n, s.loss/n, 0
	for _, b := range s.bins {
		s.Calibration += math.Abs(b.right-b.sure) / n
	}
}

// mistake keeps the surest; of equally sure ones the first.
func (s *Score) mistake(m Mistake) {
	i, _ := slices.BinarySearchFunc(s.Mistakes, m, func(a, b Mistake) int {
		if a.Sure >= b.Sure {
			return -1
		}
		return 1
	})
	if i < mostMistakes {
		s.Mistakes = slices.Insert(s.Mistakes, i, m)
		s.Mistakes = s.Mistakes[:min(len(s.Mistakes), mostMistakes)]
	}
}

// Fit is how a regressor did on some examples.
type Fit struct {
	N    int
	RMSE float64 // root of the mean squared error, in the target's units
	MAE  float64 // mean absolute error
	R2   float64 // 1 - squared errors / squared deviations from the mean: 1 is perfect, 0 no better than the mean

	square, abs, sum, sum2 float64
}

// Add takes predictions and the numbers they should have been into the score.
func (f *Fit) Add(predictions, targets []float32) {
	for i, y := range targets {
		t, e := float64(y), float64(predictions[i])-float64(y)
		f.square, f.abs = f.square+e*e, f.abs+math.Abs(e)
		f.sum, f.sum2 = f.sum+t, f.sum2+t*t
	}
	f.N += len(targets)
	n := float64(f.N)
	f.RMSE, f.MAE = math.Sqrt(f.square/n), f.abs/n
	f.R2 = 1 - f.square/(f.sum2-f.sum*f.sum/n)
}
