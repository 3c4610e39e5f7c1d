// Package kernel computes on float32 arrays: matrix products, convolutions,
// programs of elementwise instructions and their sums, strided copies, Adam. It
// knows memory, not graphs, and trusts its arguments: shapes are checked by the
// callers (core/graph, core/vm).
//
// Every kernel exists twice: in C for the CPU's vector units (cgo), and as a
// readable twin in package twin, which is what tests compare with and what runs
// under -tags purego. Results do not depend on the number of threads; they may
// differ in the last bits between instruction sets (see [ISA]).
//
// Start with program.go for elementwise work and lanes.h for the inner loops.
package kernel
