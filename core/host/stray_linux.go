package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// killMarked kills the processes with a mark in their environment: children of a
// plugin that left its process group, as daemons do, and outlived it. One that took
// the mark off, too, is not found.
func killMarked(mark string) {
	if mark == "" {
		return
	}
	// Until none is found: one may have had the time for another child, and to die
	// takes a moment, too.
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
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
		time.Sleep(wait)
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
