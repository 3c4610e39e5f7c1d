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

// dead returns the ids of the runs that are stored as running but whose process
// is gone, with their uids.
func (db *DB) dead(ctx context.Context, q querier) (map[int64]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id,uid,host,boot_id,pid_space,pid,pid_started,heartbeat FROM run WHERE status='running'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	now := db.opts.Now()
	dead := map[int64]string{}
	for rows.Next() {
		var (
			id, heartbeat int64
			uid           string
			p             process
		)
		if err := rows.Scan(&id, &uid, &p.Host, &p.BootID, &p.PIDSpace, &p.PID, &p.Started, &heartbeat); err != nil {
			return nil, err
		}
		if !db.self.alive(p, time.UnixMilli(heartbeat), now) {
			dead[id] = uid
		}
	}
	return dead, rows.Err()
}

// buryDead marks the runs of dead processes as lost, or as what their spool says
// became of them.
func (db *DB) buryDead(ctx context.Context) error {
	dead, err := db.dead(ctx, db.pool)
	if err != nil {
		return err
	}
	for id, uid := range dead {
		if err := db.bury(id, uid); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) bury(id int64, uid string) error {
	path := filepath.Join(db.runDir(uid), spoolName)
	err := db.w.do(func(c *conn) error {
		// Another process may have been quicker.
		status, err := c.one(`SELECT status FROM run WHERE id=?`, id)
		if err != nil || status != string(core.Running) {
			return err
		}
		return db.settle(c, id, path)
	})
	if err == nil {
		os.Remove(path) // not there as a rule
	}
	return err
}

// settle merges a spool and gives the run its final state: the one in the spool,
// or lost at its last sign of life.
func (db *DB) settle(c *conn, id int64, spool string) error {
	r := &runState{id: id}
	ended, err := replayFile(db.w, c, r, spool)
	if err != nil || ended {
		return errors.Join(err, db.w.flush(c, r))
	}
	if err := db.w.flush(c, r); err != nil {
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
		return db.settle(c, id, path)
	})
	if err == nil && !known {
		os.Remove(path)
	}
	return err
}
