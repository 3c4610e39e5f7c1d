//go:build unix

package familytest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"lab/core"
	"lab/core/host"
)

// checkKilledHost kills a host in the middle of a run; its plugin must go too.
func checkKilledHost(t T, c host.Candidate, recipe string, s *settings) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	k, err := json.Marshal(task{Candidate: c, Recipe: recipe, Overrides: s.longer(core.Recipe{Name: recipe}),
		Dir: t.TempDir(), DataDir: s.dataDir, From: s.from[recipe]})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, hostArg)
	cmd.Env = append(os.Environ(), taskEnv+"="+string(k))
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
		t.Fatalf("no sign of life from the host (does the program's main begin with familytest.Main or BeHost?): %v", err)
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
