package tracker

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"time"

	"lab/core"
)

// lostReason is what a run says whose host vanished.
const lostReason = "the process that recorded it is gone"

// fates returns what became of the runs that are stored as running but are not:
// their process is gone, or has closed them and could not write so.
func (db *DB) fates(ctx context.Context, q querier) ([]fate, error) {
	rows, err := q.QueryContext(ctx, `SELECT id,uid,host,boot_id,pid_space,pid,pid_started,heartbeat FROM run WHERE status='running'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	now := db.opts.Now()
	fates := []fate{}
	for rows.Next() {
		var (
			id, heartbeat int64
			uid           string
			p             process
		)
		if err := rows.Scan(&id, &uid, &p.Host, &p.BootID, &p.PIDSpace, &p.PID, &p.Started, &heartbeat); err != nil {
			return nil, err
		}
		if _, closed := db.unwritten.Load(id); closed || !db.self.alive(p, time.UnixMilli(heartbeat), now) {
			fates = append(fates, db.fateOf(id, uid))
		}
	}
	return fates, rows.Err()
}

// buryDead gives the runs of dead processes their final state.
func (db *DB) buryDead(ctx context.Context) error {
	fates, err := db.fates(ctx, db.pool)
	if err != nil {
		return err
	}
	for _, f := range fates {
		if err := db.bury(f); err != nil {
			return err
		}
	}
	return nil
}

// bury writes the final state of a run, with what lies beside the database.
func (db *DB) bury(f fate) error {
	dir := db.runDir(f.uid)
	err := db.w.do(func(c *conn) error {
		// Another process may have been quicker.
		status, err := c.one(`SELECT status FROM run WHERE id=?`, f.ID)
		if err != nil || status != string(core.Running) {
			return err
		}
		return db.settle(c, f.ID, dir)
	})
	if err == nil {
		db.unwritten.Delete(f.ID)
		err = db.tidy(f.ID, dir)
	}
	return err
}

// tidy removes from the folder of a run that is over what is in the database, and
// what was never finished.
func (db *DB) tidy(id int64, dir string) error {
	for _, name := range []string{spoolName, reserveName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	removeTemps(dir)
	return db.w.do(func(c *conn) error { return c.exec(`DELETE FROM untidy WHERE run_id=?`, id) })
}

// tidyDead tidies the folders of runs that ended, but whose process died before
// it had tidied them.
func (db *DB) tidyDead(ctx context.Context) error {
	type run struct {
		id        int64
		uid       string
		heartbeat int64
		p         process
	}
	var runs []run
	err := forRows(ctx, db.pool, `SELECT id,uid,heartbeat,host,boot_id,pid_space,pid,pid_started FROM untidy JOIN run ON id=run_id WHERE status<>?`,
		string(core.Running), func(rows *sql.Rows) error {
			var r run
			err := rows.Scan(&r.id, &r.uid, &r.heartbeat, &r.p.Host, &r.p.BootID, &r.p.PIDSpace, &r.p.PID, &r.p.Started)
			runs = append(runs, r)
			return err
		})
	if err != nil {
		return err
	}
	now := db.opts.Now()
	for _, r := range runs {
		if !db.self.alive(r.p, time.UnixMilli(r.heartbeat), now) {
			if err := db.tidy(r.id, db.runDir(r.uid)); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle merges what lies beside the database and gives the run its final state:
// the one told there, or lost at its last sign of life.
func (db *DB) settle(c *conn, id int64, dir string) error {
	r := &runState{id: id}
	ended, err := replay(db.w, c, r, dir)
	if err != nil || ended {
		return errors.Join(err, db.w.flush(c, r))
	}
	if err := db.w.flush(c, r); err != nil {
		return err
	}
	if err := db.w.settleRecent(); err != nil {
		return err
	}
	hash, err := hashOf(c, id)
	if err != nil {
		return err
	}
	return c.query(`UPDATE run SET status=?,reason=?,ended=heartbeat,elapsed=max(0,heartbeat-started),hash=? WHERE id=?`,
		[]driver.Value{string(core.Lost), lostReason, hash, id}, nil)
}

// adoptSpools recreates the runs that left a spool when their database was taken
// from under them: they have a folder but no row.
func (db *DB) adoptSpools(ctx context.Context) error {
	folders, err := os.ReadDir(filepath.Join(db.home, runsDir))
	if err != nil {
		return err
	}
	var rows int
	if err := db.pool.QueryRowContext(ctx, `SELECT count(*) FROM run`).Scan(&rows); err != nil || len(folders) <= rows {
		return err // as a rule; saves a look into every folder
	}
	paths, err := filepath.Glob(filepath.Join(db.home, runsDir, "*", spoolName))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := db.adopt(path); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) adopt(path string) error {
	var head *started
	eachRecord(path, func(rec *record) error {
		if head == nil {
			head = rec.Start
		}
		return nil
	})
	if head == nil || db.self.alive(head.Process, time.UnixMilli(head.At), db.opts.Now()) {
		return nil
	}
	known, id := false, int64(0)
	err := db.w.do(func(c *conn) error {
		row, err := c.one(`SELECT 1 FROM run WHERE uid=?`, head.UID)
		if known = row != nil; known || err != nil {
			return err
		}
		if id, err = db.insertRun(c, head); err != nil {
			return err
		}
		return db.settle(c, id, filepath.Dir(path))
	})
	if err == nil && !known {
		err = db.tidy(id, filepath.Dir(path))
	}
	return err
}
