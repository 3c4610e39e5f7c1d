package tracker

import (
	"database/sql/driver"
	"math/bits"
	"strings"
	"time"

	"lab/core"
)

const (
	rowsAtOnce   = 32 // points in one INSERT: one crossing into C for all; a power of two
	pointColumns = 5
)

// insertPoints holds the INSERTs of 1, 2, 4 … rowsAtOnce points into metric.
var insertPoints = insertsOf(`INSERT OR REPLACE INTO metric(run_id,metric_id,step,t,value) VALUES`)

func insertsOf(insert string) (texts []string) {
	for n := 1; n <= rowsAtOnce; n *= 2 {
		texts = append(texts, insert+`(?,?,?,?,?)`+strings.Repeat(`,(?,?,?,?,?)`, n-1))
	}
	return texts
}

// rowBuffer collects points up to a full INSERT.
type rowBuffer struct {
	inserts []string // of 1, 2, 4 … rows
	args    []driver.Value
}

func (b *rowBuffer) reset() { b.args = b.args[:0] }

func (b *rowBuffer) add(c *conn, run, metric, step, t int64, v float64) error {
	b.args = append(b.args, run, metric, step, t, real(v))
	if len(b.args) < rowsAtOnce*pointColumns {
		return nil
	}
	return b.flush(c)
}

// flush writes what add has kept back.
func (b *rowBuffer) flush(c *conn) error {
	for rest := b.args; len(rest) > 0; {
		size := bits.Len(uint(len(rest)/pointColumns)) - 1 // the largest INSERT they fill
		n := pointColumns << size
		if err := c.query(b.inserts[size], rest[:n], nil); err != nil {
			return err
		}
		rest = rest[n:]
	}
	b.reset()
	return nil
}

// points adds the points, offset later in time, to metric or recent, to rollup
// and to the run's series; the rows of latest are written once a transaction, by
// the caller.
func (w *writer) points(r *runState, ps []core.Point, offset time.Duration) error {
	var (
		name string
		s    *series
		err  error
		few  = len(ps) < recentRequest
	)
	for i := range ps {
		p := &ps[i]
		if s == nil || p.Metric != name {
			name = p.Metric
			if s, err = w.seriesOf(r, name); err != nil {
				return err
			}
		}
		s.chain.add(p.Step, p.Value)
		t := (p.Time + offset).Milliseconds()
		if s.n > 0 && p.Step <= s.step {
			err = w.backfill(r, s, p, t)
		} else {
			rows := &w.rows
			if few {
				rows = &w.recent
				w.added++
				w.clock++
				s.appended = w.clock
			}
			s.add(p.Step, p.Value)
			if err = rows.add(w.c, r.id, s.id, p.Step, t, p.Value); err == nil && s.ordered {
				err = s.roll(w.c, r.id, p.Step, p.Value)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// backfill takes a point at or before a step that was logged already. From here
// on the metric's buckets would overlap, so it has no more of them, and its
// curve is drawn from the points.
func (w *writer) backfill(r *runState, s *series, p *core.Point, t int64) error {
	if err := w.rows.flush(w.c); err != nil { // the step may be in there
		return err
	}
	if s.appended > w.settled { // or in there
		if err := w.settleRecent(); err != nil {
			return err
		}
	}
	if s.ordered {
		s.ordered = false
		if err := w.c.exec(`DELETE FROM rollup WHERE run_id=? AND metric_id=?`, r.id, s.id); err != nil {
			return err
		}
	}
	there, err := w.c.one(`SELECT 1 FROM metric WHERE run_id=? AND metric_id=? AND step=?`, r.id, s.id, p.Step)
	if err != nil {
		return err
	}
	if there == nil {
		s.add(p.Step, p.Value)
	} else {
		s.overwrite(p.Step, p.Value)
	}
	return w.c.exec(insertPoints[0], r.id, s.id, p.Step, t, real(p.Value))
}

func (w *writer) seriesOf(r *runState, name string) (*series, error) {
	if s, ok := r.series[name]; ok {
		return s, nil
	}
	id, err := w.metricID(name)
	if err != nil {
		return nil, err
	}
	if err := w.recent.flush(w.c); err != nil { // what is loaded may be in there
		return nil, err
	}
	s, err := loadSeries(w.c, r.id, id)
	if err != nil {
		return nil, err
	}
	w.clock++
	s.appended = w.clock // perhaps, by another process
	if r.series == nil {
		r.series = map[string]*series{}
	}
	r.series[name] = s
	return s, nil
}

// metricID returns the number that stands for the name in this file.
func (w *writer) metricID(name string) (int64, error) {
	if id, ok := w.names[name]; ok {
		return id, nil
	}
	if err := w.c.exec(`INSERT OR IGNORE INTO metric_name(name) VALUES(?)`, name); err != nil {
		return 0, err
	}
	id, err := w.c.one(`SELECT id FROM metric_name WHERE name=?`, name)
	if err != nil {
		return 0, err
	}
	w.names[name] = id.(int64)
	return w.names[name], nil
}
