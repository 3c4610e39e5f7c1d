package optim

import "math"

// Schedule is a learning rate as a function of the step, counted from 0:
//
//	optimiser.SetLR(schedule(step))
//	optimiser.Step()
//
// It keeps no state, so a run that goes on from a checkpoint needs the step alone. A
// step is whatever the caller counts: updates or epochs.
type Schedule func(step int) float64

// Constant is lr at every step.
func Constant(lr float64) Schedule { return func(int) float64 { return lr } }

// StepDecay is torch's StepLR: lr·gamma^⌊step/every⌋.
func StepDecay(lr float64, every int, gamma float64) Schedule {
	return func(step int) float64 { return lr * math.Pow(gamma, float64(step/every)) }
}

// Cosine falls from lr to floor within so many steps along half a cosine and stays
// there: torch's CosineAnnealingLR (Loshchilov & Hutter 2017, equation 5), which goes
// up again instead.
func Cosine(lr, floor float64, steps int) Schedule {
	return func(step int) float64 { return floor + (lr-floor)*(1+math.Cos(math.Pi*share(step, steps)))/2 }
}

// Linear goes from lr to end within so many steps and stays there, as torch's
// LinearLR does; with end 0 it is the linear decay to zero.
func Linear(lr, end float64, steps int) Schedule {
	return func(step int) float64 { return lr + (end-lr)*share(step, steps) }
}

// WarmUp goes linearly from a share start of then's first rate to all of it within so
// many steps, and then follows then from its step 0: torch's LinearLR and then in a
// SequentialLR.
func WarmUp(start float64, steps int, then Schedule) Schedule {
	return func(step int) float64 {
		if step < steps {
			return then(0) * (start + (1-start)*share(step, steps))
		}
		return then(step - steps)
	}
}

// share is the part of steps that is done, 0 to 1.
func share(step, steps int) float64 {
	if step >= steps {
		return 1
	}
	return float64(step) / float64(steps)
}
