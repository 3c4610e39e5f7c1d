// Package frechet judges generated 28×28 images of clothes: the Fréchet distance
// between their features and those of real images (Heusel et al. 2017, with the
// features of a small classifier in place of Inception's), and whether a generator
// has collapsed.
//
// The classifier is a convolutional net trained once on all of Fashion-MNIST by
// makeclassifier, shipped as ONNX with the statistics of its features over the
// 10,000 test images. Distances depend on it: they compare runs of lab, not papers.
package frechet

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Stats is the mean and covariance of feature vectors.
type Stats struct {
	Mean []float64
	Cov  *mat.SymDense
}

// NewStats measures feature vectors, one a row.
func NewStats(features *mat.Dense) Stats {
	_, d := features.Dims()
	s := Stats{Mean: make([]float64, d), Cov: mat.NewSymDense(d, nil)}
	for j := range s.Mean {
		s.Mean[j] = stat.Mean(mat.Col(nil, j, features), nil)
	}
	stat.CovarianceMatrix(s.Cov, features, nil)
	return s
}

// Distance is the Fréchet distance between the normal distributions of a and b:
// |μa - μb|² + tr(A + B - 2 (A^½ B A^½)^½).
func (a Stats) Distance(b Stats) float64 {
	d := 0.0
	for i, m := range a.Mean {
		d += (m - b.Mean[i]) * (m - b.Mean[i])
	}
	root := squareRoot(a.Cov)
	var inner mat.Dense
	inner.Product(root, b.Cov, root)
	d += mat.Trace(a.Cov) + mat.Trace(b.Cov)
	for _, l := range eigenvalues(&inner) {
		d -= 2 * math.Sqrt(math.Max(l, 0))
	}
	return math.Max(d, 0)
}

// squareRoot is the positive root of a positive semidefinite matrix.
func squareRoot(a mat.Symmetric) *mat.Dense {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return nan(a.SymmetricDim())
	}
	var v, left, root mat.Dense
	e.VectorsTo(&v)
	roots := e.Values(nil)
	for i, l := range roots {
		roots[i] = math.Sqrt(math.Max(l, 0))
	}
	left.Mul(&v, mat.NewDiagDense(len(roots), roots))
	root.Mul(&left, v.T())
	return &root
}

// eigenvalues of a matrix that is symmetric but for rounding.
func eigenvalues(a *mat.Dense) []float64 {
	n, _ := a.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (a.At(i, j)+a.At(j, i))/2)
		}
	}
	var e mat.EigenSym
	if !e.Factorize(s, false) {
		return []float64{math.NaN()}
	}
	return e.Values(nil)
}

func nan(n int) *mat.Dense {
	d := mat.NewDense(n, n, nil)
	d.Apply(func(int, int, float64) float64 { return math.NaN() }, d)
	return d
}
