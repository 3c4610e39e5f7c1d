//go:build cgo

package workload

// float bench_half(float x);
import "C"

// Flushes reports whether this process takes denormal numbers for zero; see flush.c.
func Flushes() bool { return C.bench_half(0x1p-126) == 0 }
