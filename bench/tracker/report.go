package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"lab/core"
	"lab/tracker"
)

const (
	manyRuns  = 10_000
	eachHas   = 20 // parameters, and metrics
	longCurve = 1_000_000
)

// manyRunsInto fills a database with runs of so many parameters and metrics.
func manyRunsInto(b *bench, db *tracker.DB, n int) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		next  = make(chan int)
	)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				if _, err := db.Add(b.ctx, oneOfMany(i)); err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return first
}

// oneOfMany is run i: five seeds of each of many settings.
func oneOfMany(i int) *tracker.Foreign {
	f := &tracker.Foreign{UID: tracker.ForeignUID("bench", fmt.Sprint(i)), Status: core.Finished, Started: time.UnixMilli(1_700_000_000_000 + int64(i)*60_000),
		Elapsed: time.Minute, NewRun: tracker.NewRun{Family: []string{"gan", "cnn"}[i/5%2], Recipe: "recipe", Seed: uint64(i % 5)}}
	for k := range eachHas {
		value := i / 5 * (k + 1) % 97
		if k == 0 {
			value = i / 5
		}
		f.Params = append(f.Params, core.Param{Key: fmt.Sprintf("p%02d", k), Type: core.Float, Value: fmt.Sprint(value), Default: k > 2})
		f.Metrics = append(f.Metrics, core.MetricSpec{Name: fmt.Sprintf("m%02d", k), Goal: core.Lower})
	}
	f.Points = func(put func(core.Point) error) error {
		for k := range eachHas {
			if err := put(core.Point{Metric: fmt.Sprintf("m%02d", k), Step: 1, Value: float64((i*7919+k*31)%manyRuns) + 0.1}); err != nil {
				return err
			}
		}
		return nil
	}
	return f
}

// report: queries of a database of ten thousand runs and one long curve.
func (b *bench) report() error {
	db, home, err := b.open("report")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	defer db.Close()
	if err := manyRunsInto(b, db, manyRuns); err != nil {
		return err
	}
	r, err := db.Start(tracker.NewRun{Family: "bench", Recipe: "long"})
	if err != nil {
		return err
	}
	ps := make([]core.Point, 10_000)
	for i := 0; i < longCurve; i += len(ps) {
		for k := range ps {
			ps[k] = core.Point{Metric: "loss", Step: int64(i + k), Value: 1 / float64(i+k+1)}
		}
		if err := r.Put(core.Metrics{Points: ps}); err != nil {
			return err
		}
	}
	if err := r.Close(tracker.Exit{Status: core.Finished}); err != nil {
		return err
	}
	ro, err := tracker.Open(home, tracker.Options{ReadOnly: true}) // as lab report does
	if err != nil {
		return err
	}
	defer ro.Close()
	runs := func(q tracker.Query, atLeast int) func() error {
		return func() error {
			found, err := ro.Runs(b.ctx, q)
			if err == nil && len(found) < atLeast {
				err = fmt.Errorf("%d runs found", len(found))
			}
			return err
		}
	}
	rows := func(q tracker.Query, f tracker.Folding, atLeast int) func() error {
		return func() error {
			r, err := ro.Report(b.ctx, q, f)
			if err == nil && (r.Rows < atLeast || r.Rows > manyRuns/4 || len(r.Groups) == 0) {
				err = fmt.Errorf("%d rows of %d runs", r.Rows, r.Runs)
			}
			return err
		}
	}
	for _, c := range []struct {
		what, bar string
		limit     float64 // ms; 0 for none
		query     func() error
	}{
		{"report of 10,000 runs, seeds folded, the newest 100 rows", "≤ 200", 200, rows(tracker.Query{Headlines: 16}, tracker.Folding{Limit: 100}, 1000)},
		{"  the same, sorted by a metric that is no headline", "≤ 200", 200, rows(tracker.Query{Sort: "m19", Headlines: 16}, tracker.Folding{Limit: 100}, 1000)},
		{"  grouped by a parameter, sorted likewise", "≤ 200", 200, rows(tracker.Query{Sort: "m19", Headlines: 3}, tracker.Folding{By: []string{"p01"}, Limit: 100, Brief: true}, 50)},
		{"  all rows, every run read in full", "", 0, rows(tracker.Query{Headlines: 3}, tracker.Folding{}, 1000)},
		{"report of 10,000 runs, a row each, the newest 100", "≤ 200", 200, runs(tracker.Query{Limit: 100}, 100)},
		{"filter and sort, the best 100", "≤ 200", 200, runs(tracker.Query{Filter: "plugin=gan and m03<5000 and p01>=50 and status=finished", Sort: "m03", Limit: 100}, 100)},
		{"filter and sort, every run that fits", "≤ 200", 200, runs(tracker.Query{Filter: "plugin=gan and m03<1000", Sort: "m03", Headlines: 3}, 400)},
		{"@best", "", 0, func() error { _, err := ro.Resolve(b.ctx, "@best:m07"); return err }},
		{"curve of 1e6 points as 200 buckets", "≤ 20", 20, func() error {
			c, err := ro.Curve(b.ctx, r.UID(), "loss", 200)
			if err == nil && len(c) != 200 {
				err = fmt.Errorf("%d buckets", len(c))
			}
			return err
		}},
		{"two curves of 1e6 points compared, point by point", "", 0, func() error {
			c, err := ro.Compare(b.ctx, r.UID(), r.UID(), nil)
			if err == nil && (!c.Same() || c.Metrics[0].PointsA != longCurve) {
				err = fmt.Errorf("a run differs from itself")
			}
			return err
		}},
	} {
		line := row{what: c.what, bar: c.bar, unit: "ms", lower: true}
		if c.limit > 0 {
			line.kept = atMost(c.limit)
		}
		for range 2 * b.rounds {
			ms, err := timed(c.query)
			if err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
			line.values = append(line.values, ms)
		}
		b.add(line)
	}
	return nil
}
