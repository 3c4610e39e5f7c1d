//go:build !cgo || purego

package peak

import "math"

func fmaLanes(string) int { return 1 }

// fmaLoop without C: a scalar loop, which says what Go alone could reach.
func fmaLoop(string) {
	a := [fmaChains]float64{}
	for range fmaRounds {
		for i := range a {
			a[i] = math.FMA(a[i], 0.5, 1)
		}
	}
	for _, x := range a {
		if x < 0 { // never; but a has to be computed
			panic("peak")
		}
	}
}
