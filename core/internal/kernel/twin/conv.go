package twin

// Conv is the geometry of a 2-D convolution: input [N,H,W,C], output
// [N,OH,OW,K], weights [KH,KW,C/Groups,K]. Padding is at the top and left; what
// lies outside the image is zero.
type Conv struct {
	N, H, W, C, OH, OW, K                  int
	KH, KW, SH, SW, PH, PW, DH, DW, Groups int
}

// taps calls f with the offsets of every product: output, input, weight.
func (g *Conv) taps(f func(o, i, w int)) {
	cg, kg := g.C/g.Groups, g.K/g.Groups
	for n := 0; n < g.N; n++ {
		for oy := 0; oy < g.OH; oy++ {
			for ox := 0; ox < g.OW; ox++ {
				for ky := 0; ky < g.KH; ky++ {
					for kx := 0; kx < g.KW; kx++ {
						iy, ix := oy*g.SH-g.PH+ky*g.DH, ox*g.SW-g.PW+kx*g.DW
						if iy < 0 || iy >= g.H || ix < 0 || ix >= g.W {
							continue
						}
						for c := 0; c < cg; c++ {
							for k := 0; k < g.K; k++ {
								f(((n*g.OH+oy)*g.OW+ox)*g.K+k,
									((n*g.H+iy)*g.W+ix)*g.C+k/kg*cg+c,
									((ky*g.KW+kx)*cg+c)*g.K+k)
							}
						}
					}
				}
			}
		}
	}
}

// ConvForward is the cross-correlation that the field calls convolution.
func ConvForward[F Float](g *Conv, x, w, y []F) {
	clear(y)
	g.taps(func(o, i, k int) { y[o] += x[i] * w[k] })
}

// ConvInput is its adjoint in the input, and the transposed convolution.
func ConvInput[F Float](g *Conv, dy, w, dx []F) {
	clear(dx)
	g.taps(func(o, i, k int) { dx[i] += dy[o] * w[k] })
}

// ConvWeight is its adjoint in the weights.
func ConvWeight[F Float](g *Conv, x, dy, dw []F) {
	clear(dw)
	g.taps(func(o, i, k int) { dw[k] += x[i] * dy[o] })
}
