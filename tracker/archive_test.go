package tracker

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// exportTest has three runs: one with everything a run can have, one that was
// interrupted, and one that shares a file with the first.
func exportTest(t testing.TB) (db *DB, uids []string) {
	clk := newClock()
	db = openTest(t, t.TempDir(), Options{Now: clk.Now, Version: "0.1"})
	r := startTest(t, db, NewRun{Family: "gan", FamilyVersion: "1.2", Recipe: "dcgan", Seed: math.MaxUint64, Name: "first", Note: "a\n\"note\"", Tags: []string{"a", "b"},
		Params:  []core.Param{{Key: "z", Type: core.Float, Value: "0.1"}, {Key: "a", Type: core.Int, Value: "5", Default: true}},
		Metrics: []core.MetricSpec{{Name: "fid", Unit: "x", Goal: core.Lower}, {Name: "never", Goal: core.Higher}},
		From:    []Source{{Run: "0123456789abcdef", Path: "m.onnx", SHA256: "ab"}}, CommandLine: []string{"lab", "run"}, Sweep: "s",
		Environment: []core.Fact{{Key: "host.os", Value: "linux"}}})
	ps := []core.Point{pt("fid", -3, math.NaN()), pt("fid", 2, math.Inf(1)), pt("fid", 3, 0.1), pt(`odd, "name"`, 1, math.SmallestNonzeroFloat64)}
	for i := range int64(2500) {
		ps = append(ps, pt("long", i, math.Sin(float64(i))))
	}
	ps = append(ps, pt("back", 5, 1), pt("back", 4, 2), pt("back", 5, 3))
	put(t, r, core.Metrics{Points: ps}, core.Log{Text: "hello"}, core.Progress{Done: 3, Total: 9, Note: "x"})
	file := func(r *Run, name, kind, path, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(r.Dir(), path)), 0o755); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(r.Dir(), path), []byte(text), 0o644)
		sum, err := hashFile(ctx, filepath.Join(r.Dir(), path))
		if err != nil {
			t.Fatal(err)
		}
		ev := core.Event(core.Artifact{Name: name, Kind: kind, Path: path, SHA256: sum, Bytes: int64(len(text)), Step: 7})
		if kind == checkpointKind {
			ev = core.Checkpoint{Path: path, SHA256: sum, Bytes: int64(len(text)), Step: 7}
		}
		put(t, r, ev)
	}
	file(r, "model", "model", "model.onnx", "weights")
	file(r, "pic", "image", "artifacts/pic.png", "picture")
	file(r, "gone", "text", "artifacts/gone.txt", "gone")
	os.Remove(filepath.Join(r.Dir(), "artifacts/gone.txt"))
	clk.add(time.Minute)
	code := 1
	if err := r.Close(Exit{Status: core.Failed, Reason: "why", Code: &code, Signal: "SIGX", PeakMemory: 77}); err != nil {
		t.Fatal(err)
	}
	uids = append(uids, r.UID())

	clk.add(time.Hour)
	r = startTest(t, db, NewRun{Environment: []core.Fact{{Key: "k", Value: "v"}}})
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 1, 1), pt("m", 2, 2)}})
	file(r, "", checkpointKind, "c1", "state")
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 3, 3)}})
	closeTest(t, r, core.Cancelled)
	r, _, err := db.Resume(ctx, r.UID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, core.Metrics{Points: []core.Point{pt("m", 3, 3), pt("m", 4, 4)}})
	closeTest(t, r, core.Cancelled)
	uids = append(uids, r.UID())

	clk.add(time.Hour)
	r = startTest(t, db, NewRun{Name: "third"})
	file(r, "model", "model", "same.onnx", "weights")
	closeTest(t, r, core.Finished)
	return db, append(uids, r.UID())
}

func export(t testing.TB, db *DB, refs ...string) ([]byte, *Exported) {
	t.Helper()
	var b bytes.Buffer
	e, err := db.Export(ctx, &b, refs...)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), e
}

func TestExportImport(t *testing.T) {
	db, uids := exportTest(t)
	archive, e := export(t, db, "@3", "@2", "@1", "first")
	if len(e.Runs) != 3 || len(e.Missing) != 1 || !strings.Contains(e.Missing[0], "gone of run "+uids[0]+" is gone") {
		t.Errorf("got %+v", e)
	}
	if again, f := export(t, db, "@3", "@2", "@1"); !bytes.Equal(again, archive) || f.ID != e.ID {
		t.Error("the same runs make another archive")
	}
	z, _ := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if blobs := 0; len(z.File) > 0 {
		for _, f := range z.File {
			blobs += btoi(strings.HasPrefix(f.Name, "blobs/"))
		}
		if blobs != 3 { // the model of two runs once, a picture, a checkpoint
			t.Errorf("%d blobs", blobs)
		}
	}
	there := openTest(t, t.TempDir(), Options{Now: newClock().Now})
	mine := startTest(t, there, NewRun{Name: "mine"}) // and its ids are other ids
	put(t, mine, core.Metrics{Points: []core.Point{pt("zzz", 1, 1), pt("long", 1, 1)}})
	closeTest(t, mine, core.Finished)
	for round := range 2 {
		id, runs, err := there.Import(ctx, bytes.NewReader(archive), int64(len(archive)))
		if err != nil || id != e.ID || len(runs) != 3 || runs[0] != (Imported{uids[0], round == 0}) {
			t.Fatalf("got %s, %+v, %v", id, runs, err)
		}
	}
	for _, uid := range uids {
		a, err := db.Show(ctx, uid)
		if err != nil {
			t.Fatal(err)
		}
		b, err := there.Show(ctx, uid)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*Detail{a, b} { // what must differ
			d.Dir, d.LogPath, d.PID, d.Number = "", "", 0, 0
			for i := range d.History {
				d.History[i].Points, d.History[i].Artifacts = 0, nil
			}
			for i := range d.Metrics {
				for _, v := range []*float64{&d.Metrics[i].Last, &d.Metrics[i].Min, &d.Metrics[i].Max, &d.Metrics[i].Best} {
					if *v != *v {
						*v = 12345
					}
				}
			}
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("got %+v;\nwant %+v", b, a)
		}
		c, err := there.Audit(ctx, uid)
		if want := btoi(uid == uids[0]); err != nil || len(c.Faults) != want {
			t.Errorf("audit: %+v, %v", c, err)
		}
		x, _ := db.Curve(ctx, uid, "long", 20)
		y, _ := there.Curve(ctx, uid, "long", 20)
		if !reflect.DeepEqual(x, y) {
			t.Errorf("curve %v; want %v", y, x)
		}
	}
	log, err := os.ReadFile(filepath.Join(there.runDir(uids[0]), logName))
	if err != nil || !strings.Contains(string(log), "hello") {
		t.Errorf("log %q, %v", log, err)
	}
	// The newest started is @1 still.
	if d, _ := there.Show(ctx, "@1"); d.UID != uids[2] {
		t.Errorf("@1 is %s", d.Name)
	}
	if c, err := there.Compare(ctx, uids[0], uids[0], nil); err != nil || !c.Same() {
		t.Errorf("got %+v, %v", c, err)
	}
	// An interrupted run goes on over there, from the mark.
	r, p, err := there.Resume(ctx, uids[1], nil)
	if err != nil || p.Step != 7 {
		t.Fatalf("got %+v, %v", p, err)
	}
	if ps := points(t, there, uids[1], "m"); len(ps) != 2 {
		t.Errorf("got %v", ps)
	}
	closeTest(t, r, core.Cancelled)
	_, _, err = there.Import(ctx, bytes.NewReader(archive), int64(len(archive)))
	wantError(t, err, core.Usage, "already, with other contents", "")
	if left, _ := filepath.Glob(filepath.Join(there.Home(), runsDir, tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	startTest(t, db, NewRun{})
	_, err = db.Export(ctx, io.Discard, "@1")
	wantError(t, err, core.Usage, "is still running", "")
}

// rewrite copies an archive with one entry changed or, for nil, left out; keep
// tells whether the index follows the change, as a forger's would.
func rewrite(t testing.TB, archive []byte, name string, change func([]byte) []byte, keep bool) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	var old, new string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == name {
			old = hashOfBytes(b)
			if b = change(b); b == nil {
				continue
			}
			new = hashOfBytes(b)
		}
		if f.Name == indexName && keep {
			b = bytes.Replace(b, []byte(`: "`+old), []byte(`: "`+new), 1)
		}
		e, _ := w.Create(f.Name)
		e.Write(b)
	}
	w.Close()
	return out.Bytes()
}

func TestTamperedArchive(t *testing.T) {
	db, uids := exportTest(t)
	archive, _ := export(t, db, uids[0], uids[2])
	run := "runs/" + uids[0] + "/"
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%q is not in there", old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	model := "blobs/" + hashOfBytes([]byte("weights")) + ".onnx"
	drop := func([]byte) []byte { return nil }
	for _, c := range []struct {
		what  string
		bytes []byte
		msg   string
	}{
		{"no zip", []byte("hello"), "no zip file"},
		{"cut off", archive[:len(archive)-100], "no zip file"},
		{"another zip", rewrite(t, archive, indexName, replace(archiveFormat, "songs"), false), "holds no runs"},
		{"newer", rewrite(t, archive, indexName, replace(`"version": 1`, `"version": 9`), false), "was written by a newer lab (0.1, format 9"},
		{"a point", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1", "fid,3,3,0.2"), false), `points.csv" was changed`},
		{"a point, and the index", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1", "fid,3,3,0.2"), true), "its points or models are not those that its hash is of"},
		{"a point less, and the index", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1\n", ""), true), "its points or models are not those"},
		{"a model", rewrite(t, archive, model, replace("weights", "weighty"), false), "was changed"},
		{"a model, and the index", rewrite(t, archive, model, replace("weights", "weighty"), true), "was changed"},
		{"a run", rewrite(t, archive, run+"run.json", replace(`"reason": "why"`, `"reason": "because"`), false), "was changed"},
		{"its hash, and the index", rewrite(t, archive, run+"run.json", replace(`"hash": "`, `"hash": "00`), true), "has no hash"},
		{"its model, and the index", rewrite(t, archive, run+"run.json", replace(hashOfBytes([]byte("weights")), hashOfBytes([]byte("x"))), true), "lies in"},
		{"a path out", rewrite(t, archive, run+"run.json", replace(`"path": "artifacts/pic.png"`, `"path": "../../pic.png"`), true), "has the path"},
		{"an absolute path", rewrite(t, archive, run+"run.json", replace(`"path": "artifacts/pic.png"`, `"path": "/etc/pic.png"`), true), "has the path"},
		{"a status", rewrite(t, archive, run+"run.json", replace(`"status": "failed"`, `"status": "running"`), true), `its status is "running"`},
		{"another uid", rewrite(t, archive, run+"run.json", replace(uids[0], uids[1]), true), "the run in"},
		{"a missing blob", rewrite(t, archive, model, drop, false), "is missing"},
		{"missing points", rewrite(t, archive, run+"points.csv", drop, false), "is missing"},
		{"malformed points", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1", "fid,3,3,0.10"), true), "is malformed"},
		{"a long line", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1", strings.Repeat("f", 100_000)), true), "too long"},
		{"an odd name", rewrite(t, archive, run+"points.csv", replace("fid,3,3,0.1", "\x01,3,3,0.1"), true), "a metric is called"},
		{"the last line", rewrite(t, archive, run+"points.csv", func(b []byte) []byte { return b[:len(b)-1] }, true), "cut off"},
	} {
		home := t.TempDir()
		there := openTest(t, home, Options{})
		_, _, err := there.Import(ctx, bytes.NewReader(c.bytes), int64(len(c.bytes)))
		if err == nil || core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), c.msg) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v (kind %d); want %q", c.what, err, core.KindOf(err), c.msg)
		}
		if dirs, _ := os.ReadDir(filepath.Join(home, runsDir)); len(dirs) > 0 || len(mustRuns(t, there, Query{})) > 0 {
			t.Errorf("%s: left behind: %v", c.what, dirs)
		}
		var rows int
		if there.pool.QueryRow("SELECT (SELECT count(*) FROM run)+(SELECT count(*) FROM point)+(SELECT count(*) FROM rollup)").Scan(&rows); rows > 0 {
			t.Errorf("%s: %d rows left behind", c.what, rows)
		}
	}
}

// A kill in the middle of an import leaves nothing to be seen, and does not keep
// the next one from working.
func TestImportAfterAKill(t *testing.T) {
	db, uids := exportTest(t)
	archive, _ := export(t, db, uids[0])
	there := openTest(t, t.TempDir(), Options{})
	f := &Foreign{UID: uids[0], NewRun: NewRun{Family: "gan", Recipe: "x"}, Started: time.Now(), Status: core.Finished}
	id, _, err := there.announce(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	there.w.submit(&request{run: &runState{id: id}, points: []core.Point{pt("left", 1, 1)}})
	os.MkdirAll(filepath.Join(there.runDir(uids[0]), "rest"), 0o755)
	for _, q := range []Query{{}, {Removed: true}} {
		if runs := mustRuns(t, there, q); len(runs) != 0 {
			t.Errorf("half a run is seen: %+v", runs)
		}
	}
	_, err = there.Show(ctx, uids[0])
	wantError(t, err, core.Usage, "", "")
	_, _, err = there.Import(ctx, bytes.NewReader(archive), int64(len(archive)))
	wantError(t, err, core.Usage, "is just being imported", "")
	if g, err := there.Collect(ctx, Collection{}); err != nil || len(g.Runs) != 0 {
		t.Errorf("an import under way was collected: %+v, %v", g, err)
	}
	there = asDead(t, there.Home(), Options{})
	if _, runs, err := there.Import(ctx, bytes.NewReader(archive), int64(len(archive))); err != nil || !runs[0].Added {
		t.Fatalf("got %+v, %v", runs, err)
	}
	d, err := there.Show(ctx, uids[0])
	if err != nil || d.Recipe != "dcgan" || fileExists(filepath.Join(d.Dir, "rest")) {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, ok := d.Metric("left"); ok {
		t.Error("a point of the killed import is there")
	}
	db.w.do(func(c *conn) error { return c.script("UPDATE run SET status='running',hash=NULL,pid_started='0'") })
	_, err = asDead(t, db.Home(), Options{ReadOnly: true}).Export(ctx, io.Discard, uids[0])
	wantError(t, err, core.Usage, "has not been closed yet", "writes to")
}

func hashOfBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
