package twin

import "math"

// Softmax of each row of x [rows,n]: e^x / sum e^x, or its logarithm.
func Softmax[F Float](log bool, rows, n int, x, y []F) {
	for r := range rows {
		x, y := x[r*n:(r+1)*n], y[r*n:(r+1)*n]
		top, sum := math.Inf(-1), 0.0
		for _, v := range x {
			top = math.Max(top, float64(v))
		}
		if math.IsInf(top, -1) {
			top = 0
		}
		for _, v := range x {
			sum += math.Exp(float64(v) - top)
		}
		for i, v := range x {
			if log {
				y[i] = F(float64(v) - top - math.Log(sum))
			} else {
				y[i] = F(math.Exp(float64(v)-top) / sum)
			}
		}
	}
}

// SoftmaxGrad is the gradient of [Softmax], given its result: y (dy - sum(y dy)), or
// dy - e^y sum(dy) for the logarithm.
func SoftmaxGrad[F Float](log bool, rows, n int, y, dy, dx []F) {
	for r := range rows {
		y, dy, dx := y[r*n:(r+1)*n], dy[r*n:(r+1)*n], dx[r*n:(r+1)*n]
		sum := 0.0
		for i := range y {
			if log {
				sum += float64(dy[i])
			} else {
				sum += float64(y[i]) * float64(dy[i])
			}
		}
		for i := range y {
			if log {
				dx[i] = dy[i] - F(math.Exp(float64(y[i]))*sum)
			} else {
				dx[i] = y[i] * (dy[i] - F(sum))
			}
		}
	}
}

// moments of a row: its mean (0 for rms) and 1/sqrt(mean (x-mean)² + eps).
func moments[F Float](rms bool, x []F, eps float32) (mean, rstd float64) {
	if !rms {
		for _, v := range x {
			mean += float64(v) / float64(len(x))
		}
	}
	variance := 0.0
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, 1 / math.Sqrt(variance+float64(eps))
}

// Norm normalises each row of x [rows,n]: (x - mean) rstd w + b. rms leaves out the
// mean; w and b may be nil.
func Norm[F Float](rms bool, rows, n int, eps float32, x, w, b, y []F) {
	for r := range rows {
		x, y := x[r*n:(r+1)*n], y[r*n:(r+1)*n]
		mean, rstd := moments(rms, x, eps)
		for i, v := range x {
			h := F((float64(v) - mean) * rstd)
			if w != nil {
				h *= w[i]
			}
			if b != nil {
				h += b[i]
			}
			y[i] = h
		}
	}
}

// NormDX is the gradient of [Norm] in x: rstd (g - mean(g) - h mean(g h)) with g = w dy
// and h the normalised row; without mean(g) for rms.
func NormDX[F Float](rms bool, rows, n int, eps float32, x, w, dy, dx []F) {
	for r := range rows {
		x, dy, dx := x[r*n:(r+1)*n], dy[r*n:(r+1)*n], dx[r*n:(r+1)*n]
		mean, rstd := moments(rms, x, eps)
		g := func(i int) float64 {
			if w == nil {
				return float64(dy[i])
			}
			return float64(w[i]) * float64(dy[i])
		}
		var sg, sgh float64
		for i, v := range x {
			sg += g(i) / float64(n)
			sgh += g(i) * (float64(v) - mean) * rstd / float64(n)
		}
		if rms {
			sg = 0
		}
		for i, v := range x {
			dx[i] = F(rstd * (g(i) - sg - (float64(v)-mean)*rstd*sgh))
		}
	}
}

// NormDWB is the gradient of [Norm] in w and b: out [2,n] holds the sums over rows of
// h dy and of dy.
func NormDWB[F Float](rms bool, rows, n int, eps float32, x, dy, out []F) {
	acc := make([]float64, 2*n)
	for r := range rows {
		x, dy := x[r*n:(r+1)*n], dy[r*n:(r+1)*n]
		mean, rstd := moments(rms, x, eps)
		for i, v := range x {
			acc[i] += (float64(v) - mean) * rstd * float64(dy[i])
			acc[n+i] += float64(dy[i])
		}
	}
	for i, v := range acc {
		out[i] = F(v)
	}
}

// CrossEntropy is the loss of each row of logits x [rows,n] against its class: the
// target is 1-smoothing at the class plus smoothing/n everywhere. A label outside of
// [0,n) leaves the row out: 0.
func CrossEntropy[F Float](rows, n int, smoothing float32, x, labels, loss []F) {
	logp, s := make([]F, n), float64(smoothing)
	for r := range rows {
		l := labels[r]
		if loss[r] = 0; !(l >= 0 && l < F(n)) {
			continue
		}
		Softmax(true, 1, n, x[r*n:(r+1)*n], logp)
		mean := 0.0
		for _, v := range logp {
			mean += float64(v) / float64(n)
		}
		loss[r] = F(-(1-s)*float64(logp[int(l)]) - s*mean)
	}
}

// CrossEntropyGrad is the gradient of [CrossEntropy] in x, dy [rows] given:
// (softmax(x) - target) dy.
func CrossEntropyGrad[F Float](rows, n int, smoothing float32, x, labels, dy, dx []F) {
	s := float64(smoothing)
	for r := range rows {
		l, dx := labels[r], dx[r*n:(r+1)*n]
		if !(l >= 0 && l < F(n)) {
			clear(dx)
			continue
		}
		Softmax(false, 1, n, x[r*n:(r+1)*n], dx)
		for i := range dx {
			target := s / float64(n)
			if i == int(l) {
				target += 1 - s
			}
			dx[i] = F((float64(dx[i]) - target) * float64(dy[r]))
		}
	}
}

// Gather copies row index[r] of x [v,n] to row r of y [rows,n]; an index outside of
// [0,v) gives NaN.
func Gather[F Float](v, rows, n int, x, index, y []F) {
	for r := range rows {
		i := index[r]
		for c := range n {
			if y[r*n+c] = F(math.NaN()); i >= 0 && i < F(v) {
				y[r*n+c] = x[int(i)*n+c]
			}
		}
	}
}

// ScatterAdd adds row r of dy [rows,n] to row index[r] of dx [v,n], which starts from
// zero: the adjoint of [Gather].
func ScatterAdd[F Float](v, rows, n int, index, dy, dx []F) {
	clear(dx)
	for r := range rows {
		if i := index[r]; i >= 0 && i < F(v) {
			for c := range n {
				dx[int(i)*n+c] += dy[r*n+c]
			}
		}
	}
}
