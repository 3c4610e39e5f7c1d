package tracker

import (
	"context"
	"strings"

	"lab/core"
)

// Rename gives the run a name to find it by; "" takes its name away. It returns
// the run's uid. Errors are of kind Usage: a name that cannot be, no such run.
func (db *DB) Rename(ctx context.Context, ref, name string) (uid string, err error) {
	if name != "" {
		if err := checkName(name); err != nil {
			return "", err
		}
	}
	return db.edit(ctx, ref, func(c *conn, run int64) error {
		return c.exec(`UPDATE run SET name=? WHERE id=?`, orNull(name), run)
	})
}

// Annotate replaces the run's note, a text of any length; "" takes it away.
func (db *DB) Annotate(ctx context.Context, ref, note string) (uid string, err error) {
	return db.edit(ctx, ref, func(c *conn, run int64) error {
		return c.exec(`UPDATE run SET note=? WHERE id=?`, note, run)
	})
}

// Tag adds tags to a run and takes others away; both may be there already, or
// not. Errors are of kind Usage: a tag that cannot be, no such run.
func (db *DB) Tag(ctx context.Context, ref string, add, remove []string) (uid string, err error) {
	for _, t := range add {
		if err := checkTag(t); err != nil {
			return "", err
		}
	}
	return db.edit(ctx, ref, func(c *conn, run int64) error {
		for _, t := range remove {
			if err := c.exec(`DELETE FROM tag WHERE run_id=? AND tag=?`, run, t); err != nil {
				return err
			}
		}
		for _, t := range add {
			if err := c.exec(`INSERT OR IGNORE INTO tag(run_id,tag) VALUES(?,?)`, run, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// edit changes one run in a transaction.
func (db *DB) edit(ctx context.Context, ref string, change func(c *conn, run int64) error) (uid string, err error) {
	uids, err := db.editAll(ctx, []string{ref}, func(c *conn, run int64, _ string) error { return change(c, run) })
	if err != nil {
		return "", err
	}
	return uids[0], nil
}

// editAll changes all runs in one transaction, or none.
func (db *DB) editAll(ctx context.Context, refs []string, change func(c *conn, run int64, uid string) error) (uids []string, err error) {
	if db.w == nil {
		return nil, &core.Error{Kind: core.Storage, Msg: db.path + " is open for reading only"}
	}
	for _, ref := range refs { // all of them first: @2 must not become another run under way
		uid, err := db.Resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		uids = append(uids, uid)
	}
	err = db.w.do(func(c *conn) error {
		for _, uid := range uids {
			id, err := c.one(`SELECT id FROM run WHERE uid=?`, uid)
			if err == nil && id == nil {
				err = &core.Error{Kind: core.Usage, Msg: "run " + uid + " is gone"}
			}
			if err != nil {
				return err
			}
			if err := change(c, id.(int64), uid); err != nil {
				return err
			}
		}
		return nil
	})
	return uids, storageError("write to", db.path, err)
}

// Remove puts runs in the bin: reports no longer show them, everything of them
// stays until [DB.Collect]. It returns their uids. A run that is still running is
// refused, and then nothing is removed.
func (db *DB) Remove(ctx context.Context, refs ...string) (uids []string, err error) {
	now := db.opts.Now().UnixMilli()
	return db.editAll(ctx, refs, func(c *conn, run int64, uid string) error {
		status, err := c.one(`SELECT status FROM run WHERE id=?`, run)
		if err == nil && status == string(core.Running) {
			err = &core.Error{Kind: core.Usage, Msg: "run " + uid + " is still running"}
		}
		if err != nil {
			return err
		}
		return c.exec(`UPDATE run SET removed=? WHERE id=? AND removed IS NULL`, max(1, now), run)
	})
}

// Times of removal of runs that nobody sees: what Collect has begun to delete, and
// what Add has begun to take in.
const (
	beingPurged  = 0
	beingTakenIn = -1
)

// Restore takes runs, by their uids or unique beginnings of those, out of the
// bin. It returns the uids.
func (db *DB) Restore(ctx context.Context, refs ...string) (uids []string, err error) {
	for _, ref := range refs {
		if strings.HasPrefix(ref, "@") {
			return nil, &core.Error{Kind: core.Usage, Msg: ref + " never names a run in the bin", Try: "its id, as the list of removed runs has it"}
		}
	}
	return db.editAll(ctx, refs, func(c *conn, run int64, _ string) error {
		return c.exec(`UPDATE run SET removed=NULL WHERE id=? AND removed>0`, run)
	})
}
