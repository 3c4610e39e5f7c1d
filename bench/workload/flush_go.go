//go:build !cgo

package workload

// Flushes is false: only C can ask for it.
func Flushes() bool { return false }
