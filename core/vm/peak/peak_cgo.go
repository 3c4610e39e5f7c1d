//go:build cgo && !purego

package peak

/*
#cgo CFLAGS: -O3 -Wno-psabi
void peak_fma16(long rounds);
void peak_fma8(long rounds);
void peak_fma4(long rounds);
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
		C.peak_fma16(fmaRounds)
	case 8:
		C.peak_fma8(fmaRounds)
	default:
		C.peak_fma4(fmaRounds)
	}
}
