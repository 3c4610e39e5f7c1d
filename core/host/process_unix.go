//go:build unix

package host

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lab/core/internal/wire"
)

// ownGroup keeps the terminal's Ctrl-C from the plugin, and lets killGroup reach
// the plugin's own children.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// leaveWatch hands the plugin its end of the liveness pipe.
func leaveWatch(cmd *exec.Cmd, watch *os.File) {
	cmd.ExtraFiles = []*os.File{watch}
	cmd.Env = append(cmd.Env, wire.LivenessEnv+"="+strconv.Itoa(2+len(cmd.ExtraFiles)))
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

func signalOf(s *os.ProcessState) (string, bool) {
	w, ok := s.Sys().(syscall.WaitStatus)
	if !ok || !w.Signaled() {
		return "", false
	}
	return unix.SignalName(w.Signal()), true
}

// settle waits, not long, until what the plugin has printed so far is read: a
// line printed before the end of a run belongs to that run's log.
func (p *process) settle() {
	empty := 0
	for range 100 {
		if unread(p.stderr) || unread(p.stdout) {
			empty = 0
		} else if empty++; empty == 2 { // the reader may have had the last lines in its hands
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func unread(f *os.File) (is bool) {
	c, err := f.SyscallConn()
	if err != nil {
		return false
	}
	_ = c.Control(func(fd uintptr) {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		_, err := unix.Poll(ready, 0)
		is = err == nil && ready[0].Revents&unix.POLLIN != 0
	})
	return is
}
