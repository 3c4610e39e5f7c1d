package main

import (
	"fmt"
	"math"

	"lab/bench/protocol"
)

// How far losses may be apart, relative to their size: on the same weights and
// batch, and after an optimiser has moved both sides, which amplifies rounding.
const firstTolerance, laterTolerance = 1e-4, 1e-3

const checkedSteps = 3

// agree checks that lab and the peer do the same: as many parameters, and equal
// losses for the first steps. losses are lab's.
func agree(peer *contender, parameters int, losses []float64, r protocol.Request) (string, error) {
	a, err := peer.ask(r)
	if err != nil {
		return "", err
	}
	if a.Parameters != parameters {
		return "", fmt.Errorf("%s trains %d parameters, lab %d", peer.name, a.Parameters, parameters)
	}
	theirs, err := peer.ask(protocol.Request{Do: protocol.Check, Steps: checkedSteps})
	if err != nil {
		return "", err
	}
	return sameLosses(peer.name, losses, theirs.Losses)
}

func sameLosses(name string, ours, theirs []float64) (string, error) {
	if len(ours) != len(theirs) || len(ours)%checkedSteps != 0 {
		return "", fmt.Errorf("%s gives %d losses, lab %d", name, len(theirs), len(ours))
	}
	perStep := len(ours) / checkedSteps
	var first, later float64
	for i := range ours {
		apart := math.Abs(ours[i]-theirs[i]) / math.Max(1, math.Abs(ours[i]))
		tolerance, most := laterTolerance, &later
		if i < perStep {
			tolerance, most = firstTolerance, &first
		}
		if !(apart <= tolerance) {
			return "", fmt.Errorf("%s does not do the same: loss %d is %v, lab's %v", name, i+1, theirs[i], ours[i])
		}
		*most = math.Max(*most, apart)
	}
	return fmt.Sprintf("losses %.0e apart, %.0e after %d steps", first, later, checkedSteps), nil
}
