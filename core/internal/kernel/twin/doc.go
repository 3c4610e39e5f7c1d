// Package twin holds the readable form of every kernel: plain loops, one
// element at a time, in float32 or float64. They are the meaning of the kernels:
// the oracle that the C code is compared with, the float64 reference that
// gradients are checked against, and the fallback under -tags purego.
package twin
