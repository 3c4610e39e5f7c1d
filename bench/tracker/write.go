package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lab/core"
	"lab/tracker"
)

// open makes a fresh database.
func (b *bench) open(name string) (db *tracker.DB, home string, err error) {
	home, err = os.MkdirTemp(b.dir, name+"-*")
	if err == nil {
		db, err = tracker.Open(home, tracker.Options{})
	}
	return db, home, err
}

// commits: many runs at once, each logging one point at a time and waiting until it
// is safe.
func (b *bench) commits() error {
	for _, c := range []struct {
		runs, each int
		promised   bool
	}{{1, 2000, false}, {64, 1500, true}, {256, 600, true}} {
		r := row{what: fmt.Sprintf("single points from %d runs, each acknowledged after its fsync", c.runs), unit: "commits/s"}
		slowest := row{what: fmt.Sprintf("  the slowest of those %d", c.runs*c.each), unit: "ms", lower: true}
		if c.promised {
			r.bar, r.kept = "≥ 50k", atLeast(50_000)
		}
		for range b.rounds {
			rate, worst, err := b.commit(c.runs, c.each)
			if err != nil {
				return err
			}
			r.values, slowest.values = append(r.values, rate), append(slowest.values, worst)
		}
		b.add(r)
		b.add(slowest)
		if c.runs == 1 {
			b.own["single points"] = median(r.values)
		}
	}
	return nil
}

func (b *bench) commit(runs, each int) (rate, worst float64, err error) {
	db, home, err := b.open("commits")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(home)
	defer db.Close()
	all := make([]*tracker.Run, runs)
	for i := range all {
		if all[i], err = db.Start(tracker.NewRun{Family: "bench", Recipe: "commits"}); err != nil {
			return 0, 0, err
		}
	}
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	begin := time.Now()
	for _, r := range all {
		wg.Go(func() {
			var slow time.Duration
			ps := make([]core.Point, 1)
			for step := range each {
				t := time.Now()
				ps[0] = core.Point{Metric: "loss", Step: int64(step), Time: t.Sub(begin), Value: 1 / float64(step+1)}
				perr := r.Put(core.Metrics{Points: ps})
				if perr == nil {
					perr = r.Trouble()
				}
				if perr != nil {
					mu.Lock()
					err = perr
					mu.Unlock()
					return
				}
				slow = max(slow, time.Since(t))
			}
			mu.Lock()
			worst = max(worst, float64(slow.Microseconds())/1e3)
			mu.Unlock()
		})
	}
	wg.Wait()
	return float64(runs*each) / time.Since(begin).Seconds(), worst, err
}

// points: batches of a thousand, as the wire brings them from a fast recipe, and
// what they take on disk.
func (b *bench) points() error {
	const n = 1_000_000
	rate := row{what: "points in batches of 1000, each acknowledged after its fsync", bar: "≥ 250k", unit: "points/s", kept: atLeast(250_000)}
	size := row{what: "a point on disk, rollups and all", bar: "≤ 30", unit: "bytes", kept: atMost(30), lower: true}
	for range b.rounds {
		db, home, err := b.open("points")
		if err != nil {
			return err
		}
		r, err := db.Start(tracker.NewRun{Family: "bench", Recipe: "points"})
		if err != nil {
			return err
		}
		names := []string{"train/loss", "train/accuracy", "val/loss", "val/accuracy"}
		ps := make([]core.Point, 1000)
		ms, err := timed(func() error {
			for i := 0; i < n; i += len(ps) {
				for k := range ps {
					j := i + k
					ps[k] = core.Point{Metric: names[j%4], Step: int64(j / 4), Time: time.Duration(j) * 3 * time.Millisecond, Value: 1 / float64(j+1)}
				}
				if err := r.Put(core.Metrics{Points: ps}); err != nil {
					return err
				}
			}
			return r.Trouble()
		})
		if err != nil {
			return err
		}
		if err := r.Close(tracker.Exit{Status: core.Finished}); err != nil {
			return err
		}
		if err := db.Close(); err != nil {
			return err
		}
		fi, err := os.Stat(filepath.Join(home, "lab.db"))
		if err != nil {
			return err
		}
		rate.values = append(rate.values, n/ms*1e3)
		size.values = append(size.values, float64(fi.Size())/n)
		os.RemoveAll(home)
	}
	b.own["batches"], b.own["bytes"] = median(rate.values), median(size.values)
	b.add(rate)
	b.add(size)
	return nil
}
