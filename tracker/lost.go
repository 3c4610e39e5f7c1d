package tracker

import (
	"context"
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

// bury writes the final state of a run, with what lies beside the database, and
// removes what its process was still writing.
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
		db.tidy(dir)
	}
	return err
}

// tidy removes from the folder of a run that is over what is in the database, and
// what was never finished.
func (db *DB) tidy(dir string) {
	os.Remove(filepath.Join(dir, spoolName)) // not there as a rule
	os.Remove(filepath.Join(dir, reserveName))
	removeTemps(dir)
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
	known := false
	err := db.w.do(func(c *conn) error {
		row, err := c.one(`SELECT 1 FROM run WHERE uid=?`, head.UID)
		if known = row != nil; known || err != nil {
			return err
		}
		id, err := db.insertRun(c, head)
		if err != nil {
			return err
		}
		return db.settle(c, id, filepath.Dir(path))
	})
	if err == nil && !known {
		db.tidy(filepath.Dir(path))
	}
	return err
}
