package tracker

import (
	"context"
	"errors"
	"fmt"
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

// Points that come one by one wait in recent, and move when there are many, at a
// run's end, and when a step is overwritten; readers see no difference, nor does
// a transaction that fails in between.
func TestRecent(t *testing.T) {
	home := t.TempDir()
	db := openTest(t, home, Options{})
	count := func(table string) (n int64) {
		if err := db.pool.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	a, b := startTest(t, db, NewRun{}), startTest(t, db, NewRun{})
	for i := range int64(50) {
		put(t, a, core.Metrics{Points: []core.Point{pt("m", i, float64(i))}})
		put(t, b, core.Metrics{Points: []core.Point{pt("m", i, float64(-i))}})
	}
	if count("recent") != 100 || count("metric") != 0 {
		t.Fatalf("%d recent, %d settled", count("recent"), count("metric"))
	}
	// A transaction that settles and then fails; the rows are still in recent, and
	// the writer knows.
	if err := db.w.do(func(c *conn) error { return errors.Join(db.w.settleRecent(), errors.New("no")) }); err == nil {
		t.Fatal("no error")
	}
	put(t, a, core.Metrics{Points: []core.Point{pt("m", 10, 99)}})
	if count("recent") != 0 || count("metric") != 100 {
		t.Fatalf("%d recent, %d settled", count("recent"), count("metric"))
	}
	if ps := points(t, db, a.UID(), "m"); len(ps) != 50 || ps[10].Value != 99 || ps[49].Value != 49 {
		t.Errorf("got %v", ps)
	}
	step := int64(50)
	for step < recentRows+2*recentLook {
		var ps []core.Point
		for range recentRequest - 1 {
			ps = append(ps, pt("m", step, float64(-step)))
			step++
		}
		put(t, b, core.Metrics{Points: ps})
	}
	if n := count("recent"); n >= recentRows || count("metric") < recentRows {
		t.Errorf("%d rows are recent", n)
	}
	if c, err := db.Curve(ctx, b.UID(), "m", 10); err != nil || c[9].StepHi != step-1 {
		t.Errorf("got %v, %v", c, err)
	}
	closeTest(t, a, core.Finished)
	if n := count("recent"); n != 0 {
		t.Errorf("%d rows are recent after a run's end", n)
	}
}

// What the writer keeps of a metric must agree with a naive look at its points,
// whatever the order they came in and however they were grouped.
func TestSeriesAgreesWithItsPoints(t *testing.T) {
	for _, kind := range []struct {
		order string
		batch int64
	}{{"ascending", 97}, {"sparse", 97}, {"descending", 97}, {"repeated", 97}, {"one step", 97}, {"overwritten extremes", 97},
		{"ascending", 3}, {"repeated", 3}, {"overwritten extremes", 3}, {"ascending", recentRequest}} {
		order := kind.order
		t.Run(fmt.Sprintf("%s by %d", order, kind.batch), func(t *testing.T) {
			home := t.TempDir()
			db := openTest(t, home, Options{})
			r := startTest(t, db, NewRun{})
			want, last := map[int64]float64{}, int64(math.MinInt64)
			var batch []core.Point
			const n = 2500
			for i := range int64(n) {
				step, v := i, math.Sin(float64(i)/50)*float64(i%7)
				switch order {
				case "sparse":
					step = i * 1000
				case "descending":
					step = n - i
				case "repeated":
					step = i / 3
				case "one step":
					step = 5
				case "overwritten extremes":
					step = i % 100
					if i < 100 {
						v = float64(i * i)
					}
				}
				if i%11 == 3 {
					v = math.NaN()
				}
				want[step], last = v, max(last, step)
				if batch = append(batch, pt("m", step, v)); i%kind.batch == 0 || i == n-1 {
					put(t, r, core.Metrics{Points: batch})
					batch = batch[:0]
				}
				if i == n/2 { // as a resumed run, or one whose transaction failed, would
					r.db.w.do(func(*conn) error { r.state.series = nil; return nil })
				}
			}
			s := mustRuns(t, db, Query{})[0].Metrics[0]
			lo, hi, sum, count := math.Inf(1), math.Inf(-1), 0.0, 0
			for _, v := range want {
				if v == v {
					lo, hi, sum, count = min(lo, v), max(hi, v), sum+v, count+1
				}
			}
			if s.Points != int64(len(want)) || s.LastStep != last || storedBits(s.Last) != storedBits(want[last]) || s.Min != lo || s.Max != hi ||
				want[s.MinStep] != lo || want[s.MaxStep] != hi {
				t.Errorf("got %+v; want lo %v hi %v last %v of %d points", s, lo, hi, want[last], len(want))
			}
			for _, buckets := range []int{1, 7, 50, 5000} {
				c, err := db.Curve(ctx, "@1", "m", buckets)
				if err != nil || len(c) > buckets && len(c) != len(want) {
					t.Fatalf("%d buckets: got %d, %v", buckets, len(c), err)
				}
				clo, chi, csum, ccount, all := math.Inf(1), math.Inf(-1), 0.0, 0, int64(0)
				prev := int64(math.MinInt64)
				for _, b := range c {
					if b.StepLo <= prev || b.StepHi < b.StepLo {
						t.Fatalf("buckets overlap: %+v", c)
					}
					prev, all = b.StepHi, all+b.Points
					if k := b.Points - b.NaN; k > 0 {
						clo, chi, csum, ccount = min(clo, b.Lo), max(chi, b.Hi), csum+b.Mean*float64(k), ccount+int(k)
					}
				}
				if clo != lo || chi != hi || ccount != count || all != int64(len(want)) || math.Abs(csum-sum) > 1e-6*(1+math.Abs(sum)) {
					t.Errorf("%d buckets: lo %v hi %v sum %v of %d; want %v %v %v of %d", buckets, clo, chi, csum, ccount, lo, hi, sum, count)
				}
			}
		})
	}
}

func TestCurveOfLongMetricComesFromRollups(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	r := startTest(t, db, NewRun{})
	var ps []core.Point
	for i := range int64(100_000) {
		ps = append(ps, pt("m", i, float64(i)))
	}
	put(t, r, core.Metrics{Points: ps})
	c, err := db.Curve(ctx, r.UID(), "m", 100)
	if err != nil || len(c) != 100 {
		t.Fatalf("%d buckets, %v", len(c), err)
	}
	var n int64
	for _, b := range c {
		n += b.Points
		if b.Lo != float64(b.StepLo) || b.Hi != float64(b.StepHi) || math.Abs(b.Mean-(b.Lo+b.Hi)/2) > 1e-6 || b.Points != b.StepHi-b.StepLo+1 {
			t.Fatalf("got %+v", b)
		}
	}
	if n != 100_000 {
		t.Errorf("%d points", n)
	}
	if c, err := db.Curve(ctx, "@1", "nothing", 10); c != nil || err != nil {
		t.Errorf("a metric without points: %v, %v", c, err)
	}
}

// The hash must not depend on batches, on the order of metrics, or on time, and
// must depend on every bit that counts.
func TestHash(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	hash := func(evs ...core.Event) string {
		r := startTest(t, db, NewRun{})
		put(t, r, evs...)
		closeTest(t, r, core.Finished)
		return fmt.Sprintf("%x", mustRuns(t, db, Query{Limit: 1})[0].Hash)
	}
	m := func(ps ...core.Point) core.Event { return core.Metrics{Points: ps} }
	model := core.Artifact{Name: "model", Kind: "model", Path: "m", SHA256: "ab"}
	base := hash(m(pt("a", 1, 1), pt("a", 2, math.NaN()), pt("b", 1, 0)), model)
	later := pt("b", 1, math.Copysign(0, -1))
	later.Time = time.Hour
	for i, same := range []string{
		hash(m(pt("a", 1, 1)), m(later, pt("a", 2, -math.NaN())), model, core.Fact{Key: "x", Value: "y"}),
		hash(model, m(pt("b", 1, 0), pt("a", 1, 1)), m(pt("a", 2, math.NaN())), core.Artifact{Name: "i", Kind: "image", Path: "i", SHA256: "cd"}),
	} {
		if same != base {
			t.Errorf("case %d: the hash differs", i)
		}
	}
	other := model
	other.SHA256 = "ac"
	for i, diff := range []string{
		hash(m(pt("a", 1, 1), pt("a", 2, math.NaN()), pt("b", 1, math.SmallestNonzeroFloat64)), model),
		hash(m(pt("a", 1, 1), pt("a", 3, math.NaN()), pt("b", 1, 0)), model),
		hash(m(pt("a", 1, 1), pt("a", 2, math.NaN()), pt("c", 1, 0)), model),
		hash(m(pt("a", 1, 1), pt("a", 2, math.NaN()), pt("b", 1, 0)), other),
		hash(m(pt("a", 1, 1), pt("a", 2, math.NaN()), pt("b", 1, 0))),
	} {
		if diff == base {
			t.Errorf("case %d: the hash is the same", i)
		}
	}
	// Computed from the definition by another program, so that it cannot drift.
	const want = "e9125fcb2f7c29871861123fe4ab3d017b26eae9bc15e9a5ebe2911be9bd164e"
	if base != want {
		t.Errorf("hash %s; want %s", base, want)
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
