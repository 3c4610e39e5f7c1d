//go:build unix

package family

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeStdout returns what was standard output and puts standard error in its
// place, for C code and child processes too.
func takeStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("standard output: %w", err)
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, fmt.Errorf("standard output: %w", err)
	}
	return os.NewFile(uintptr(fd), "handshake"), nil
}

// killGroup ends the process group that the host made for this process.
func killGroup() {
	if unix.Getpgrp() == os.Getpid() {
		_ = unix.Kill(0, unix.SIGKILL)
	}
}

func keepFromChildren(fd uint64) { unix.CloseOnExec(int(fd)) }
