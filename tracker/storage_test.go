package tracker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
)

func TestHomesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		home := filepath.Join(dir, name)
		os.MkdirAll(home, 0o755)
		if err := os.WriteFile(filepath.Join(home, fileName), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return home
	}
	sqlFile := func(name, sql string) string {
		home := write(name, "")
		c, err := dial(dsn(filepath.Join(home, fileName), ""))
		if err == nil {
			err = c.script(sql)
			c.close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return home
	}
	torn := filepath.Join(dir, "torn")
	db := openTest(t, torn, Options{})
	startTest(t, db, NewRun{})
	db.Close()
	b, _ := os.ReadFile(filepath.Join(torn, fileName))
	for i := 100; i < 4096; i++ { // the root page of the schema
		b[i] = 0xff
	}
	os.WriteFile(filepath.Join(torn, fileName), b, 0o644)
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o644)

	for _, c := range []struct{ home, msg, try string }{
		{write("text", strings.Repeat("not a database ", 100)), "not a lab database", "--home"},
		{sqlFile("other", "CREATE TABLE songs(x)"), "is the database of another program", "--home"},
		{sqlFile("newer", "CREATE TABLE meta(key,value); INSERT INTO meta VALUES('lab_version','9.1'); PRAGMA application_id=0x6c616231; PRAGMA user_version=99"),
			fmt.Sprintf("was written by a newer lab (schema 99; this lab knows up to %d)", len(schemas())), "lab 9.1 or newer"},
		{torn, "damaged", "backup"},
	} {
		for _, readOnly := range []bool{false, true} {
			_, err := Open(c.home, Options{ReadOnly: readOnly})
			wantError(t, err, core.Storage, c.msg, c.try)
		}
	}
	_, err := Open(filepath.Join(file, "home"), Options{})
	wantError(t, err, core.Storage, "cannot create", "")
	remote := Options{networkFS: func(string) string { return "nfs" }}
	_, err = Open(filepath.Join(dir, "remote"), remote)
	wantError(t, err, core.Storage, "network file system (nfs)", "local disk")
	if fileExists(filepath.Join(dir, "remote")) {
		t.Error("a refused home was created")
	}
	remote.AllowNetwork = true
	openTest(t, filepath.Join(dir, "remote"), remote)
}

func TestReadingAHomeThatIsNotThere(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	db := openTest(t, home, Options{ReadOnly: true})
	if runs := mustRuns(t, db, Query{Filter: "anything<3", Sort: "fid"}); len(runs) != 0 {
		t.Errorf("got %v", runs)
	}
	_, err := db.Show(ctx, "@1")
	wantError(t, err, core.Usage, "there are no runs yet", "lab run")
	_, err = db.Resolve(ctx, "@1")
	wantError(t, err, core.Usage, "there are no runs yet", "lab run")
	if c, err := db.Curve(ctx, "@1", "m", 10); c != nil || err != nil {
		t.Errorf("curve: %v, %v", c, err)
	}
	_, err = db.Start(NewRun{Family: "gan", Recipe: "dcgan"})
	wantError(t, err, core.Storage, "reading only", "")
	if fileExists(home) {
		t.Error("reading created the home")
	}
}

// readOnlyView returns a path at which dir cannot be written. Permissions do not
// bind root, so as root that takes a read-only mount.
func readOnlyView(t *testing.T, dir string) string {
	if os.Geteuid() != 0 {
		os.Chmod(dir, 0o555)
		os.Chmod(filepath.Join(dir, runsDir), 0o555)
		t.Cleanup(func() { os.Chmod(dir, 0o755); os.Chmod(filepath.Join(dir, runsDir), 0o755) })
		return dir
	}
	view := t.TempDir()
	if out, err := exec.Command("mount", "--bind", dir, view).CombinedOutput(); err != nil {
		t.Skipf("no read-only folder to be had: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", view).Run() })
	if out, err := exec.Command("mount", "-o", "remount,bind,ro", view).CombinedOutput(); err != nil {
		t.Skipf("no read-only folder to be had: %s", out)
	}
	return view
}

func TestReadOnlyHome(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed=%v", killed), func(t *testing.T) {
			home := t.TempDir()
			db := openTest(t, home, Options{})
			r := startTest(t, db, NewRun{Name: "x"})
			put(t, r, core.Metrics{Points: []core.Point{pt("m", 1, 2)}})
			closeTest(t, r, core.Finished)
			if killed { // a copy of what is on disk now: everything is in the log
				copied := t.TempDir()
				for _, f := range []string{fileName, fileName + "-wal"} {
					b, err := os.ReadFile(filepath.Join(home, f))
					if err != nil {
						t.Fatal(err)
					}
					os.WriteFile(filepath.Join(copied, f), b, 0o644)
				}
				os.Mkdir(filepath.Join(copied, runsDir), 0o755)
				home = copied
			} else {
				db.Close()
			}
			view := readOnlyView(t, home)
			ro := openTest(t, view, Options{ReadOnly: true})
			s := mustRuns(t, ro, Query{})
			if len(s) != 1 || s[0].Name != "x" || s[0].Metrics[0].Last != 2 {
				t.Errorf("got %+v", s)
			}
			aside := ro.copied
			ro.Close()
			if aside != "" && fileExists(aside) {
				t.Error("the copy was left behind")
			}
			_, err := Open(view, Options{})
			wantError(t, err, core.Storage, "cannot be written", "--home")
			_, err = Open(filepath.Join(view, "below"), Options{})
			wantError(t, err, core.Storage, "cannot be written", "--home")
		})
	}
}

// The folder is deleted under a run: what comes after is spooled, and found by
// the next command.
func TestDatabaseRemovedUnderARun(t *testing.T) {
	home := t.TempDir()
	var told []error
	db := openTest(t, home, Options{OnTrouble: func(err error) { told = append(told, err) }})
	r := startTest(t, db, NewRun{Name: "orphan"})
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 1, 1)}})
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(home, fileName+suffix))
	}
	db.w.do(func(*conn) error { db.w.heartbeats(); return nil })
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 2, 2)}})
	if len(told) != 1 {
		t.Fatalf("told %v", told)
	}
	wantError(t, told[0], core.Storage, "was removed or replaced", "")
	// While the run lives, its spool is its own.
	if runs := mustRuns(t, openTest(t, home, Options{}), Query{}); len(runs) != 0 {
		t.Errorf("got %+v", runs)
	}
	if err := r.Close(Exit{Status: core.Finished}); !errors.Is(err, ErrSpooled) {
		t.Errorf("Close: %v", err)
	}
	db.Close()
	dead := thisProcess()
	dead.BootID = "after a reboot"
	s := mustRuns(t, openTest(t, home, Options{process: &dead}), Query{})
	if len(s) != 1 || s[0].Name != "orphan" || s[0].Status != core.Finished || s[0].Metrics[0].Last != 2 {
		t.Errorf("got %+v", s)
	}
}

// The folder of a run is deleted under it: the run goes on, and what is in the
// database stays.
func TestRunFolderRemoved(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{})
	put(t, r, core.Artifact{Name: "model", Kind: "model", Path: "model.onnx", SHA256: "aa", Bytes: 3})
	os.RemoveAll(r.Dir())
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 1, 1)}}, core.Log{Text: "to nobody"})
	if err := r.Close(Exit{Status: core.Finished}); err != nil || r.Trouble() != nil {
		t.Errorf("%v, %v", err, r.Trouble())
	}
	d, err := db.Show(ctx, "@1")
	if err != nil || d.Status != core.Finished || d.LogPath != "" || len(d.Artifacts) != 1 {
		t.Errorf("got %+v, %v", d, err)
	}
	a, err := db.Audit(ctx, "@1")
	if err != nil || len(a.Faults) != 1 || a.Faults[0] != "model model is gone: model.onnx" {
		t.Errorf("got %+v, %v", a, err)
	}
	var untidy int
	if err := db.pool.QueryRow("SELECT count(*) FROM untidy").Scan(&untidy); err != nil || untidy != 0 {
		t.Errorf("%d runs are untidy, %v", untidy, err)
	}
	os.RemoveAll(filepath.Join(db.Home(), runsDir))
	closeTest(t, startTest(t, db, NewRun{}), core.Finished)
}

func TestRemoteFuse(t *testing.T) {
	mounts := []byte(`24 1 0:22 / / rw - ext4 /dev/sda rw
30 24 0:40 / /mnt/far rw - fuse.sshfs me@far:/ rw
31 24 0:41 / /mnt/win rw - fuseblk /dev/sdb rw
`)
	for dir, want := range map[string]string{"/mnt/far/a": "fuse.sshfs", "/mnt/far": "fuse.sshfs", "/mnt/win/a": "", "/home": "", "/mnt/farther": ""} {
		if got := remoteFuse(dir, mounts); got != want {
			t.Errorf("%s: %q", dir, got)
		}
	}
}
