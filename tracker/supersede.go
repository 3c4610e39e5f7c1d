package tracker

import (
	"database/sql/driver"
	"math"
)

// setMark notes where every metric of a run stands at a checkpoint. Events come
// in order, so what the family logged before it wrote the checkpoint is stored by
// now, and nothing else; whatever its metrics count their steps in.
func setMark(c *conn, run, checkpoint int64) error {
	if err := c.exec(`DELETE FROM mark WHERE run_id=? AND checkpoint=?`, run, checkpoint); err != nil {
		return err
	}
	return c.exec(`INSERT INTO mark(run_id,checkpoint,metric_id,step,chain) SELECT run_id,?2,metric_id,step,chain FROM latest WHERE run_id=?1 AND n>0`,
		run, checkpoint)
}

// supersede takes a run back to a checkpoint, within a transaction: points and
// artifacts stored after it become those of an earlier attempt. It returns how
// long the run had gone on then, in milliseconds.
func (w *writer) supersede(run, attempt, checkpoint int64) (at int64, err error) {
	if err := w.settleRecent(); err != nil {
		return 0, err
	}
	marks := map[int64]*series{} // where a metric stood
	err = w.c.query(`SELECT metric_id,step,chain FROM mark WHERE run_id=? AND checkpoint=?`, []driver.Value{run, checkpoint}, func(row []driver.Value) error {
		s := &series{id: row[0].(int64), step: row[1].(int64)}
		copy(s.chain[:], row[2].([]byte))
		marks[s.id] = s
		return nil
	})
	if err != nil {
		return 0, err
	}
	var metrics []int64
	err = w.c.query(`SELECT metric_id FROM latest WHERE run_id=? AND n>0`, []driver.Value{run}, func(row []driver.Value) error {
		metrics = append(metrics, row[0].(int64))
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range metrics {
		mark := marks[id]
		unmarked := mark == nil && len(marks) == 0 // a checkpoint of schema 1: steps have to do
		if unmarked {
			mark = &series{id: id, step: checkpoint}
		} else if mark == nil {
			mark = &series{id: id, step: math.MinInt64} // it had no points yet
		}
		t, err := w.cutBack(run, attempt, mark, unmarked)
		if err != nil {
			return 0, err
		}
		at = max(at, t)
	}
	const after = ` FROM artifact WHERE run_id=?1 AND id>(SELECT id FROM artifact WHERE run_id=?1 AND kind='checkpoint' AND step=?2)`
	if err := w.c.exec(`INSERT INTO superseded_artifact(run_id,attempt,kind,name,step,path,sha256,bytes)
		SELECT run_id,?3,kind,name,step,path,sha256,bytes`+after, run, checkpoint, attempt); err != nil {
		return 0, err
	}
	if err := w.c.exec(`DELETE`+after, run, checkpoint); err != nil {
		return 0, err
	}
	return at, w.c.exec(`DELETE FROM mark WHERE run_id=? AND checkpoint>?`, run, checkpoint)
}

// cutBack supersedes the points of a metric after the mark and returns the time
// of the last that stays. Its chain goes back to the mark's or, without one, is
// computed again from the points, in the order of their steps.
func (w *writer) cutBack(run, attempt int64, mark *series, rechain bool) (at int64, err error) {
	c, args := w.c, []driver.Value{run, mark.id, mark.step}
	if err := c.exec(`INSERT INTO superseded_point(run_id,metric_id,attempt,step,t,value) SELECT run_id,metric_id,?4,step,t,value
		FROM metric WHERE run_id=?1 AND metric_id=?2 AND step>?3`, append(args, attempt)...); err != nil {
		return 0, err
	}
	if err := c.exec(`DELETE FROM metric WHERE run_id=? AND metric_id=? AND step>?`, args...); err != nil {
		return 0, err
	}
	if err := c.exec(`DELETE FROM rollup WHERE run_id=? AND metric_id=? AND step_hi>?`, args...); err != nil {
		return 0, err
	}
	s := &series{id: mark.id, chain: mark.chain, dirty: true, stale: true}
	ordered, err := c.one(`SELECT ordered FROM latest WHERE run_id=? AND metric_id=?`, args[:2]...)
	if err != nil {
		return 0, err
	}
	s.ordered = ordered != int64(0)
	n, err := c.one(`SELECT count(*) FROM metric WHERE run_id=? AND metric_id=?`, args[:2]...)
	if err != nil {
		return 0, err
	}
	s.n = n.(int64)
	err = c.query(`SELECT step,t,value FROM metric WHERE run_id=? AND metric_id=? ORDER BY step DESC LIMIT 1`, args[:2], func(row []driver.Value) error {
		s.step, at, s.last = row[0].(int64), row[1].(int64), fromReal(row[2])
		return nil
	})
	if err == nil && rechain {
		err = c.query(`SELECT step,value FROM metric WHERE run_id=? AND metric_id=? ORDER BY step`, args[:2], func(row []driver.Value) error {
			s.chain.add(row[0].(int64), fromReal(row[1]))
			return nil
		})
	}
	if err != nil {
		return 0, err
	}
	return at, s.flush(c, run)
}
