// Package optim holds optimisers over the flat memory of a parameter set: one pass
// over values, gradients and moments a step. Definitions and defaults are
// PyTorch's.
package optim
