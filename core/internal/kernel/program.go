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

// Alloc returns n zeros aligned to 64 bytes, a cache line and the widest vector.
func Alloc(n int) []float32 {
	const line = 16 // float32s
	raw := make([]float32, n+line-1)
	skip := -int(address(raw)/4) & (line - 1)
	return raw[skip : skip+n : skip+n]
}
