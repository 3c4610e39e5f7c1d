package tracker

import (
	"database/sql/driver"
	"time"

	"lab/core"
)

// checkpointKind is the kind, and the name, of the artifacts that are checkpoints.
const checkpointKind = "checkpoint"

// record is one event as it is written to the database or spooled: exactly one
// field is set.
type record struct {
	Start    *started       `json:"start,omitempty"` // the first line of a spool
	Points   []pointRecord  `json:"points,omitempty"`
	Fact     *core.Fact     `json:"fact,omitempty"`
	Artifact *core.Artifact `json:"artifact,omitempty"`
	End      *ending        `json:"end,omitempty"`
}

// pointRecord is a point whose value JSON can hold: NaN and infinities are text.
type pointRecord struct {
	Metric string `json:"m"`
	Step   int64  `json:"s"`
	Time   int64  `json:"t"` // milliseconds
	Value  string `json:"v"`
}

func pointRecords(ps []core.Point, offset time.Duration) []pointRecord {
	rs := make([]pointRecord, len(ps))
	for i, p := range ps {
		rs[i] = pointRecord{p.Metric, p.Step, (p.Time + offset).Milliseconds(), core.FormatFloat(p.Value)}
	}
	return rs
}

// ending is the final state of a run. Times are Unix milliseconds, durations
// milliseconds.
type ending struct {
	Status     core.Status
	Reason     string         `json:",omitempty"`
	Code       *int           `json:",omitempty"`
	Signal     string         `json:",omitempty"`
	PeakMemory int64          `json:",omitempty"`
	Progress   *core.Progress `json:",omitempty"`
	At         int64
	Elapsed    int64
}

// apply writes the record within a transaction of the writer.
func (rec *record) apply(w *writer, c *conn, r *runState) error {
	switch {
	case rec.Points != nil:
		ps := make([]core.Point, len(rec.Points))
		for i, p := range rec.Points {
			v, err := core.ParseFloat(p.Value)
			if err != nil {
				return err
			}
			ps[i] = core.Point{Metric: p.Metric, Step: p.Step, Time: time.Duration(p.Time) * time.Millisecond, Value: v}
		}
		return w.points(r, ps, 0)
	case rec.Fact != nil:
		return putFact(c, r.id, *rec.Fact)
	case rec.Artifact != nil:
		// A replaced one gets a new id: ids are the order of arrival.
		a := rec.Artifact
		err := c.exec(`INSERT OR REPLACE INTO artifact(run_id,kind,name,step,path,sha256,bytes) VALUES(?,?,?,?,?,?,?)`,
			r.id, a.Kind, a.Name, a.Step, a.Path, a.SHA256, a.Bytes)
		if err != nil || a.Kind != checkpointKind {
			return err
		}
		if err := w.flush(c, r); err != nil {
			return err
		}
		return setMark(c, r.id, a.Step)
	case rec.End != nil:
		if err := w.flush(c, r); err != nil { // the hash is taken from what is stored
			return err
		}
		if err := w.settleRecent(); err != nil {
			return err
		}
		return rec.End.apply(c, r.id)
	}
	return nil
}

func putFact(c *conn, run int64, f core.Fact) error {
	return c.exec(`INSERT OR REPLACE INTO environment(run_id,key,value) VALUES(?,?,?)`, run, f.Key, f.Value)
}

func (e *ending) apply(c *conn, run int64) error {
	hash, err := hashOf(c, run)
	if err != nil {
		return err
	}
	if e.Progress != nil {
		if err := writeProgress(c, run, e.Progress, time.UnixMilli(e.At)); err != nil {
			return err
		}
	}
	var code driver.Value
	if e.Code != nil {
		code = int64(*e.Code)
	}
	return c.exec(`UPDATE run SET status=?,reason=?,exit_code=?,exit_signal=?,peak_memory=?,ended=?,elapsed=?,hash=? WHERE id=?`,
		string(e.Status), e.Reason, code, e.Signal, e.PeakMemory, e.At, e.Elapsed, hash, run)
}

// hashOf computes the hash of a run, see [chain], from what is stored.
func hashOf(c *conn, run int64) ([]byte, error) {
	chains := map[string]chain{}
	err := c.query(`SELECT name,chain FROM latest JOIN metric_name ON id=metric_id WHERE run_id=? AND n>0`,
		[]driver.Value{run}, func(row []driver.Value) error {
			var ch chain
			copy(ch[:], row[1].([]byte))
			chains[row[0].(string)] = ch
			return nil
		})
	if err != nil {
		return nil, err
	}
	var models []model
	err = c.query(`SELECT name,step,sha256 FROM artifact WHERE run_id=? AND kind='model'`,
		[]driver.Value{run}, func(row []driver.Value) error {
			models = append(models, model{row[0].(string), row[1].(int64), row[2].(string)})
			return nil
		})
	if err != nil {
		return nil, err
	}
	return runHash(chains, models), nil
}
