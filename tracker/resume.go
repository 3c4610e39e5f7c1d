package tracker

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"lab/core"
)

// ResumePoint is where an interrupted run can go on.
type ResumePoint struct {
	Run        *Detail       // as it stands
	Checkpoint core.Artifact // the newest whose file is there, unchanged
	Path       string        // of that file
	Step       int64         // steps done when it was written
	Skipped    []string      // newer checkpoints that cannot be used, and why
}

// ResumePoint finds where the run that ref names can go on. Errors are of kind
// Usage: a run that is finished or running, or has no checkpoint; or of kind
// Storage, when none of its checkpoints is whole.
func (db *DB) ResumePoint(ctx context.Context, ref string) (*ResumePoint, error) {
	d, err := db.Show(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Number == 0:
		return nil, &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " is in the bin", Try: "lab restore " + d.UID}
	case d.Status == core.Running:
		return nil, &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " is still running"}
	case d.Status == core.Finished:
		return nil, &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " is finished: there is nothing to go on with",
			Try: "lab run plugin=" + d.Family + " from=" + d.UID}
	}
	p := &ResumePoint{Run: d}
	for i := len(d.Artifacts) - 1; i >= 0; i-- { // ordered by step within a name
		a := d.Artifacts[i]
		if a.Kind != checkpointKind {
			continue
		}
		path := d.Path(a)
		if fault := checkArtifact(ctx, path, a); fault != "" {
			p.Skipped = append(p.Skipped, fmt.Sprintf("the checkpoint at step %d %s: %s", a.Step, fault, path))
			continue
		}
		p.Checkpoint, p.Path, p.Step = a, path, a.Step
		return p, nil
	}
	if len(p.Skipped) > 0 {
		return nil, &core.Error{Kind: core.Storage, Msg: fmt.Sprintf("run %s cannot go on: %s", d.UID, p.Skipped[0])}
	}
	return nil, &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " has no checkpoint to go on from", Try: "the same run again: lab show " + d.UID + " has its command"}
}

// checkArtifact says what is wrong with an artifact's file, or "".
func checkArtifact(ctx context.Context, path string, a core.Artifact) string {
	fi, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return "is gone"
	case err != nil:
		return "cannot be read"
	case fi.Size() != a.Bytes:
		return fmt.Sprintf("has %d bytes, not %d", fi.Size(), a.Bytes)
	}
	sum, err := hashFile(ctx, path)
	switch {
	case err != nil:
		return "cannot be read"
	case sum != a.SHA256:
		return "was changed"
	}
	return ""
}

// Resume makes the run go on from its newest checkpoint: it is running again, in
// this process, and takes events. What it had stored after the checkpoint is
// superseded: no longer among its points and artifacts, but kept, see
// [Detail.History] and [DB.Superseded]. Times go on from the checkpoint, and so
// does the run's hash: where the family keeps its promise, the run ends with the
// hash it would have had without the interruption.
//
// The facts are those of this process, as in [NewRun.Environment]. Errors are as
// those of [DB.ResumePoint].
func (db *DB) Resume(ctx context.Context, ref string, facts []core.Fact) (*Run, *ResumePoint, error) {
	if db.w == nil {
		return nil, nil, &core.Error{Kind: core.Storage, Msg: db.path + " is open for reading only"}
	}
	p, err := db.ResumePoint(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	now := db.opts.Now()
	d := p.Run
	r := &Run{db: db, dir: d.Dir, beat: now, attempt: d.Summary.Attempts + 1, head: headOf(d)}
	r.head.Process = db.self
	err = db.w.do(func(c *conn) error {
		// Another process may have been quicker.
		id, err := c.one(`SELECT id FROM run WHERE uid=? AND status=? AND removed IS NULL`, d.UID, string(d.Status))
		if err != nil {
			return err
		}
		if id == nil {
			return &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " is no longer " + string(d.Status)}
		}
		r.state = runState{id: id.(int64)}
		environment, err := json.Marshal(factMap(d.Facts))
		if err != nil {
			return err
		}
		if err := c.exec(`INSERT INTO attempt(run_id,number,status,reason,exit_code,exit_signal,ended,elapsed,host,environment,peak_memory,hash,checkpoint,resumed)
			SELECT id,?,status,reason,exit_code,exit_signal,ended,elapsed,host,?,peak_memory,hash,?,? FROM run WHERE id=?`,
			int64(r.attempt-1), string(environment), p.Step, now.UnixMilli(), r.state.id); err != nil {
			return err
		}
		at, err := db.w.supersede(r.state.id, int64(r.attempt-1), p.Step)
		if err != nil {
			return err
		}
		r.state.offset = time.Duration(at) * time.Millisecond
		s := db.self
		if err := c.exec(`UPDATE run SET status=?,reason='',exit_code=NULL,exit_signal='',ended=NULL,elapsed=NULL,hash=NULL,
			host=?,boot_id=?,pid_space=?,pid=?,pid_started=?,heartbeat=? WHERE id=?`,
			string(core.Running), s.Host, s.BootID, s.PIDSpace, int64(s.PID), s.Started, now.UnixMilli(), r.state.id); err != nil {
			return err
		}
		if err := c.exec(`INSERT OR IGNORE INTO untidy(run_id) VALUES(?)`, r.state.id); err != nil {
			return err
		}
		for _, f := range facts {
			if err := putFact(c, r.state.id, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, storageError("resume a run in", db.path, err)
	}
	r.began = now.Add(-r.state.offset)
	if err = r.openFiles(); err != nil {
		db.w.do(func(c *conn) error {
			return (&ending{Status: core.Lost, Reason: "it could not go on: " + err.Error(), At: now.UnixMilli()}).apply(c, r.state.id)
		})
		return nil, nil, storageError("resume a run in", r.dir, err)
	}
	db.w.do(func(*conn) error { db.w.live[r] = true; return nil })
	return r, p, nil
}

// headOf is the start of a run as it can be told from what is stored.
func headOf(d *Detail) started {
	n := NewRun{Family: d.Family, FamilyVersion: d.FamilyVersion, Recipe: d.Recipe, Params: d.Params, Seed: d.Seed, Name: d.Name,
		Note: d.Note, Tags: d.Tags, From: d.Sources, Parent: d.Parent, Sweep: d.Sweep, CommandLine: d.CommandLine, Environment: d.Facts}
	for _, m := range d.Metrics {
		if m.Promised {
			n.Metrics = append(n.Metrics, core.MetricSpec{Name: m.Name, Unit: m.Unit, Goal: m.Goal})
		}
	}
	return started{NewRun: n, UID: d.UID, At: d.Started.UnixMilli()}
}

func factMap(facts []core.Fact) map[string]string {
	m := make(map[string]string, len(facts))
	for _, f := range facts {
		m[f.Key] = f.Value
	}
	return m
}

// Attempt is one stretch of a run that was resumed later.
type Attempt struct {
	Number     int
	Status     core.Status
	Reason     string
	Ended      time.Time
	Elapsed    time.Duration
	Host       string
	Facts      map[string]string // as they were
	Checkpoint int64             // the step from which the next attempt went on
	Resumed    time.Time         // when it did
	Points     int64             // superseded, see [DB.Superseded]
	Artifacts  []core.Artifact   // superseded; the files may be the next attempt's
}

func readAttempts(ctx context.Context, q querier, run int64) ([]Attempt, error) {
	var as []Attempt
	err := forRows(ctx, q, `SELECT number,status,reason,ended,elapsed,host,environment,checkpoint,resumed,
		(SELECT count(*) FROM superseded_point s WHERE s.run_id=a.run_id AND attempt=number) FROM attempt a WHERE run_id=? ORDER BY number`,
		run, func(rows *sql.Rows) error {
			var (
				a              Attempt
				ended, elapsed sql.NullInt64
				resumed        int64
				facts          string
			)
			if err := rows.Scan(&a.Number, &a.Status, &a.Reason, &ended, &elapsed, &a.Host, &facts, &a.Checkpoint, &resumed, &a.Points); err != nil {
				return err
			}
			if ended.Valid {
				a.Ended = time.UnixMilli(ended.Int64)
			}
			a.Elapsed, a.Resumed = time.Duration(elapsed.Int64)*time.Millisecond, time.UnixMilli(resumed)
			as = append(as, a)
			return json.Unmarshal([]byte(facts), &as[len(as)-1].Facts)
		})
	if err != nil || len(as) == 0 {
		return as, err
	}
	return as, forRows(ctx, q, `SELECT attempt,name,kind,path,sha256,bytes,step FROM superseded_artifact WHERE run_id=? ORDER BY attempt,name,step`,
		run, func(rows *sql.Rows) error {
			var (
				n int
				a core.Artifact
			)
			err := rows.Scan(&n, &a.Name, &a.Kind, &a.Path, &a.SHA256, &a.Bytes, &a.Step)
			if n >= 1 && n <= len(as) {
				as[n-1].Artifacts = append(as[n-1].Artifacts, a)
			}
			return err
		})
}

// Superseded calls f for every point that an attempt of a run had stored after
// the checkpoint that the next one went on from, ordered by attempt, metric and
// step, until f fails.
func (db *DB) Superseded(ctx context.Context, ref string, f func(attempt int, p core.Point) error) error {
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		run, err := resolve(ctx, tx, ref, fates)
		if err != nil {
			return err
		}
		return forRows(ctx, tx, `SELECT attempt,name,step,t,value FROM superseded_point JOIN metric_name ON id=metric_id WHERE run_id=?
			ORDER BY attempt,name,step`, run, func(rows *sql.Rows) error {
			var (
				attempt int
				p       core.Point
				t       int64
				v       sql.NullFloat64
			)
			if err := rows.Scan(&attempt, &p.Metric, &p.Step, &t, &v); err != nil {
				return err
			}
			p.Time, p.Value = time.Duration(t)*time.Millisecond, orNaN(v)
			return f(attempt, p)
		})
	})
	return storageError("read", db.path, err)
}
