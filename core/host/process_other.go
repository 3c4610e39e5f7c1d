//go:build !unix

package host

import (
	"os"
	"os/exec"
	"time"
)

// There are no process groups here and descriptors are not inherited: a plugin
// outlives a host that is killed.

func ownGroup(*exec.Cmd)                       {}
func leaveWatch(*exec.Cmd, *os.File)           {}
func killGroup(int)                            {}
func signalOf(*os.ProcessState) (string, bool) { return "", false }
func (p *process) settle()                     { time.Sleep(5 * time.Millisecond) }
