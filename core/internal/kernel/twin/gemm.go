package twin

// Gemm computes C = op(A) op(B), or adds to C: op(A) is m×k, op(B) k×n, with
// leading dimensions lda, ldb and ldc in elements; ta and tb say that A and B
// are stored transposed.
func Gemm[F Float](ta, tb bool, m, n, k int, a []F, lda int, b []F, ldb int, c []F, ldc int, accumulate bool) {
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			var s F
			if accumulate {
				s = c[i*ldc+j]
			}
			for p := 0; p < k; p++ {
				x, y := i*lda+p, p*ldb+j
				if ta {
					x = p*lda + i
				}
				if tb {
					y = j*ldb + p
				}
				s += a[x] * b[y]
			}
			c[i*ldc+j] = s
		}
	}
}

// GemmBatch computes batch products of dense matrices that lie one after another.
func GemmBatch[F Float](ta, tb bool, batch, m, n, k int, a, b, c []F) {
	lda, ldb := k, n
	if ta {
		lda = m
	}
	if tb {
		ldb = k
	}
	for i := range batch {
		Gemm(ta, tb, m, n, k, a[i*m*k:], lda, b[i*k*n:], ldb, c[i*m*n:], n, false)
	}
}

// GemmThen is [Gemm] into dense memory, followed by [Then].
func GemmThen[F Float](ta, tb bool, m, n, k int, a []F, lda int, b []F, ldb int, out []F, then *Program, in [][]F) {
	Gemm(ta, tb, m, n, k, a, lda, b, ldb, out, n, false)
	Then(then, out, in)
}

// Then applies a program to a result [rows, cols], whose space is the last two axes and
// whose input 0 it is; in[0] is not looked at.
func Then[F Float](then *Program, out []F, in [][]F) {
	all := append([][]F{out}, in[1:]...)
	Elementwise(then, out, all)
}
