package tracker

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
)

func TestDiffAndCompare(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	run := func(lr, commit, isa, data string, ps []core.Point, arts ...core.Artifact) {
		r := startTest(t, db, NewRun{
			Params:      []core.Param{{Key: "lr", Value: lr}, {Key: "epochs", Value: "5"}},
			Metrics:     []core.MetricSpec{{Name: "fid", Goal: core.Lower}, {Name: "speed", Unit: "samples/s", Goal: core.Higher}},
			From:        []Source{{Path: "x", SHA256: data}},
			Environment: []core.Fact{{Key: "git.commit", Value: commit}, {Key: "cpu.isa", Value: isa}, {Key: "note.x", Value: lr}, {Key: "host.os", Value: "linux"}},
		})
		put(t, r, core.Metrics{Points: ps}, core.Fact{Key: "data.sha256", Value: data})
		for _, a := range arts {
			put(t, r, a)
		}
		closeTest(t, r, core.Finished)
	}
	model := func(sha string) core.Artifact {
		return core.Artifact{Name: "model", Kind: "model", Path: "m", SHA256: sha}
	}
	image := core.Artifact{Name: "s", Kind: "image", Path: "s.png", SHA256: "11", Step: 2}
	run("0.1", "aaa", "avx2", "d1", []core.Point{pt("fid", 1, 5), pt("fid", 2, math.NaN()), pt("fid", 3, 0), pt("only a", 1, 1), pt("speed", 1, 100)}, model("aa"), image)
	run("0.2", "bbb", "avx512", "d1", []core.Point{pt("fid", 1, 5), pt("fid", 2, -math.NaN()), pt("fid", 3, math.Copysign(0, -1)), pt("fid", 4, math.Inf(1)), pt("only b", 1, 1), pt("speed", 1, 90)}, model("bb"))
	run("0.1", "aaa", "avx2", "d1", []core.Point{pt("speed", 1, 95), pt("fid", 1, 5), pt("fid", 2, math.NaN()), pt("fid", 3, 0), pt("only a", 1, 1)}, model("aa"))

	d, err := db.Diff(ctx, "@3", "@2")
	if err != nil {
		t.Fatal(err)
	}
	text := func(cs []Change) string {
		var parts []string
		for _, c := range cs {
			a, b := "-", "-"
			if c.A != nil {
				a = *c.A
			}
			if c.B != nil {
				b = *c.B
			}
			parts = append(parts, c.Key+":"+a+">"+b)
		}
		return strings.Join(parts, " ")
	}
	var metrics, files []string
	for _, m := range d.Metrics {
		metrics = append(metrics, fmt.Sprintf("%s %v %v", m.Name, m.A != nil, m.B != nil))
	}
	for _, f := range d.Files {
		files = append(files, fmt.Sprintf("%s %s %v %v", f.Kind, f.Name, f.A != nil, f.B != nil))
	}
	for _, c := range [][2]string{
		{text(d.Params), "lr:0.1>0.2"},
		{text(d.Code), "git.commit:aaa>bbb"},
		{text(d.Data), ""},
		{text(d.Machine), "cpu.isa:avx2>avx512"},
		{text(d.Other), "note.x:0.1>0.2"},
		{strings.Join(metrics, ", "), "fid true true, speed true true, only a true false, only b false true"},
		{strings.Join(files, ", "), "image s true false, model model true true"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q; want %q", c[0], c[1])
		}
	}
	if d.Same {
		t.Error("the same hash")
	}

	c, err := db.Compare(ctx, "@3", "@2", nil)
	if err != nil {
		t.Fatal(err)
	}
	first := c.First()
	if c.Same() || first == nil || first.Metric != "speed" || first.Step != 1 || *first.A != 100 || *first.B != 90 || len(c.Models) != 1 {
		t.Errorf("got %+v, first %+v", c, first)
	}
	if f := c.Metrics[0]; f.Name != "fid" || f.PointsA != 3 || f.PointsB != 4 || f.Differing != 1 || f.First.Step != 4 || f.First.A != nil || !math.IsInf(*f.First.B, 1) {
		t.Errorf("got %+v", f)
	}
	if s := c.Metrics[1]; s.Largest != 10 {
		t.Errorf("got %+v", s)
	}
	if c, err = db.Compare(ctx, "@3", "@1", IsTiming); err != nil || !c.Same() || len(c.Ignored) != 1 || len(c.Metrics) != 2 {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err = db.Compare(ctx, "@3", "@1", nil); err != nil || c.Same() {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = db.Compare(ctx, "@3", "@9", nil)
	wantError(t, err, core.Usage, "there is no run @9", "")
	empty := openTest(t, filepath.Join(t.TempDir(), "none"), Options{ReadOnly: true})
	_, err = empty.Compare(ctx, "@1", "@2", nil)
	wantError(t, err, core.Usage, "no runs yet", "")
	_, err = empty.Audit(ctx, "@1")
	wantError(t, err, core.Usage, "no runs yet", "")
}

func TestAudit(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{Metrics: []core.MetricSpec{{Name: "never"}}})
	training(t, r, 0, 300)
	for i := range int64(5) {
		put(t, r, core.Metrics{Points: []core.Point{pt("back", 5-i, float64(i))}})
	}
	if a, err := db.Audit(ctx, "@1"); err != nil || len(a.Faults) != 5 { // while it runs; the pictures were written over
		t.Errorf("got %+v, %v", a, err)
	}
	os.RemoveAll(filepath.Join(r.Dir(), "samples.png"))
	db.w.do(func(c *conn) error { return c.script("DELETE FROM artifact WHERE name='samples'") })
	closeTest(t, r, core.Finished)
	a, err := db.Audit(ctx, "@1")
	if err != nil || len(a.Faults) != 0 || a.Files != 8 || a.Points != 300+3+49 || fmt.Sprint(a.Unproven) != "[back]" {
		t.Fatalf("got %+v, %v", a, err)
	}
	for _, c := range []struct{ sql, file, fault string }{
		{sql: "UPDATE metric SET value=value+1e-9 WHERE step=77", fault: "the points of metric loss are not those that were logged"},
		{sql: "DELETE FROM metric WHERE step=299", fault: "metric loss has 299 points up to step 298, but 300 up to 299 are on record"},
		{sql: "UPDATE latest SET lo=lo-1 WHERE lo<0", fault: "metric loss has 300 points"},
		{sql: "UPDATE artifact SET sha256='ff' WHERE kind='model' AND step=49", fault: "model model was changed: model-49.onnx"},
		{sql: "UPDATE artifact SET step=48 WHERE kind='model' AND step=49", fault: "the hash of the run"},
		{file: "checkpoints/120", fault: "checkpoint checkpoint is gone: checkpoints/120"},
	} {
		if c.sql != "" {
			if err := db.w.do(func(w *conn) error {
				return w.script("CREATE TEMP TABLE m AS SELECT * FROM metric; CREATE TEMP TABLE l AS SELECT * FROM latest; CREATE TEMP TABLE a AS SELECT * FROM artifact;" + c.sql)
			}); err != nil {
				t.Fatal(err)
			}
		} else {
			os.Rename(filepath.Join(r.Dir(), c.file), filepath.Join(r.Dir(), "aside"))
		}
		a, err := db.Audit(ctx, "@1")
		if err != nil || len(a.Faults) == 0 || !strings.Contains(strings.Join(a.Faults, "\n"), c.fault) {
			t.Errorf("%s%s: got %+v, %v", c.sql, c.file, a, err)
		}
		if c.sql != "" {
			if err := db.w.do(func(w *conn) error {
				return w.script(`DELETE FROM metric; DELETE FROM latest; DELETE FROM artifact; INSERT INTO metric SELECT * FROM m; INSERT INTO latest SELECT * FROM l;
					INSERT INTO artifact SELECT * FROM a; DROP TABLE m; DROP TABLE l; DROP TABLE temp.a`)
			}); err != nil {
				t.Fatal(err)
			}
		} else {
			os.Rename(filepath.Join(r.Dir(), "aside"), filepath.Join(r.Dir(), c.file))
		}
	}
	if a, err := db.Audit(ctx, "@1"); err != nil || len(a.Faults) != 0 {
		t.Errorf("got %+v, %v", a, err)
	}
	if faults, err := db.Check(ctx); err != nil || len(faults) != 0 {
		t.Errorf("got %v, %v", faults, err)
	}
	// A page of points is overwritten with noise.
	path := db.path
	db.Close()
	b, _ := os.ReadFile(path)
	hit := false
	for page := 4096; page < len(b); page += 4096 {
		if b[page] == 10 && !hit { // a leaf of an index or a table without rowid
			hit = page > len(b)/3
			if hit {
				for i := page; i < page+4096; i++ {
					b[i] = 0xAA
				}
			}
		}
	}
	os.WriteFile(path, b, 0o644)
	db = openTest(t, filepath.Dir(path), Options{ReadOnly: true})
	if faults, err := db.Check(ctx); err != nil || len(faults) == 0 {
		t.Errorf("a damaged page: %v, %v", faults, err)
	}
	_, err = db.Audit(ctx, "@1")
	_, err2 := db.Runs(ctx, Query{})
	for _, err := range []error{err, err2} {
		if err != nil {
			wantError(t, err, core.Storage, "the database is damaged", "recover")
		}
	}
}
