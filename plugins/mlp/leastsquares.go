package mlp

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"lab/core/data"
	"lab/core/supervised"
)

// line is linear regression: what a network without activations can be at most.
type line struct {
	normal data.Statistics // of the features
	w      []float64       // of each normalised feature, and the constant last
}

// leastSquares fits a line to a view's targets: the w that minimises ‖Xw - y‖², in
// closed form by singular value decomposition, in float64. Of features that depend on each other
// the shortest such w is found.
func leastSquares(v data.View) (*line, error) {
	l := &line{normal: v.Statistics()}
	d := len(l.normal.Mean)
	x, y := mat.NewDense(v.Len(), d+1, nil), mat.NewVecDense(v.Len(), nil)
	for i, at := range v.Index {
		x.SetRow(i, l.row(v.Examples, at))
		y.SetVec(i, float64(v.Examples.Targets[at]))
	}
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return nil, fmt.Errorf("least squares of %d rows of %d features did not converge", v.Len(), d)
	}
	var w mat.VecDense
	svd.SolveVecTo(&w, y, svd.Rank(1e-10))
	l.w = w.RawVector().Data
	return l, nil
}

// row is one example's normalised features and a 1.
func (l *line) row(e *data.Examples, at int32) []float64 {
	d := len(l.normal.Mean)
	row := make([]float64, d+1)
	for j, v := range e.Values[int(at)*d : int(at+1)*d] {
		row[j] = (float64(v) - l.normal.Mean[j]) / l.normal.Std[j]
	}
	row[d] = 1
	return row
}

// predict is the line's value for each example.
func (l *line) predict(e *data.Examples) []float32 {
	out := make([]float32, e.Len())
	for i := range out {
		sum := 0.0
		for j, x := range l.row(e, int32(i)) {
			sum += l.w[j] * x
		}
		out[i] = float32(sum)
	}
	return out
}

// fit scores the line on examples.
func (l *line) fit(e *data.Examples) *supervised.Fit {
	f := &supervised.Fit{}
	f.Add(l.predict(e), e.Targets)
	return f
}
