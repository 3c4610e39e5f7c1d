package tracker

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"lab/core"
)

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
