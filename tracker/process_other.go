//go:build !linux

package tracker

import (
	"errors"
	"os"
	"syscall"
)

func bootID() string   { return "" }
func pidSpace() string { return "" }

// processStart tells only whether the process is running.
func processStart(pid int) (string, bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return "", false
	}
	err = p.Signal(syscall.Signal(0))
	return "", err == nil || errors.Is(err, os.ErrPermission)
}
