package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// extremes are the smallest and the largest eigenvalue of a symmetric matrix, and how
// far off each may be: there is an eigenvalue within that distance.
type extremes struct {
	smallest, largest       float64
	smallestErr, largestErr float64
	products                int
}

// lanczos finds the extremes of a symmetric n×n matrix of which only products with
// vectors are known (Lanczos 1950; Golub & Van Loan, "Matrix Computations", 10.1). The
// basis is orthogonalised anew at each step, twice, without which rounding brings
// copies of eigenvalues. It stops once both are known to a millionth of the larger one,
// and after most products in any case.
func lanczos(n, most int, product func(v []float64) ([]float64, error), r *rand.Rand) (e extremes, err error) {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	scale(v, 1/length(v))
	var basis [][]float64
	var alpha, beta []float64 // the tridiagonal matrix: its diagonal, and what is beside it
	for k := 0; k < min(n, most); k++ {
		basis = append(basis, v)
		w, err := product(v)
		if err != nil {
			return e, err
		}
		if alpha = append(alpha, dot(v, w)); math.IsNaN(alpha[k]) {
			return e, fmt.Errorf("lanczos: the product with a vector is not a number: is the loss finite?")
		}
		for range 2 {
			for _, q := range basis {
				add(w, -dot(q, w), q)
			}
		}
		b := length(w)
		if e, err = ritz(alpha, beta, b); err != nil {
			return e, err
		}
		size := max(math.Abs(e.smallest), math.Abs(e.largest))
		if !(b > 1e-12*size) || max(e.smallestErr, e.largestErr) < 1e-6*size {
			return e, nil
		}
		beta = append(beta, b)
		scale(w, 1/b)
		v = w
	}
	return e, nil
}

// ritz are the extremes of the tridiagonal matrix; the error of each is the last
// component of its eigenvector times what the basis does not span.
func ritz(alpha, beta []float64, rest float64) (e extremes, err error) {
	k := len(alpha)
	t := mat.NewSymDense(k, nil)
	for i := range k {
		t.SetSym(i, i, alpha[i])
		if i > 0 {
			t.SetSym(i-1, i, beta[i-1])
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(t, true) {
		return e, fmt.Errorf("lanczos: eigenvalues of a %d×%d matrix were not found", k, k)
	}
	values := eig.Values(nil)
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	return extremes{values[0], values[k-1], rest * math.Abs(vectors.At(k-1, 0)), rest * math.Abs(vectors.At(k-1, k-1)), k}, nil
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

func length(v []float64) float64 { return math.Sqrt(dot(v, v)) }

func scale(v []float64, by float64) {
	for i := range v {
		v[i] *= by
	}
}

func add(to []float64, by float64, v []float64) {
	for i, x := range v {
		to[i] += by * x
	}
}
