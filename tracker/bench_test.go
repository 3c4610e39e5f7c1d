package tracker

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lab/core"
)

// One point a commit from many runs at once: what group commit is for. The bar
// is 50,000 acknowledged commits a second.
func BenchmarkAcknowledgedPoints(b *testing.B) {
	for _, producers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprint(producers), func(b *testing.B) {
			db := openTest(b, b.TempDir(), Options{})
			runs := make([]*Run, producers)
			for i := range runs {
				runs[i] = startTest(b, db, NewRun{})
			}
			var (
				wg    sync.WaitGroup
				mu    sync.Mutex
				worst time.Duration
			)
			b.ResetTimer()
			for i, r := range runs {
				wg.Go(func() {
					var slow time.Duration
					ps := make([]core.Point, 1)
					for step := i; step < b.N; step += producers {
						begin := time.Now()
						ps[0] = pt("loss", int64(step), float64(step))
						if err := r.Put(core.Metrics{Points: ps}); err != nil {
							b.Error(err)
							return
						}
						slow = max(slow, time.Since(begin))
					}
					mu.Lock()
					worst = max(worst, slow)
					mu.Unlock()
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(worst.Microseconds())/1e3, "worst-ms")
		})
	}
}

// Batches as the wire groups them. The bars are 250,000 points a second and 30
// bytes a point.
func BenchmarkBatchedPoints(b *testing.B) {
	home := b.TempDir()
	db := openTest(b, home, Options{})
	r := startTest(b, db, NewRun{})
	names := []string{"train/loss", "train/accuracy", "val/loss", "val/accuracy"}
	ps := make([]core.Point, 1000)
	b.ResetTimer()
	for i := 0; i < b.N; i += len(ps) {
		for k := range ps {
			n := i + k
			ps[k] = core.Point{Metric: names[n%4], Step: int64(n / 4), Time: time.Duration(n) * 3 * time.Millisecond, Value: 1 / float64(n+1)}
		}
		if err := r.Put(core.Metrics{Points: ps}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	written := (b.N + len(ps) - 1) / len(ps) * len(ps)
	b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "points/s")
	r.Close(Exit{Status: core.Finished})
	db.Close()
	if fi, err := os.Stat(filepath.Join(home, fileName)); err == nil && b.N > 100_000 {
		b.ReportMetric(float64(fi.Size())/float64(written), "bytes/point")
	}
}

// A report over ten thousand runs.
func BenchmarkReport(b *testing.B) {
	db := openTest(b, b.TempDir(), Options{})
	err := db.w.do(func(c *conn) error {
		for i := range 10_000 {
			s := started{NewRun: NewRun{Family: "gan", Recipe: "dcgan", Seed: uint64(i)}, UID: newUID(), At: int64(i)}
			for k := range 20 {
				s.Params = append(s.Params, core.Param{Key: fmt.Sprintf("p%02d", k), Type: core.Float, Value: fmt.Sprint(i * k % 97)})
				s.Metrics = append(s.Metrics, core.MetricSpec{Name: fmt.Sprintf("m%02d", k), Goal: core.Lower})
			}
			id, err := db.insertRun(c, &s)
			if err != nil {
				return err
			}
			if err := c.exec(`UPDATE latest SET n=1,step=1,last=?2,lo=?2,hi=?2,lo_step=1,hi_step=1 WHERE run_id=?1`, id, float64(i*7919%10_000)); err != nil {
				return err
			}
		}
		return c.script(`UPDATE run SET status='finished'`)
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]Query{
		"newest 20":     {Limit: 20},
		"best 100":      {Sort: "m07", Limit: 100},
		"filtered":      {Filter: "plugin=gan and m03<500 and p01>=50 and status=finished", Sort: "m03", Limit: 20},
		"all of 10,000": {Headlines: 3},
		"every metric":  {},
		"columns":       {Columns: []string{"p07", "best(m05)", "m06", "duration"}, Headlines: 1, Limit: 1000},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if _, err := db.Runs(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCurve(b *testing.B) {
	db := openTest(b, b.TempDir(), Options{})
	r := startTest(b, db, NewRun{})
	ps := make([]core.Point, 10_000)
	for i := 0; i < 1_000_000; i += len(ps) {
		for k := range ps {
			ps[k] = pt("loss", int64(i+k), float64(k))
		}
		put(b, r, core.Metrics{Points: ps})
	}
	b.ResetTimer()
	for range b.N {
		if c, err := db.Curve(ctx, r.UID(), "loss", 200); err != nil || len(c) != 200 {
			b.Fatal(len(c), err)
		}
	}
}
