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
