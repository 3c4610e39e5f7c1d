package twin

import "math"

// windows calls f for every window and channel of a pooling with the output's
// place and the place in x of the window's maximum: the first of equals, a NaN
// before all; -1 for a window that lies outside of the image.
func windows[F Float](g *Conv, x []F, f func(o, winner int)) {
	for n := 0; n < g.N; n++ {
		for oy := 0; oy < g.OH; oy++ {
			for ox := 0; ox < g.OW; ox++ {
				for c := 0; c < g.C; c++ {
					winner := -1
					for ky := 0; ky < g.KH; ky++ {
						for kx := 0; kx < g.KW; kx++ {
							iy, ix := oy*g.SH-g.PH+ky*g.DH, ox*g.SW-g.PW+kx*g.DW
							if iy < 0 || iy >= g.H || ix < 0 || ix >= g.W {
								continue
							}
							i := ((n*g.H+iy)*g.W+ix)*g.C + c
							if winner < 0 || x[i] > x[winner] || x[i] != x[i] && x[winner] == x[winner] {
								winner = i
							}
						}
					}
					f(((n*g.OH+oy)*g.OW+ox)*g.C+c, winner)
				}
			}
		}
	}
}

// MaxPool is the maximum of each window of x [N,H,W,C]: [N,OH,OW,C].
func MaxPool[F Float](g *Conv, x, y []F) {
	windows(g, x, func(o, w int) {
		if y[o] = F(math.Inf(-1)); w >= 0 {
			y[o] = x[w]
		}
	})
}

// MaxUnpool adds each value of dy at its window's maximum: the gradient of MaxPool.
func MaxUnpool[F Float](g *Conv, x, dy, dx []F) {
	clear(dx)
	windows(g, x, func(o, w int) {
		if w >= 0 {
			dx[w] += dy[o]
		}
	})
}

// MaxPoolTake reads u where x has its windows' maxima: the adjoint of MaxUnpool.
func MaxPoolTake[F Float](g *Conv, x, u, y []F) {
	windows(g, x, func(o, w int) {
		if y[o] = 0; w >= 0 {
			y[o] = u[w]
		}
	})
}

// meanWindows calls f for every pixel of every window with its weight in the average:
// whole counts the padding as zeros.
func meanWindows(g *Conv, whole bool, f func(o, i int, share float64)) {
	for n := 0; n < g.N; n++ {
		for oy := 0; oy < g.OH; oy++ {
			for ox := 0; ox < g.OW; ox++ {
				var inside []int
				for ky := 0; ky < g.KH; ky++ {
					for kx := 0; kx < g.KW; kx++ {
						if iy, ix := oy*g.SH-g.PH+ky, ox*g.SW-g.PW+kx; iy >= 0 && iy < g.H && ix >= 0 && ix < g.W {
							inside = append(inside, ((n*g.H+iy)*g.W+ix)*g.C)
						}
					}
				}
				taps := g.KH * g.KW
				if !whole {
					taps = len(inside)
				}
				for _, i := range inside {
					for c := 0; c < g.C; c++ {
						f(((n*g.OH+oy)*g.OW+ox)*g.C+c, i+c, 1/float64(taps))
					}
				}
			}
		}
	}
}

// MeanPool is the average of each window of x [N,H,W,C]: [N,OH,OW,C].
func MeanPool[F Float](g *Conv, whole bool, x, y []F) {
	clear(y)
	meanWindows(g, whole, func(o, i int, share float64) { y[o] += x[i] * F(share) })
}

// MeanUnpool is its adjoint.
func MeanUnpool[F Float](g *Conv, whole bool, dy, dx []F) {
	clear(dx)
	meanWindows(g, whole, func(o, i int, share float64) { dx[i] += dy[o] * F(share) })
}
