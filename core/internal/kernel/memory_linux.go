package kernel

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages. It is advice: where the system does not take it, nothing is lost.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
