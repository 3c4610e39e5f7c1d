//go:build linux || darwin

package main

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// freeSpace is what the disk of a folder, or of the nearest one above it that exists,
// has left for this user.
func freeSpace(dir string) (uint64, bool) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return 0, false
	}
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}
