package kernel

import "lab/core/internal/kernel/twin"

// The kernels' vocabulary is the twins'.
type (
	Code       = twin.Code
	Instr      = twin.Instr
	Program    = twin.Program
	ReduceKind = twin.ReduceKind
	Conv       = twin.Conv
	Layout     = twin.Layout
	Attention  = twin.Attention
	AdamConfig = twin.AdamConfig
)

// Limits of a program.
const (
	MaxInputs = twin.MaxInputs
	MaxTemps  = twin.MaxTemps
	MaxDims   = twin.MaxDims
)
