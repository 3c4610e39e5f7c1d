package kernel

import "unsafe"

const (
	cacheLine = 64      // bytes
	hugePage  = 2 << 20 // bytes; of x86-64, and of arm64 with 4 KB pages
)

// Alloc gives n zeros that begin at a cache line; many of them begin at a huge page, and
// the system is asked to use such pages (an arena of some MB is read from end to end
// in every step: thousands of small pages cost some per cent of it in address translation).
func Alloc(n int) []float32 {
	boundary := cacheLine / 4
	if n >= 2*hugePage/4 {
		boundary = hugePage / 4
	}
	raw := make([]float32, n+boundary-1)
	skip := -int(address(raw)/4) & (boundary - 1)
	values := raw[skip : skip+n : skip+n]
	if boundary > cacheLine/4 {
		adviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 4*n))
	}
	return values
}
