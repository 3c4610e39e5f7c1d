package tracker

import (
	"context"
	"database/sql"
	"math"
	"strings"
)

// Comparison is how two runs agree, point by point and model by model.
type Comparison struct {
	A, B    string // uids
	Metrics []MetricComparison
	Models  []FileChange // those that differ; their steps and names must be the same
	Ignored []string     // metrics that were not compared
}

// MetricComparison is how one metric agrees. It is listed for metrics that agree
// too.
type MetricComparison struct {
	Name      string
	PointsA   int64
	PointsB   int64
	Differing int64       // steps at which the values differ, or only one has a point
	First     *Difference // the least such step; nil when there is none
	Largest   float64     // greatest |a-b| where both are finite
}

// Difference is one step at which two runs part. A run without a point there has
// nil.
type Difference struct {
	Metric string
	Step   int64
	A, B   *float64
}

// Same reports whether everything that was compared agrees to the last bit.
func (c *Comparison) Same() bool { return c.First() == nil && len(c.Models) == 0 }

// First returns where the runs part: the difference at the least step, of the
// metric that comes first where several part there; nil when no metric differs.
func (c *Comparison) First() *Difference {
	var first *Difference
	for _, m := range c.Metrics {
		if m.First != nil && (first == nil || m.First.Step < first.Step) {
			first = m.First
		}
	}
	return first
}

// IsTiming reports whether a metric measures time, by its unit: such a metric
// never repeats.
func IsTiming(m Metric) bool {
	switch m.Unit {
	case "s", "ms", "us", "µs", "ns", "min", "h":
		return true
	}
	return strings.HasSuffix(m.Unit, "/s")
}

// Compare compares the points and models of two runs, but for the metrics that
// ignore (nil for none) says not to, see [IsTiming]. Values are equal when their
// bits are, with one NaN and one zero.
func (db *DB) Compare(ctx context.Context, a, b string, ignore func(Metric) bool) (*Comparison, error) {
	c := &Comparison{}
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		ra, err := resolve(ctx, tx, a, fates)
		if err != nil {
			return err
		}
		rb, err := resolve(ctx, tx, b, fates)
		if err != nil {
			return err
		}
		x, err := db.detail(ctx, tx, ra, fates)
		if err != nil {
			return err
		}
		y, err := db.detail(ctx, tx, rb, fates)
		if err != nil {
			return err
		}
		c.A, c.B = x.UID, y.UID
		for _, f := range fileChanges(x.Artifacts, y.Artifacts) {
			if f.Kind == "model" {
				c.Models = append(c.Models, f)
			}
		}
		for _, m := range metricChanges(x.Metrics, y.Metrics) {
			if ignore != nil && (m.A != nil && ignore(*m.A) || m.B != nil && ignore(*m.B)) {
				c.Ignored = append(c.Ignored, m.Name)
				continue
			}
			mc, err := compareMetric(ctx, tx, ra, rb, m.Name)
			if err != nil {
				return err
			}
			c.Metrics = append(c.Metrics, mc)
		}
		return nil
	})
	if err == nil && c.A == "" {
		err = noRuns(a)
	}
	if err != nil {
		return nil, storageError("read", db.path, err)
	}
	return c, nil
}

// stored is a row of points under way.
type stored struct {
	rows *sql.Rows
	step int64
	v    float64
	ok   bool
}

func openPoints(ctx context.Context, q querier, run int64, metric string) (*stored, error) {
	rows, err := q.QueryContext(ctx, `SELECT step,value FROM point WHERE run_id=? AND metric_id=(SELECT id FROM metric_name WHERE name=?) ORDER BY step`, run, metric)
	if err != nil {
		return nil, err
	}
	s := &stored{rows: rows}
	return s, s.next()
}

func (s *stored) next() error {
	if s.ok = s.rows.Next(); !s.ok {
		return s.rows.Err()
	}
	var v sql.NullFloat64
	err := s.rows.Scan(&s.step, &v)
	s.v = orNaN(v)
	return err
}

func compareMetric(ctx context.Context, q querier, runA, runB int64, name string) (c MetricComparison, err error) {
	c.Name = name
	a, err := openPoints(ctx, q, runA, name)
	if err != nil {
		return c, err
	}
	defer a.rows.Close()
	b, err := openPoints(ctx, q, runB, name)
	if err != nil {
		return c, err
	}
	defer b.rows.Close()
	for a.ok || b.ok {
		takeA, takeB := a.ok && (!b.ok || a.step <= b.step), b.ok && (!a.ok || b.step <= a.step)
		d := Difference{Metric: name}
		if takeA {
			v := a.v
			d.Step, d.A = a.step, &v
			c.PointsA++
			if err := a.next(); err != nil {
				return c, err
			}
		}
		if takeB {
			v := b.v
			d.Step, d.B = b.step, &v
			c.PointsB++
			if err := b.next(); err != nil {
				return c, err
			}
		}
		if takeA && takeB {
			if storedBits(*d.A) == storedBits(*d.B) {
				continue
			}
			if gap := math.Abs(*d.A - *d.B); gap > c.Largest && !math.IsInf(gap, 0) {
				c.Largest = gap
			}
		}
		if c.Differing++; c.First == nil {
			c.First = &d
		}
	}
	return c, nil
}
