package examples_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestThirdParty builds the plugin in a module of its own as a stranger would, without a
// network, and runs its tests: the conformance suite among them.
func TestThirdParty(t *testing.T) {
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = "thirdparty"
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s\nafter a change of lab's go.mod: cd examples/thirdparty && go mod tidy", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("vet", "./...")
	run("test", "./...")
	for dep := range strings.SplitSeq(run("list", "-deps", "."), "\n") {
		for _, heavy := range []string{"github.com/mattn/go-sqlite3", "lab/tracker", "lab/core/host", "lab/cmd", "lab/plugins"} {
			if dep == heavy || strings.HasPrefix(dep, heavy+"/") {
				t.Errorf("a third-party plugin links %s: it is to hold neither database nor host nor other families", dep)
			}
		}
	}
}
