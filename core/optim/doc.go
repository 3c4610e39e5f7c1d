// Package optim holds what stands between gradients and parameters: optimisers,
// learning-rate schedules, gradient clipping and accumulation, moving averages of
// weights. Definitions and defaults are PyTorch's or, for Lion and LAMB, the papers';
// testdata/make.py writes the numbers they are compared with.
//
// Everything works on the flat memory of a parameter set, in place, and allocates
// nothing in a step. A loop puts the pieces together:
//
//	adam := optim.NewAdamW(net.Params, 3e-4)
//	adam.DecayOnly(optim.Matrices)
//	schedule := optim.WarmUp(0, 100, optim.Cosine(3e-4, 3e-5, steps-100))
//	clip := optim.NewClip(net.Params)
//	for step := range steps {
//		program.Run() // writes the gradients
//		clip.Norm(1)
//		adam.SetLR(schedule(step))
//		adam.Step()
//	}
//
// Everything that passes over the memory tells a profile, if one is on (core/profile).
// It knows neither programs nor losses nor data. Start with settings.go for what all
// optimisers share, lion.go for the shortest of them, and rule.go for how an update
// rule becomes one kernel call.
package optim
