package tracker

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"lab/core"
)

func TestNameNoteTags(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{Name: "old", Tags: []string{"a", "b"}}) // while it runs, too
	for _, do := range []func() (string, error){
		func() (string, error) { return db.Rename(ctx, "old", "new") },
		func() (string, error) { return db.Annotate(ctx, "new", "two\nlines, \"quoted\"") },
		func() (string, error) { return db.Tag(ctx, "@1", []string{"c", "b"}, []string{"a", "never"}) },
	} {
		if uid, err := do(); err != nil || uid != r.UID() {
			t.Fatalf("got %s, %v", uid, err)
		}
	}
	s := mustRuns(t, db, Query{})[0]
	if s.Name != "new" || s.Note != "two\nlines, \"quoted\"" || !reflect.DeepEqual(s.Tags, []string{"b", "c"}) {
		t.Errorf("got %+v", s)
	}
	if _, err := db.Rename(ctx, "new", ""); err != nil || mustRuns(t, db, Query{})[0].Name != "" {
		t.Errorf("the name stays: %v", err)
	}
	_, err := db.Rename(ctx, "@1", "@2")
	wantError(t, err, core.Usage, `"@2" cannot name a run`, "letters")
	_, err = db.Tag(ctx, "@1", []string{"ok", "not ok"}, nil)
	wantError(t, err, core.Usage, `"not ok" cannot be a tag`, "letters")
	_, err = db.Annotate(ctx, "nope", "")
	wantError(t, err, core.Usage, `no run has the name or id "nope"`, "")
	_, err = openTest(t, db.Home(), Options{ReadOnly: true}).Annotate(ctx, "@1", "")
	wantError(t, err, core.Storage, "reading only", "")
}

func TestBin(t *testing.T) {
	clk := newClock()
	clk.t = time.Now()
	home := t.TempDir()
	db := openTest(t, home, Options{Now: clk.Now})
	var uids []string
	start := func(n NewRun) *Run {
		r := startTest(t, db, n)
		uids = append(uids, r.UID())
		return r
	}
	for i := range 3 {
		r := start(NewRun{Name: fmt.Sprint("r", i)})
		var ps []core.Point
		for k := range int64(50_000) {
			ps = append(ps, pt("m", k, float64(k)))
		}
		put(t, r, core.Metrics{Points: ps})
		os.WriteFile(filepath.Join(r.Dir(), "model.onnx"), make([]byte, 1000), 0o644)
		closeTest(t, r, core.Finished)
		clk.add(time.Second)
	}
	child := start(NewRun{Name: "child", From: []Source{{Run: uids[0], Path: "model.onnx", SHA256: "aa"}}})
	list := func(q Query) string { return names(mustRuns(t, db, q)) }

	_, err := db.Remove(ctx, "r0", "child")
	wantError(t, err, core.Usage, "is still running", "")
	if list(Query{}) != "childr2r1r0" {
		t.Errorf("a refused removal removed: %s", list(Query{}))
	}
	closeTest(t, child, core.Finished)
	// @3 and @2 are what they are before anything is removed.
	if got, err := db.Remove(ctx, "@3", "@2"); err != nil || !reflect.DeepEqual(got, []string{uids[1], uids[2]}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := db.Remove(ctx, "r0"); err != nil {
		t.Fatal(err)
	}
	if list(Query{}) != "child" || list(Query{Removed: true}) != "r2r1r0" {
		t.Errorf("%s; in the bin %s", list(Query{}), list(Query{Removed: true}))
	}
	_, err = db.Restore(ctx, "@1")
	wantError(t, err, core.Usage, "never names a run in the bin", "id")
	if _, err := db.Restore(ctx, uids[2]); err != nil || list(Query{}) != "childr2" {
		t.Errorf("%v, %s", err, list(Query{}))
	}

	// What is nobody's, old and new.
	old := clk.Now().Add(-2 * time.Hour)
	leave := func(path string, when time.Time) {
		path = filepath.Join(home, path)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(path, when, when)
		os.Chtimes(filepath.Dir(path), when, when)
	}
	run2, orphan := "runs/"+uids[2]+"/", "runs/"+newUID()
	leave(".tmp-x", old)
	leave(run2+"artifacts/.tmp-y", old)
	leave(run2+"artifacts/unnamed.png", old)
	leave(run2+"artifacts/fresh.png", clk.Now())
	leave(run2+"notes.txt", old)
	leave(orphan+"/x", old)
	leave("runs/.tmp-import-1/x", old)
	leave("runs/"+newUID()+"/x", clk.Now())
	leave("runs/mine/x", old)
	wantFiles := []string{".tmp-x", run2 + "artifacts/.tmp-y", run2 + "artifacts/unnamed.png", orphan, "runs/.tmp-import-1"}
	slices.Sort(wantFiles)

	if g, err := db.Collect(ctx, Collection{Age: time.Hour, DryRun: true}); err != nil || len(g.Runs) != 0 || len(g.Kept) != 0 {
		t.Errorf("got %+v, %v", g, err)
	}
	for _, dry := range []bool{true, false} {
		g, err := db.Collect(ctx, Collection{DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(g.Files)
		if !reflect.DeepEqual(g.Runs, []string{uids[1]}) || !reflect.DeepEqual(g.Files, wantFiles) || g.Bytes < 1025 ||
			!reflect.DeepEqual(g.Kept, map[string]string{uids[0]: "run " + uids[3] + " starts from it"}) {
			t.Errorf("dry %v: got %+v; want files %v", dry, g, wantFiles)
		}
		if there := fileExists(filepath.Join(home, runsDir, uids[1])); there != dry {
			t.Errorf("dry %v: the folder is there: %v", dry, there)
		}
	}
	if g, err := db.Collect(ctx, Collection{}); err != nil || len(g.Runs)+len(g.Files) != 0 {
		t.Errorf("twice: %+v, %v", g, err)
	}
	for _, table := range []string{"metric", "rollup", "latest", "untidy", "run"} {
		var n int
		if err := db.pool.QueryRow("SELECT count(*) FROM " + table + " WHERE " + map[bool]string{true: "id", false: "run_id"}[table == "run"] + "=2").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of %s, %v", n, table, err)
		}
	}
	if ps := points(t, db, uids[2], "m"); len(ps) != 50_000 {
		t.Errorf("another run has %d points", len(ps))
	}
	// A purge that was killed in the middle is finished by the next, and cannot be undone.
	db.Remove(ctx, uids[2])
	db.w.do(func(c *conn) error { return c.script("UPDATE run SET removed=0 WHERE removed IS NOT NULL AND id=3") })
	_, err = db.Restore(ctx, uids[2])
	wantError(t, err, core.Usage, "no run has the name or id", "")
	if g, err := db.Collect(ctx, Collection{Age: time.Hour}); err != nil || !reflect.DeepEqual(g.Runs, []string{uids[2]}) {
		t.Errorf("got %+v, %v", g, err)
	}
	db.Close()
	if fi, err := os.Stat(filepath.Join(home, fileName)); err != nil || fi.Size() > 3<<20 {
		t.Errorf("the file is still large: %v, %v", fi.Size(), err)
	}
}
