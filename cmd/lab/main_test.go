package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lab/core/family"
)

func TestMain(m *testing.M) {
	family.ServeBundled(bundled...)
	testscript.Main(m, map[string]func(){"lab": main})
}

// TestScripts runs the command lines of testdata/script: what a user types and sees.
func TestScripts(t *testing.T) {
	t.Parallel()
	plugin := buildHostile(t)
	// A mirror of data sets that holds pages instead of files.
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/tiny-shakespeare/") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintln(w, "To fetch, or not to fetch")
	}))
	t.Cleanup(mirror.Close)
	goEnv := map[string]string{}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // which follow from HOME, that scripts do not have
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		goEnv[name] = strings.TrimSpace(string(out))
	}
	source, err := filepath.Abs("../..") // a test built with -trimpath does not know it
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LAB_PLUGIN_PATH", filepath.Join(e.WorkDir, "plugins"))
			for name, value := range goEnv {
				e.Setenv("GO_"+strings.TrimPrefix(name, "GO"), value)
			}
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			e.Setenv("LAB_DATA_MIRROR", mirror.URL)
			e.Setenv("LAB_SOURCE", source)
			e.Setenv("GO_FLAGS", os.Getenv("GOFLAGS")) // which decide what the build cache has
			e.Setenv("PLUGIN", plugin)                 // a good one, unless HOSTILE says otherwise
			e.Setenv("SMALL", "plugin=gan epochs=1 batch_size=100 channels=4 latent_dim=8 fid_samples=200")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "disk" { // whether disks can be mounted
				dir := t.TempDir()
				err := exec.Command("mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", dir).Run()
				exec.Command("umount", dir).Run()
				return runtime.GOOS == "linux" && err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"lines":   lines,
			"record":  record,
			"sql":     runSQL,
			"disk":    disk,
			"waitfor": waitFor,
		},
	})
}

// buildHostile builds the plugin of many vices, under the name of its family.
func buildHostile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab-plugin-hostile")
	if out, err := exec.Command("go", "build", "-o", path, "lab/core/host/hostile").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// lines checks that the last command's stderr (or the file given) has so many lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lines stderr|stdout N")
	}
	text := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	n := 0
	if text != "" {
		n = strings.Count(text, "\n") + 1
	}
	if fmt.Sprint(n) != args[1] {
		ts.Fatalf("%s has %d lines, not %s:\n%s", args[0], n, args[1], text)
	}
}

// runSQL has SQLite run the statements of a file: sql DATABASE FILE.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql DATABASE FILE")
	}
	db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

// waitfor waits until a file matching the pattern holds the text.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, f := range found {
			if b, err := os.ReadFile(f); err == nil && (len(args) < 2 || bytes.Contains(b, []byte(args[1]))) {
				return
			}
		}
	}
	ts.Fatalf("%s did not come", args[0])
}

// disk mounts a disk in memory: disk FOLDER SIZE; where there is one it gets that size,
// or with ro it can only be read any more.
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: disk FOLDER SIZE|ro")
	}
	dir := ts.MkAbs(args[0])
	if args[1] == "ro" {
		if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
			ts.Fatalf("%v: %s", err, out)
		}
		return
	}
	if exec.Command("mountpoint", "-q", dir).Run() == nil {
		if out, err := exec.Command("mount", "-o", "remount,size="+args[1], dir).CombinedOutput(); err != nil {
			ts.Fatalf("%v: %s", err, out)
		}
		return
	}
	ts.Check(os.MkdirAll(dir, 0o755))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).CombinedOutput(); err != nil {
		ts.Fatalf("%v: %s", err, out)
	}
	ts.Defer(func() { exec.Command("umount", "-l", dir).Run() })
}
