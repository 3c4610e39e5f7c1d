package tracker

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// training says what a family says: every event depends on the step alone, as
// that of a family that resumes to the same bits does. It ends before step
// `until`.
func training(t *testing.T, r *Run, from, until int64) {
	t.Helper()
	save := func(path string, step int64) (sha string, size int64) {
		text := []byte(fmt.Sprintf("%s at %d", path, step))
		if err := os.MkdirAll(filepath.Dir(filepath.Join(r.Dir(), path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := writeWhole(filepath.Join(r.Dir(), path), text); err != nil {
			t.Fatal(err)
		}
		sha, err := hashFile(ctx, filepath.Join(r.Dir(), path))
		if err != nil {
			t.Fatal(err)
		}
		return sha, int64(len(text))
	}
	for step := from; step < until; step++ {
		v := math.Sin(float64(step)) * float64(step%13)
		if step%29 == 3 {
			v = math.NaN()
		}
		at := time.Duration(step-from) * time.Second // of the process, not the run
		ps := []core.Point{{Metric: "loss", Step: step, Time: at, Value: v}}
		if step%100 == 99 {
			ps = append(ps, core.Point{Metric: "epoch/fid", Step: step / 100, Time: at, Value: v + 1}) // counts epochs
		}
		if step > 250 {
			ps = append(ps, core.Point{Metric: "late", Step: step, Time: at, Value: -v})
		}
		put(t, r, core.Metrics{Points: ps}, core.Progress{Done: step + 1})
		if step%50 == 49 {
			sha, n := save("samples.png", step)
			put(t, r, core.Artifact{Name: "samples", Kind: "image", Path: "samples.png", SHA256: sha, Bytes: n, Step: step})
			sha, n = save(fmt.Sprintf("model-%d.onnx", step), step)
			put(t, r, core.Artifact{Name: "model", Kind: "model", Path: fmt.Sprintf("model-%d.onnx", step), SHA256: sha, Bytes: n, Step: step})
		}
		if step%120 == 119 {
			path := fmt.Sprintf("checkpoints/%d", step+1)
			sha, n := save(path, step)
			put(t, r, core.Checkpoint{Path: path, SHA256: sha, Bytes: n, Step: step + 1})
		}
	}
}

func allPoints(t *testing.T, db *DB, uid string) map[string][]core.Point {
	t.Helper()
	m := map[string][]core.Point{}
	for _, name := range []string{"loss", "epoch/fid", "late"} {
		for _, p := range points(t, db, uid, name) {
			if p.Value != p.Value {
				p.Value = -12345 // so that they compare
			}
			m[name] = append(m[name], p)
		}
	}
	return m
}

// A run that was interrupted, however it ended and wherever, and went on from its
// checkpoint must be the run it would have been, point by point and bit by bit;
// and what it had logged beyond the checkpoint must still be there.
func TestResume(t *testing.T) {
	const total = 400
	db := openTest(t, t.TempDir(), Options{Now: newClock().Now})
	whole := startTest(t, db, NewRun{Metrics: []core.MetricSpec{{Name: "loss", Goal: core.Lower}}})
	training(t, whole, 0, total)
	closeTest(t, whole, core.Finished)
	want, err := db.Show(ctx, whole.UID())
	if err != nil {
		t.Fatal(err)
	}
	for _, stops := range [][]int64{{120}, {121}, {239}, {300}, {399}, {360, 390}, {130, 250, 260}} {
		t.Run(fmt.Sprint(stops), func(t *testing.T) {
			r := startTest(t, db, NewRun{Metrics: []core.MetricSpec{{Name: "loss", Goal: core.Lower}}, Environment: []core.Fact{{Key: "exe.sha256", Value: "1"}}})
			from, beyond := int64(0), int64(0)
			for i, stop := range stops {
				training(t, r, from, stop)
				closeTest(t, r, core.Cancelled)
				p, err := db.ResumePoint(ctx, r.UID())
				if err != nil || p.Step != stop/120*120 || p.Path != filepath.Join(r.Dir(), "checkpoints", fmt.Sprint(p.Step)) {
					t.Fatalf("got %+v, %v", p, err)
				}
				beyond += stop - p.Step
				if r, p, err = db.Resume(ctx, r.UID(), []core.Fact{{Key: "exe.sha256", Value: fmt.Sprint(i + 2)}}); err != nil {
					t.Fatal(err)
				}
				if s := mustRuns(t, db, Query{Limit: 1})[0]; s.Status != core.Running || s.Attempts != i+2 || !s.Ended.IsZero() || s.Hash != nil {
					t.Errorf("got %+v", s)
				}
				if m, _ := mustRuns(t, db, Query{Limit: 1})[0].Metric("loss"); m.Points != p.Step || m.LastStep != p.Step-1 {
					t.Errorf("%d points up to step %d; the checkpoint is at %d", m.Points, m.LastStep, p.Step)
				}
				from = p.Step
			}
			training(t, r, from, total)
			closeTest(t, r, core.Finished)
			d, err := db.Show(ctx, r.UID())
			if err != nil {
				t.Fatal(err)
			}
			if string(d.Hash) != string(want.Hash) || d.Status != core.Finished || !reflect.DeepEqual(d.Metrics, want.Metrics) ||
				!reflect.DeepEqual(d.Artifacts, want.Artifacts) {
				t.Errorf("got %+v; want %+v", d, want)
			}
			got, was := allPoints(t, db, r.UID()), allPoints(t, db, whole.UID())
			for _, m := range []map[string][]core.Point{got, was} { // times go on from the last point, one second early a resumption
				for i := range m["loss"] {
					m["loss"][i].Time = m["loss"][i].Time.Round(10 * time.Hour)
				}
				for _, n := range []string{"late", "epoch/fid"} {
					for i := range m[n] {
						m[n][i].Time = 0
					}
				}
			}
			if !reflect.DeepEqual(got, was) {
				t.Error("the points differ")
			}
			a, _ := db.Curve(ctx, r.UID(), "loss", 7)
			b, _ := db.Curve(ctx, whole.UID(), "loss", 7)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("curve %v; want %v", a, b)
			}
			var kept int64
			err = db.Superseded(ctx, r.UID(), func(attempt int, p core.Point) error {
				if p.Metric == "loss" {
					kept++
				}
				return nil
			})
			if err != nil || kept != beyond || len(d.History) != len(stops) {
				t.Errorf("%d of %d points kept, %+v, %v", kept, beyond, d.History, err)
			}
			if h := d.History[0]; h.Status != core.Cancelled || h.Facts["exe.sha256"] != "1" || h.Checkpoint != stops[0]/120*120 || factsOf(d)["exe.sha256"] != fmt.Sprint(len(stops)+1) {
				t.Errorf("got %+v", h)
			}
		})
	}
}

func TestResumeRefused(t *testing.T) {
	home := t.TempDir()
	db := openTest(t, home, Options{})
	r := startTest(t, db, NewRun{})
	_, err := db.ResumePoint(ctx, "@1")
	wantError(t, err, core.Usage, "still running", "")
	training(t, r, 0, 250)
	closeTest(t, r, core.Failed)
	newest, older := filepath.Join(r.Dir(), "checkpoints", "240"), filepath.Join(r.Dir(), "checkpoints", "120")
	os.WriteFile(newest, []byte("checkpoints/240 at 23X"), 0o644)
	p, err := db.ResumePoint(ctx, "@1")
	if err != nil || p.Step != 120 || len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0], "at step 240 was changed") {
		t.Fatalf("got %+v, %v", p, err)
	}
	os.Remove(older)
	_, err = db.ResumePoint(ctx, "@1")
	wantError(t, err, core.Storage, "cannot go on: the checkpoint at step 240 was changed", "")
	os.RemoveAll(r.Dir())
	_, _, err = db.Resume(ctx, "@1", nil)
	wantError(t, err, core.Storage, "is gone", "")
	b := startTest(t, db, NewRun{})
	closeTest(t, b, core.Failed)
	_, err = db.ResumePoint(ctx, "@1")
	wantError(t, err, core.Usage, "no checkpoint", "lab show")
	c := startTest(t, db, NewRun{})
	closeTest(t, c, core.Finished)
	_, err = db.ResumePoint(ctx, "@1")
	wantError(t, err, core.Usage, "is finished", "from=")
	_, _, err = openTest(t, home, Options{ReadOnly: true}).Resume(ctx, "@1", nil)
	wantError(t, err, core.Storage, "reading only", "")
}

// Of two that resume a run at once, one does.
func TestResumedTwice(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{})
	training(t, r, 0, 130)
	closeTest(t, r, core.Failed)
	errs := make(chan error)
	for range 2 {
		go func() { _, _, err := db.Resume(ctx, r.UID(), nil); errs <- err }()
	}
	a, b := <-errs, <-errs
	if (a == nil) == (b == nil) || core.KindOf(errors.Join(a, b)) != core.Usage {
		t.Errorf("got %v and %v", a, b)
	}
}

// Checkpoints of schema 1 have no marks: the step has to do.
func TestResumeWithoutMarks(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	hash := func(stop int64) []byte {
		r := startTest(t, db, NewRun{})
		for from := int64(0); ; {
			for step := from; step < stop; step++ {
				put(t, r, core.Metrics{Points: []core.Point{pt("m", step, float64(step)*1.25)}})
				if step == 4 {
					os.WriteFile(filepath.Join(r.Dir(), "c"), []byte("c"), 0o644)
					sum, _ := hashFile(ctx, filepath.Join(r.Dir(), "c"))
					put(t, r, core.Checkpoint{Path: "c", SHA256: sum, Bytes: 1, Step: step})
				}
			}
			if stop == 10 {
				break
			}
			closeTest(t, r, core.Crashed)
			db.w.do(func(c *conn) error { return c.script("DELETE FROM mark") })
			var err error
			if r, _, err = db.Resume(ctx, r.UID(), nil); err != nil {
				t.Fatal(err)
			}
			from, stop = 5, 10
		}
		closeTest(t, r, core.Finished)
		return mustRuns(t, db, Query{Limit: 1})[0].Hash
	}
	if string(hash(10)) != string(hash(8)) {
		t.Error("the hashes differ")
	}
}
