//go:build linux

package host

import (
	"os/exec"
	"strings"
	"testing"
)

// A death by SIGKILL is put down to a want of memory when the kernel's count of such
// deaths grew meanwhile.
func TestWantOfMemory(t *testing.T) {
	defer func(f func() int64) { oomKills = f }(oomKills)
	if oomKills() < 0 {
		t.Error("a negative count")
	}
	kills := int64(7)
	oomKills = func() int64 { return kills }
	cmd := exec.Command("sh", "-c", "kill -9 $$")
	if err := cmd.Run(); err == nil {
		t.Fatal("it lives")
	}
	p := &process{cmd: cmd, oomKills: 7}
	if text, code, signal := p.end(); text != "killed by signal SIGKILL" || code != -1 || signal != "SIGKILL" {
		t.Errorf("got %q, %d, %s", text, code, signal)
	}
	kills = 8
	if text, _, _ := p.end(); !strings.HasPrefix(text, "killed by signal SIGKILL for want of memory") {
		t.Errorf("got %q", text)
	}
}

func TestField(t *testing.T) {
	const status = "Name:\tlab\nVmHWM:\t  1234 kB\nVmRSS:\t 99 kB\n"
	if got := field(strings.NewReader(status), "VmHWM:"); got != 1234 {
		t.Errorf("got %d", got)
	}
	if got := field(strings.NewReader(status), "VmSwap:"); got != 0 {
		t.Errorf("got %d for what is not there", got)
	}
}
