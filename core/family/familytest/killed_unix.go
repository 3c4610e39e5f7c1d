//go:build unix

package familytest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// checkKilledHost kills a host in the middle of a run; its plugin must go too.
func checkKilledHost(t *testing.T, name, recipe string, s *settings) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	overrides := s.short[recipe]
	if o, ok := s.long[recipe]; ok {
		overrides = o
	}
	cmd := exec.Command(self, append([]string{hostArg, name, recipe}, overrides...)...)
	cmd.Env = append(os.Environ(), dirEnv+"="+t.TempDir(), dataEnv+"="+s.dataDir, fromEnv+"="+s.from[recipe])
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	_, err = fmt.Fscan(out, &pid)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		t.Fatalf("no sign of life from the host (is TestMain familytest.Main?): %v", err)
	}
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if syscall.Kill(pid, 0) != nil || zombie(pid) {
			return
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("2 s after its host was killed the plugin (process %d) was still there", pid)
}

// zombie reports whether a process is dead and merely not yet collected, as an
// orphan in a container without an init stays.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	var id int
	var comm, state string
	if err == nil {
		_, err = fmt.Sscan(string(b), &id, &comm, &state)
	}
	return err == nil && state == "Z"
}
