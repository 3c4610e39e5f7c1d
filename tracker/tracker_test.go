package tracker

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"lab/core"
)

var ctx = context.Background()

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func openTest(t testing.TB, home string, opts Options) *DB {
	t.Helper()
	db, err := Open(home, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func startTest(t testing.TB, db *DB, n NewRun) *Run {
	t.Helper()
	if n.Family == "" {
		n.Family, n.Recipe = "gan", "dcgan"
	}
	r, err := db.Start(n)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t testing.TB, r *Run, evs ...core.Event) {
	t.Helper()
	for _, e := range evs {
		if err := r.Put(e); err != nil {
			t.Fatalf("put %#v: %v", e, err)
		}
	}
}

func pt(metric string, step int64, v float64) core.Point {
	return core.Point{Metric: metric, Step: step, Time: time.Duration(step) * time.Millisecond, Value: v}
}

func closeTest(t testing.TB, r *Run, s core.Status) {
	t.Helper()
	if err := r.Close(Exit{Status: s}); err != nil {
		t.Fatal(err)
	}
}

func points(t testing.TB, db *DB, ref, metric string) []core.Point {
	t.Helper()
	var ps []core.Point
	err := db.Points(ctx, ref, metric, func(p core.Point) error { ps = append(ps, p); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

func wantError(t testing.TB, err error, kind core.Kind, msg, try string) {
	t.Helper()
	if err == nil || core.KindOf(err) != kind || !strings.Contains(err.Error(), msg) || !strings.Contains(core.TryOf(err), try) ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("got error %v (kind %d, try %q); want kind %d, %q, try %q", err, core.KindOf(err), core.TryOf(err), kind, msg, try)
	}
}

func TestRunFromStartToEnd(t *testing.T) {
	clk := newClock()
	db := openTest(t, filepath.Join(t.TempDir(), "home"), Options{Now: clk.Now})
	n := NewRun{
		Family: "gan", FamilyVersion: "1.2.0", Recipe: "dcgan", Seed: math.MaxUint64, Name: "first", Note: "a note", Tags: []string{"b", "a"},
		Params:      []core.Param{{Key: "lr", Type: core.Float, Value: "0.0002"}, {Key: "epochs", Type: core.Int, Value: "5", Default: true}},
		Metrics:     []core.MetricSpec{{Name: "fid", Goal: core.Lower}, {Name: "loss_d", Unit: "nats"}, {Name: "never", Goal: core.Higher}},
		From:        []Source{{Run: "0123456789abcdef", Path: "model.onnx", SHA256: "ab"}, {Path: "/x.onnx", SHA256: "cd"}},
		CommandLine: []string{"lab", "run", "plugin=gan"},
		Environment: []core.Fact{{Key: "host.os", Value: "linux"}},
	}
	r := startTest(t, db, n)
	s := mustRuns(t, db, Query{})[0]
	if s.Status != core.Running || s.Number != 1 || !s.Ended.IsZero() {
		t.Errorf("while running: %+v", s)
	}
	put(t, r,
		core.Metrics{Points: []core.Point{pt("fid", 10, 90), pt("loss_d", 10, 0.7)}},
		core.Metrics{Points: []core.Point{pt("fid", 20, 40.5), pt("loss_d", 20, 0.6)}},
		core.Metrics{Points: []core.Point{pt("fid", 30, 44), pt("extra", 30, 1)}},
		core.Fact{Key: "data.name", Value: "fashion-mnist"}, core.Fact{Key: "data.name", Value: "mnist"},
		core.Artifact{Name: "samples", Kind: "image", Path: "samples-10.png", SHA256: "00", Bytes: 3, Step: 10},
		core.Artifact{Name: "model", Kind: "model", Path: "model.onnx", SHA256: "ff", Bytes: 5, Step: 30},
		core.Checkpoint{Path: "ckpt/30", SHA256: "11", Bytes: 7, Step: 30},
		core.Log{Text: "two\nlines"}, core.Log{Level: core.Warn, Text: "careful"},
		core.Progress{Done: 30, Total: 30, Epoch: 5, Epochs: 5, Samples: 300},
	)
	clk.add(90 * time.Second)
	put(t, r, core.Done{Status: core.Finished})
	code := 0
	if err := r.Close(Exit{Code: &code, PeakMemory: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	d, err := db.Show(ctx, "first")
	if err != nil {
		t.Fatal(err)
	}
	if d.UID != r.UID() || d.Status != core.Finished || d.Elapsed != 90*time.Second || d.Seed != math.MaxUint64 || d.PeakMemory != 1<<20 ||
		*d.ExitCode != 0 || d.Progress.Done != 30 || d.FamilyVersion != "1.2.0" || len(d.Hash) != 32 || d.Note != "a note" {
		t.Errorf("got %+v", d.Summary)
	}
	for what, pair := range map[string][2]any{
		"params": {d.Params, n.Params}, "tags": {d.Tags, []string{"a", "b"}}, "command": {d.CommandLine, n.CommandLine}, "from": {d.Sources, n.From},
		"facts": {d.Facts, []core.Fact{{Key: "data.name", Value: "mnist"}, {Key: "host.os", Value: "linux"}}},
		"artifacts": {d.Artifacts, []core.Artifact{
			{Name: "checkpoint", Kind: "checkpoint", Path: "ckpt/30", SHA256: "11", Bytes: 7, Step: 30},
			{Name: "model", Kind: "model", Path: "model.onnx", SHA256: "ff", Bytes: 5, Step: 30},
			{Name: "samples", Kind: "image", Path: "samples-10.png", SHA256: "00", Bytes: 3, Step: 10}}},
		"metrics": {d.Metrics, []Metric{
			{Name: "fid", Goal: core.Lower, Promised: true, Points: 3, Last: 44, LastStep: 30, Min: 40.5, MinStep: 20, Max: 90, MaxStep: 10, Best: 40.5, BestStep: 20},
			{Name: "loss_d", Unit: "nats", Promised: true, Points: 2, Last: 0.6, LastStep: 20, Min: 0.6, MinStep: 20, Max: 0.7, MaxStep: 10, Best: 0.6, BestStep: 20},
			{Name: "never", Goal: core.Higher, Promised: true},
			{Name: "extra", Points: 1, Last: 1, LastStep: 30, Min: 1, MinStep: 30, Max: 1, MaxStep: 30, Best: 1, BestStep: 30}}},
		"points": {points(t, db, "@1", "fid"), []core.Point{pt("fid", 10, 90), pt("fid", 20, 40.5), pt("fid", 30, 44)}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %+v; want %+v", what, pair[0], pair[1])
		}
	}
	log, err := os.ReadFile(d.LogPath)
	if want := "     0.000 info two\n\tlines\n     0.000 warn careful\n"; err != nil || string(log) != want {
		t.Errorf("log %q, %v; want %q", log, err, want)
	}
	wantError(t, r.Put(core.Metrics{Points: []core.Point{pt("fid", 40, 1)}}), core.PluginError, "is closed", "")
	if err := r.Close(Exit{}); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func mustRuns(t testing.TB, db *DB, q Query) []Summary {
	t.Helper()
	runs, err := db.Runs(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestWrongEvents(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{})
	for _, c := range []struct {
		ev  core.Event
		msg string
	}{
		{core.Metrics{Points: []core.Point{{Metric: ""}}}, `a metric is called ""`},
		{core.Metrics{Points: []core.Point{{Metric: "a\nb"}}}, `a metric is called "a\nb"`},
		{core.Artifact{Name: "x", Path: "../../etc/passwd"}, "not below the run's folder"},
		{core.Artifact{Name: "x", Path: "/etc/passwd"}, "not below the run's folder"},
		{core.Checkpoint{Path: ".."}, "not below the run's folder"},
		{core.Fact{Key: ""}, "a fact's key"},
		{core.Done{Status: core.Running}, `cannot end as "running"`},
	} {
		wantError(t, r.Put(c.ev), core.PluginError, c.msg, "")
	}
	closeTest(t, r, core.Failed)
	for _, n := range []NewRun{{Family: "gan"}, {Family: "gan", Recipe: "r", Name: "@1"}, {Family: "gan", Recipe: "r", Tags: []string{"a b"}}} {
		_, err := db.Start(n)
		wantError(t, err, core.Usage, "", "")
	}
	if dirs, _ := os.ReadDir(filepath.Join(db.Home(), runsDir)); len(dirs) != 1 {
		t.Errorf("a refused start left a folder: %v", dirs)
	}
}

func TestSpecialValues(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{Metrics: []core.MetricSpec{{Name: "m", Goal: core.Lower}}})
	values := []float64{math.NaN(), math.Inf(1), -1.5, math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64, math.MaxFloat64, 3, math.NaN()}
	for i, v := range values {
		put(t, r, core.Metrics{Points: []core.Point{pt("m", int64(i)-2, v), pt("nan", int64(i), math.NaN())}})
	}
	closeTest(t, r, core.Finished)
	got := points(t, db, "@1", "m")
	for i, v := range values {
		if storedBits(got[i].Value) != storedBits(v) || got[i].Step != int64(i)-2 {
			t.Errorf("point %d: %v became %v", i, v, got[i])
		}
	}
	s := mustRuns(t, db, Query{Filter: "m=-inf and nan=nan"})[0]
	m, _ := s.Metric("m")
	if !math.IsNaN(m.Last) || m.Best != math.Inf(-1) || m.Max != math.Inf(1) || m.MaxStep != -1 || m.Points != int64(len(values)) {
		t.Errorf("got %+v", m)
	}
	if m, _ = s.Metric("nan"); !math.IsNaN(m.Last) || !math.IsNaN(m.Min) || !math.IsNaN(m.Best) {
		t.Errorf("got %+v", m)
	}
	c, err := db.Curve(ctx, "@1", "nan", 3)
	if err != nil || len(c) != 3 || c[0].NaN != c[0].Points || !math.IsNaN(c[0].Mean) {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestClockGoingBackwards(t *testing.T) {
	clk := newClock()
	db := openTest(t, t.TempDir(), Options{Now: clk.Now})
	a := startTest(t, db, NewRun{Name: "a"})
	clk.add(-time.Hour)
	closeTest(t, a, core.Finished)
	b := startTest(t, db, NewRun{Name: "b"})
	put(t, b, core.Metrics{Points: []core.Point{pt("m", 1, 1)}})
	clk.add(-time.Hour)
	closeTest(t, b, core.Finished)
	runs := mustRuns(t, db, Query{})
	if runs[0].UID != b.UID() || runs[1].UID != a.UID() || runs[0].Number != 1 {
		t.Errorf("@1 is not the run started last: %+v", runs)
	}
	for _, r := range runs {
		if r.Elapsed != 0 {
			t.Errorf("%s took %v", r.Name, r.Elapsed)
		}
	}
}

func TestDatabaseClosedBeforeTheRun(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{})
	db.Close()
	wantError(t, r.Put(core.Metrics{Points: []core.Point{pt("m", 1, 1)}}), core.Storage, "the tracker is closed", "")
	wantError(t, r.Close(Exit{Status: core.Finished}), core.Storage, "the tracker is closed", "")
	if r.Trouble() != nil || fileExists(filepath.Join(r.Dir(), spoolName)) {
		t.Error("a closed tracker counts as a full disk")
	}
}
