//go:build cgo

package workload

/*
#cgo CFLAGS: -O3 -Wno-psabi
void bench_fma16(long rounds);
void bench_fma8(long rounds);
void bench_fma4(long rounds);
float bench_half(float x);
*/
import "C"

func fmaLanes(isa string) int {
	switch isa {
	case "avx512":
		return 16
	case "avx2":
		return 8
	}
	return 4
}

func fmaLoop(isa string) {
	switch fmaLanes(isa) {
	case 16:
		C.bench_fma16(fmaRounds)
	case 8:
		C.bench_fma8(fmaRounds)
	default:
		C.bench_fma4(fmaRounds)
	}
}

// Flushes reports whether this process takes denormal numbers for zero; see flush.c.
func Flushes() bool { return C.bench_half(0x1p-126) == 0 }
