package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// killMarked kills the processes with a mark in their environment: children of a
// plugin that left its process group, as daemons do, and outlived it. One that took
// the mark off, too, is not found.
func killMarked(mark string) {
	if mark == "" {
		return
	}
	for range 10 { // one that is found may have had the time for another child
		found := false
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ")) // of other users' it cannot be
			if err != nil || !hasEntry(env, mark) {
				continue
			}
			found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
		}
		if !found {
			return
		}
	}
}

// hasEntry reports whether an environment as the kernel shows it has the entry.
func hasEntry(env []byte, entry string) bool {
	for e := range bytes.SplitSeq(env, []byte{0}) {
		if string(e) == entry {
			return true
		}
	}
	return false
}
