package tracker

import (
	"context"
	"database/sql"
	"math"
	"time"

	"lab/core"
)

// Bucket sums up the points of a curve whose steps lie from StepLo to StepHi.
type Bucket struct {
	StepLo, StepHi int64
	Points         int64   // all of them
	NaN            int64   // those without a value
	Lo, Hi, Mean   float64 // of the others; NaN when there are none
}

// Curve returns the metric of a run thinned to at most n buckets (default 200
// for n < 1) of equal width in steps; stretches without points have none. When a
// curve has at most n points every bucket is one point. Long curves come from
// rollups, so their buckets may begin and end a few points off.
func (db *DB) Curve(ctx context.Context, ref, metric string, n int) ([]Bucket, error) {
	if n < 1 {
		n = 200
	}
	var curve []Bucket
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		run, id, err := locate(ctx, tx, fates, ref, metric)
		if err != nil {
			return err
		}
		curve, err = readCurve(ctx, tx, run, id, n)
		return err
	})
	return curve, storageError("read", db.path, err)
}

// Points calls f for every point of a metric in step order until f fails.
func (db *DB) Points(ctx context.Context, ref, metric string, f func(core.Point) error) error {
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		run, id, err := locate(ctx, tx, fates, ref, metric)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT step,t,value FROM point WHERE run_id=? AND metric_id=? ORDER BY step`, run, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				step, t int64
				v       sql.NullFloat64
			)
			if err := rows.Scan(&step, &t, &v); err != nil {
				return err
			}
			if err := f(core.Point{Metric: metric, Step: step, Time: time.Duration(t) * time.Millisecond, Value: orNaN(v)}); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return storageError("read", db.path, err)
}

// locate finds the run and the metric's number; 0 for a metric that no run has.
func locate(ctx context.Context, q querier, fates []fate, ref, metric string) (run, id int64, err error) {
	if run, err = resolve(ctx, q, ref, fates); err != nil {
		return 0, 0, err
	}
	err = q.QueryRowContext(ctx, `SELECT coalesce((SELECT id FROM metric_name WHERE name=?),0)`, metric).Scan(&id)
	return run, id, err
}

func readCurve(ctx context.Context, q querier, run, metric int64, n int) ([]Bucket, error) {
	var (
		points  int64
		ordered bool
		lo, hi  sql.NullInt64
	)
	err := q.QueryRowContext(ctx, `SELECT n,ordered,coalesce(
			(SELECT min(step) FROM metric m WHERE m.run_id=l.run_id AND m.metric_id=l.metric_id),
			(SELECT min(step) FROM recent m WHERE m.run_id=l.run_id AND m.metric_id=l.metric_id)),step
		FROM latest l WHERE run_id=? AND metric_id=?`, run, metric).Scan(&points, &ordered, &lo, &hi)
	if err == sql.ErrNoRows || err == nil && points == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := &thinner{lo: lo.Int64, hi: hi.Int64, n: n, each: points <= int64(n)}
	// The coarsest level that still has four rows a bucket, then what follows
	// its last full row from each finer level, then single points.
	level, width := 0, int64(1)
	if ordered {
		for level < maxLevel && points/(width*fan) >= 4*int64(n) {
			level, width = level+1, width*fan
		}
	}
	after := int64(math.MinInt64) // steps up to here are done
	for ; level > 0; level-- {
		rows, err := q.QueryContext(ctx, `SELECT step_lo,step_hi,n,lo,hi,sum FROM rollup
			WHERE run_id=? AND metric_id=? AND level=? AND bucket>=? ORDER BY bucket`, run, metric, level, t.points/width)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			b := bucket{parts: 1}
			var lo, hi, sum sql.NullFloat64
			if err := rows.Scan(&b.stepLo, &b.stepHi, &b.n, &lo, &hi, &sum); err != nil {
				rows.Close()
				return nil, err
			}
			b.lo, b.hi, b.sum = orNaN(lo), orNaN(hi), orNaN(sum)
			t.add(b, width)
			after = b.stepHi
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
		width /= fan
	}
	rows, err := q.QueryContext(ctx, `SELECT step,value FROM point WHERE run_id=? AND metric_id=? AND step>? ORDER BY step`, run, metric, after)
	if after == math.MinInt64 {
		rows, err = q.QueryContext(ctx, `SELECT step,value FROM point WHERE run_id=? AND metric_id=? ORDER BY step`, run, metric)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			step int64
			v    sql.NullFloat64
		)
		if err := rows.Scan(&step, &v); err != nil {
			return nil, err
		}
		t.add(point(step, orNaN(v)), 1)
	}
	t.close()
	return t.out, rows.Err()
}

// thinner merges buckets that come in step order into n of equal width.
type thinner struct {
	lo, hi int64 // steps of the whole curve
	n      int
	each   bool // every point on its own

	open   bucket
	total  int64 // points in open, NaN too
	slot   int
	points int64 // seen so far
	out    []Bucket
}

func (t *thinner) add(b bucket, points int64) {
	mid := float64(b.stepLo)/2 + float64(b.stepHi)/2
	span := float64(t.hi) - float64(t.lo) + 1
	slot := min(t.n-1, int((mid-float64(t.lo))/span*float64(t.n)))
	if t.total > 0 && (slot != t.slot || t.each) {
		t.close()
	}
	t.slot = slot
	t.open.merge(b)
	t.total += points
	t.points += points
}

func (t *thinner) close() {
	if t.total == 0 {
		return
	}
	b := Bucket{StepLo: t.open.stepLo, StepHi: t.open.stepHi, Points: t.total, NaN: t.total - t.open.n,
		Lo: math.NaN(), Hi: math.NaN(), Mean: math.NaN()}
	if t.open.n > 0 {
		b.Lo, b.Hi, b.Mean = t.open.lo, t.open.hi, t.open.sum/float64(t.open.n)
	}
	t.out = append(t.out, b)
	t.open, t.total = bucket{}, 0
}
