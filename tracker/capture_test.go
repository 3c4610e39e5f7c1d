package tracker

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// repository makes a git repository with one commit.
func repository(t *testing.T) string {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"), 0o644)
	inGit(t, dir, "init", "-q", "-b", "main")
	inGit(t, dir, "add", "a.go")
	inGit(t, dir, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "one")
	return dir
}

func inGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func factsOf(d *Detail) map[string]string {
	m := map[string]string{}
	for _, f := range d.Facts {
		m[f.Key] = f.Value
	}
	return m
}

func TestCapture(t *testing.T) {
	repo := repository(t)
	db := openTest(t, t.TempDir(), Options{})
	t.Setenv("LAB_ISA", "sse2")
	capture := func() (*Detail, map[string]string) {
		t.Helper()
		r := startTest(t, db, NewRun{Environment: Surroundings()})
		begin := time.Now()
		r.Capture(repo)
		r.CaptureFile("plugin", filepath.Join(repo, "a.go"))
		r.CaptureFile("config", filepath.Join(repo, "gone"))
		if d := time.Since(begin); d > 50*time.Millisecond {
			t.Errorf("Capture held the start up for %v", d)
		}
		closeTest(t, r, core.Finished)
		d, err := db.Show(ctx, r.UID())
		if err != nil {
			t.Fatal(err)
		}
		return d, factsOf(d)
	}
	d, f := capture()
	head := inGit(t, repo, "rev-parse", "HEAD")
	if f["git.commit"] != head || f["git.branch"] != "main" || f["git.dirty"] != "false" || len(f["exe.sha256"]) != 64 || f["git.root"] == "" ||
		f["host.os"] == "" || len(f["plugin.sha256"]) != 64 || f["config.path"] == "" || f["config.sha256"] != "" || f["variable.LAB_ISA"] != "sse2" || f["go.version"] == "" || f["command.dir"] == "" {
		t.Errorf("got %v", f)
	}
	if len(d.Artifacts) != 0 {
		t.Errorf("a clean folder has a diff: %v", d.Artifacts)
	}

	os.WriteFile(filepath.Join(repo, "a.go"), []byte("package b\n"), 0o644)
	os.WriteFile(filepath.Join(repo, "new file"), nil, 0o644)
	again, g := capture()
	if g["git.dirty"] != "true" || g["git.untracked"] != "new file" || g["exe.sha256"] != f["exe.sha256"] {
		t.Errorf("got %v", g)
	}
	diff, err := os.ReadFile(filepath.Join(again.Dir, diffName))
	if err != nil || !strings.Contains(string(diff), "+package b") {
		t.Errorf("diff %q, %v", diff, err)
	}
	if a := again.Artifacts; len(a) != 1 || a[0].Name != diffName || a[0].Bytes != int64(len(diff)) || len(a[0].SHA256) != 64 {
		t.Errorf("got %+v", a)
	}
	// The diff restores what ran.
	os.WriteFile(filepath.Join(repo, "a.go"), []byte("package a\n"), 0o644)
	inGit(t, repo, "apply", filepath.Join(again.Dir, diffName))

	repo = t.TempDir() // outside git
	os.WriteFile(filepath.Join(repo, "a.go"), nil, 0o644)
	if _, f := capture(); f["git.commit"] != "" || f["exe.sha256"] == "" {
		t.Errorf("got %v", f)
	}
}

func TestParseStatus(t *testing.T) {
	out := strings.Join([]string{
		"# branch.oid (initial)", "# branch.head (detached)",
		"1 .M N... 100644 100644 100644 aa aa a b", "2 R. N... 100644 100644 100644 aa aa R100 new", "? old name",
		"u UU N... 1 2 3 4 aa bb cc c", "? x y", "",
	}, "\x00")
	if got, want := parseStatus([]byte(out)), (status{changed: 3, untracked: []string{"x y"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

// What a run adds to the start of lab, all together.
func BenchmarkStart(b *testing.B) {
	home := b.TempDir()
	for range b.N {
		db, err := Open(home, Options{})
		if err != nil {
			b.Fatal(err)
		}
		r := startTest(b, db, NewRun{Environment: Surroundings()})
		r.Capture("")
		b.StopTimer()
		r.Close(Exit{Status: core.Finished})
		db.Close()
		b.StartTimer()
	}
}
