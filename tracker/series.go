package tracker

import (
	"database/sql/driver"
	"math"
)

// fan is how many points, or buckets of the level below, a rollup bucket covers.
const fan = 32

// maxLevel bounds the rollup: 32^6 is a thousand million points.
const maxLevel = 6

// series is what the writer knows of one metric of one run: the row of `latest`
// and the rollup buckets not yet full. Only the writer's goroutine touches it,
// and it is thrown away and loaded again when a transaction fails.
type series struct {
	id             int64 // of the metric
	n              int64
	ordered        bool
	step           int64
	last           float64
	extremes       bool // whether lo and hi hold anything
	lo, hi         float64
	loStep, hiStep int64
	chain          chain
	open           [maxLevel]bucket // open[i] fills up to a row of level i+1
	appended       int64            // when, by the writer's clock, a point last went to recent

	dirty bool // latest must be written
	stale bool // lo and hi must be looked for again
}

// bucket sums up a stretch of a curve.
type bucket struct {
	parts          int // points or buckets merged in
	stepLo, stepHi int64
	n              int64 // points that are not NaN
	lo, hi, sum    float64
}

func point(step int64, v float64) bucket {
	b := bucket{parts: 1, stepLo: step, stepHi: step}
	if v == v {
		b.n, b.lo, b.hi, b.sum = 1, v, v, v
	}
	return b
}

// merge adds o, which lies after b.
func (b *bucket) merge(o bucket) {
	if b.parts == 0 {
		o.parts = 1
		*b = o
		return
	}
	b.parts++
	b.stepHi = o.stepHi
	if o.n > 0 {
		if b.n == 0 {
			b.lo, b.hi, b.sum = o.lo, o.hi, 0
		}
		b.lo, b.hi = min(b.lo, o.lo), max(b.hi, o.hi)
		b.n, b.sum = b.n+o.n, b.sum+o.sum
	}
}

// real is v as SQLite keeps it: NaN is NULL.
func real(v float64) driver.Value {
	if v != v {
		return nil
	}
	return v
}

// fromReal is the inverse of real.
func fromReal(v driver.Value) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	return math.NaN()
}

// add takes a point whose step was not there before.
func (s *series) add(step int64, v float64) {
	if s.n == 0 || step > s.step {
		s.step, s.last = step, v
	}
	s.n++
	s.dirty = true
	s.extend(step, v)
}

// extend widens lo and hi by v; of equal values the one at the least step counts.
func (s *series) extend(step int64, v float64) {
	if v != v {
		return
	}
	if !s.extremes {
		s.extremes, s.lo, s.hi, s.loStep, s.hiStep = true, v, v, step, step
		return
	}
	if v < s.lo || v == s.lo && step < s.loStep {
		s.lo, s.loStep = v, step
	}
	if v > s.hi || v == s.hi && step < s.hiStep {
		s.hi, s.hiStep = v, step
	}
}

// overwrite takes a point whose step was there already.
func (s *series) overwrite(step int64, v float64) {
	if step == s.step {
		s.last = v
	}
	s.dirty = true
	if s.extremes && (step == s.loStep || step == s.hiStep) {
		s.stale = true // the value that went may have been an extreme
		return
	}
	s.extend(step, v)
}

// roll adds the newest point to the open buckets and writes those that are full.
func (s *series) roll(c *conn, run int64, step int64, v float64) error {
	part, ordinal := point(step, v), s.n-1
	for level := range s.open {
		b := &s.open[level]
		b.merge(part)
		if b.parts < fan {
			return nil
		}
		ordinal /= fan
		if err := c.exec(`INSERT INTO rollup(run_id,metric_id,level,bucket,step_lo,step_hi,n,lo,hi,sum) VALUES(?,?,?,?,?,?,?,?,?,?)`,
			run, s.id, int64(level+1), ordinal, b.stepLo, b.stepHi, b.n, ifAny(b.n, b.lo), ifAny(b.n, b.hi), real(b.sum)); err != nil {
			return err
		}
		part, *b = *b, bucket{}
	}
	return nil
}

func ifAny(n int64, v float64) driver.Value {
	if n == 0 {
		return nil
	}
	return v
}

// flush writes the row of latest.
func (s *series) flush(c *conn, run int64) error {
	if !s.dirty {
		return nil
	}
	if s.stale {
		if err := s.search(c, run); err != nil {
			return err
		}
	}
	var lo, hi, loStep, hiStep driver.Value
	if s.extremes {
		lo, hi, loStep, hiStep = s.lo, s.hi, s.loStep, s.hiStep
	}
	s.dirty = false
	return c.exec(`UPDATE latest SET n=?,ordered=?,step=?,last=?,lo=?,lo_step=?,hi=?,hi_step=?,chain=? WHERE run_id=? AND metric_id=?`,
		s.n, s.ordered, s.step, real(s.last), lo, loStep, hi, hiStep, s.chain[:], run, s.id)
}

// search finds lo and hi among the stored points.
func (s *series) search(c *conn, run int64) error {
	s.stale, s.extremes = false, false
	for _, order := range []string{"value", "value DESC"} {
		err := c.query(`SELECT step,value FROM point WHERE run_id=? AND metric_id=? AND value IS NOT NULL ORDER BY `+order+`,step LIMIT 1`,
			[]driver.Value{run, s.id}, func(row []driver.Value) error {
				s.extend(row[0].(int64), row[1].(float64))
				return nil
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// loadSeries reads what the database has of a metric, adding its row of latest
// when the recipe did not promise it.
func loadSeries(c *conn, run, metric int64) (*series, error) {
	if err := c.exec(`INSERT OR IGNORE INTO latest(run_id,metric_id) VALUES(?,?)`, run, metric); err != nil {
		return nil, err
	}
	s := &series{id: metric}
	err := c.query(`SELECT n,ordered,step,last,lo,lo_step,hi,hi_step,chain FROM latest WHERE run_id=? AND metric_id=?`,
		[]driver.Value{run, metric}, func(row []driver.Value) error {
			s.n, s.ordered = row[0].(int64), row[1].(int64) != 0
			if s.n > 0 {
				s.step, s.last = row[2].(int64), fromReal(row[3])
			}
			if row[5] != nil {
				s.extremes, s.lo, s.hi = true, fromReal(row[4]), fromReal(row[6])
				s.loStep, s.hiStep = row[5].(int64), row[7].(int64)
			}
			if b, ok := row[8].([]byte); ok {
				copy(s.chain[:], b)
			}
			return nil
		})
	if err != nil || !s.ordered || s.n == 0 {
		return s, err
	}
	// The open buckets: the points after the last full bucket of level 1, the
	// buckets of level 1 after the last full one of level 2, and so on.
	var tail []bucket
	err = c.query(`SELECT step,value FROM point WHERE run_id=? AND metric_id=? ORDER BY step DESC LIMIT ?`,
		[]driver.Value{run, metric, s.n % fan}, func(row []driver.Value) error {
			tail = append(tail, point(row[0].(int64), fromReal(row[1])))
			return nil
		})
	if err != nil {
		return nil, err
	}
	for i := len(tail) - 1; i >= 0; i-- {
		s.open[0].merge(tail[i])
	}
	for level, full := 1, s.n/fan; level < maxLevel; level, full = level+1, full/fan {
		err = c.query(`SELECT step_lo,step_hi,n,lo,hi,sum FROM rollup WHERE run_id=? AND metric_id=? AND level=? AND bucket>=? ORDER BY bucket`,
			[]driver.Value{run, metric, int64(level), full / fan * fan}, func(row []driver.Value) error {
				s.open[level].merge(bucketOf(row))
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// bucketOf reads step_lo, step_hi, n, lo, hi, sum.
func bucketOf(row []driver.Value) bucket {
	return bucket{parts: 1, stepLo: row[0].(int64), stepHi: row[1].(int64), n: row[2].(int64),
		lo: fromReal(row[3]), hi: fromReal(row[4]), sum: fromReal(row[5])}
}
