//go:build !cgo

package workload

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
	sink = a
}

var sink [fmaChains]float64

// Flushes is false: only C can ask for it.
func Flushes() bool { return false }
