package optim

import "math"

// OneCycle is torch's OneCycleLR (Smith & Topin 2018, in the form of fast.ai): the
// learning rate rises from MaxLR/DivFactor to MaxLR within the first PctStart of the
// steps and falls to the first rate divided by FinalDivFactor at the last; momentum
// does the opposite between MaxMomentum and BaseMomentum. LR is a [Schedule]:
//
//	schedule := optim.NewOneCycle(0.1, steps).LR
type OneCycle struct {
	MaxLR                     float64
	Steps                     int
	PctStart                  float64
	DivFactor, FinalDivFactor float64
	BaseMomentum, MaxMomentum float64
	Linear                    bool // along straight lines instead of cosines
	ThreePhase                bool // down to the first rate as fast as up, then to the last
}

// NewOneCycle makes one with PyTorch's defaults: 0.3 of the steps up, factors 25 and
// 1e4, momentum 0.85 to 0.95, two phases along cosines.
func NewOneCycle(maxLR float64, steps int) *OneCycle {
	return &OneCycle{MaxLR: maxLR, Steps: steps, PctStart: 0.3, DivFactor: 25, FinalDivFactor: 1e4, BaseMomentum: 0.85, MaxMomentum: 0.95}
}

// LR is the learning rate of a step; after the last step it stays.
func (c *OneCycle) LR(step int) float64 {
	first := c.MaxLR / c.DivFactor
	return c.at(step, first, c.MaxLR, first, first/c.FinalDivFactor)
}

// Momentum is the momentum of a step: SGD's, or Beta1 of the others.
func (c *OneCycle) Momentum(step int) float64 {
	return c.at(step, c.MaxMomentum, c.BaseMomentum, c.MaxMomentum, c.MaxMomentum)
}

// at goes from first to peak, with three phases back to middle, and to last.
func (c *OneCycle) at(step int, first, peak, middle, last float64) float64 {
	up, end := c.PctStart*float64(c.Steps)-1, float64(c.Steps-1)
	at := math.Min(float64(step), end)
	switch {
	case up > 0 && at <= up:
		return c.between(first, peak, at/up)
	case !c.ThreePhase:
		return c.between(peak, last, (at-up)/(end-up))
	case at <= 2*up:
		return c.between(peak, middle, (at-up)/up)
	}
	return c.between(middle, last, (at-2*up)/(end-2*up))
}

func (c *OneCycle) between(a, b, share float64) float64 {
	if c.Linear {
		return a + (b-a)*share
	}
	return b + (a-b)/2*(1+math.Cos(math.Pi*share))
}
