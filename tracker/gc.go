package tracker

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lab/core"
)

const (
	// orphanAge is how long a file or folder that belongs to nobody may still
	// find its owner: a run that is just starting, an import under way.
	orphanAge = time.Hour

	purgeRows = 20_000 // points deleted in one transaction: others write in between
)

// Collection says what [DB.Collect] shall take.
type Collection struct {
	Age    time.Duration // runs that have been in the bin for so long
	DryRun bool          // only say what would go
}

// Garbage is what was, or would be, deleted.
type Garbage struct {
	Runs  []string          // uids
	Kept  map[string]string // uids of removed runs that stay, and why
	Files []string          // below the home: folders of no run, files of no artifact, files never finished
	Bytes int64             // of files and folders
}

// Collect deletes for good: removed runs with all their points and files, but not
// those that a run outside the bin starts from or repeats; folders in runs/ that
// belong to no run; files in a run's artifacts/ and checkpoints/ that no artifact
// names; and files that a process which is gone never finished. Another process
// may record runs meanwhile; a kill in the middle is made good by the next call.
func (db *DB) Collect(ctx context.Context, q Collection) (*Garbage, error) {
	if db.w == nil {
		return nil, &core.Error{Kind: core.Storage, Msg: db.path + " is open for reading only"}
	}
	g := &Garbage{Kept: map[string]string{}}
	err := db.collectRuns(ctx, q, g)
	if err == nil {
		err = db.collectFiles(ctx, q, g)
	}
	if err == nil && !q.DryRun && len(g.Runs) > 0 {
		err = db.shrink()
	}
	if err != nil {
		return nil, storageError("clean up", db.home, err)
	}
	return g, nil
}

func (db *DB) collectRuns(ctx context.Context, q Collection, g *Garbage) error {
	type run struct {
		id, removed int64
		uid, user   string
		p           process
	}
	var runs []run
	// A run in the bin is in use while one outside it was begun from it.
	err := forRows(ctx, db.pool, `SELECT id,uid,removed,coalesce(
			(SELECT 'run '||u.uid||' starts from it' FROM lineage l JOIN run u ON u.id=l.run_id WHERE l.from_run=r.uid AND u.removed IS NULL LIMIT 1),
			(SELECT 'run '||u.uid||' repeats it' FROM run u WHERE u.parent=r.uid AND u.removed IS NULL LIMIT 1),''),
			host,boot_id,pid_space,pid,pid_started FROM run r WHERE removed IS NOT NULL AND removed<=? ORDER BY id`, db.opts.Now().Add(-q.Age).UnixMilli(), func(rows *sql.Rows) error {
		var r run
		err := rows.Scan(&r.id, &r.uid, &r.removed, &r.user, &r.p.Host, &r.p.BootID, &r.p.PIDSpace, &r.p.PID, &r.p.Started)
		runs = append(runs, r)
		return err
	})
	if err != nil {
		return err
	}
	now := db.opts.Now()
	for _, r := range runs {
		if r.removed == beingTakenIn && db.self.alive(r.p, now, now) {
			continue
		}
		if r.user != "" && r.removed > 0 {
			g.Kept[r.uid] = r.user
			continue
		}
		dir := db.runDir(r.uid)
		g.Runs = append(g.Runs, r.uid)
		g.Bytes += sizeOf(dir)
		if q.DryRun {
			continue
		}
		if err := db.purge(ctx, r.id); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// purge deletes a removed run from the database.
func (db *DB) purge(ctx context.Context, run int64) error {
	err := db.w.do(func(c *conn) error {
		if err := db.w.settleRecent(); err != nil {
			return err
		}
		return c.exec(`UPDATE run SET removed=? WHERE id=? AND removed IS NOT NULL`, int64(beingPurged), run)
	})
	if err != nil {
		return err
	}
	for _, table := range []struct{ name, key string }{
		{"metric", "run_id,metric_id,step"},
		{"rollup", "run_id,metric_id,level,bucket"},
		{"superseded_point", "run_id,attempt,metric_id,step"},
	} {
		text := fmt.Sprintf(`DELETE FROM %[1]s WHERE run_id=?1 AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE run_id=?1 LIMIT %[3]d)`, table.name, table.key, purgeRows)
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := db.w.do(func(c *conn) error {
				if err := c.exec(text, run); err != nil {
					return err
				}
				left, err := c.one(`SELECT 1 FROM `+table.name+` WHERE run_id=? LIMIT 1`, run)
				more = left != nil
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return db.w.do(func(c *conn) error {
		return c.exec(`DELETE FROM run WHERE id=? AND removed=?`, run, int64(beingPurged)) // the rest goes with it
	})
}

// collectFiles deletes what lies in the home and belongs to nobody.
func (db *DB) collectFiles(ctx context.Context, q Collection, g *Garbage) error {
	known, over := map[string]bool{}, map[string]bool{}
	err := forRows(ctx, db.pool, `SELECT uid,status<>? FROM run`, string(core.Running), func(rows *sql.Rows) error {
		var (
			uid   string
			ended bool
		)
		err := rows.Scan(&uid, &ended)
		known[uid], over[uid] = true, ended
		return err
	})
	if err != nil {
		return err
	}
	named := map[string]bool{} // uid/path
	for _, table := range []string{"artifact", "superseded_artifact"} {
		err := forRows(ctx, db.pool, `SELECT uid||'/'||path FROM `+table+` JOIN run r ON r.id=run_id WHERE ?1`, 1, func(rows *sql.Rows) error {
			var path string
			err := rows.Scan(&path)
			named[path] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	runs := filepath.Join(db.home, runsDir)
	var paths []string
	add := func(path string, fi fs.FileInfo, err error) {
		if err == nil && db.opts.Now().Sub(fi.ModTime()) >= orphanAge {
			paths = append(paths, path)
		}
	}
	entries, err := os.ReadDir(db.home)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), tempPrefix) {
			fi, err := e.Info()
			add(filepath.Join(db.home, e.Name()), fi, err)
		}
	}
	folders, err := os.ReadDir(runs)
	if err != nil {
		return err
	}
	for _, e := range folders {
		dir := filepath.Join(runs, e.Name())
		if !known[e.Name()] && (isUID(e.Name()) || strings.HasPrefix(e.Name(), tempPrefix)) && !fileExists(filepath.Join(dir, spoolName)) {
			fi, err := e.Info()
			add(dir, fi, err)
		}
		if !over[e.Name()] {
			continue
		}
		for _, path := range temps(dir) {
			fi, err := os.Stat(path)
			add(path, fi, err)
		}
		for _, part := range []string{"artifacts", "checkpoints"} {
			filepath.WalkDir(filepath.Join(dir, part), func(path string, f fs.DirEntry, err error) error {
				if err != nil || !f.Type().IsRegular() || strings.HasPrefix(f.Name(), tempPrefix) {
					return nil
				}
				if rel, err := filepath.Rel(runs, path); err == nil && !named[filepath.ToSlash(rel)] {
					fi, err := f.Info()
					add(path, fi, err)
				}
				return nil
			})
		}
	}
	for _, path := range paths {
		g.Bytes += sizeOf(path)
		if rel, err := filepath.Rel(db.home, path); err == nil {
			g.Files = append(g.Files, filepath.ToSlash(rel))
		}
		if !q.DryRun {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// isUID tells a folder of ours from one that somebody else put there.
func isUID(s string) bool {
	b, err := uidEncoding.DecodeString(s)
	return err == nil && len(b) == 10
}

func sizeOf(path string) (bytes int64) {
	filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if fi, err := e.Info(); err == nil {
				bytes += fi.Size()
			}
		}
		return nil
	})
	return bytes
}

// shrink gives the space of what was deleted back to the disk where it is a good
// part of the file.
func (db *DB) shrink() error {
	err := db.w.outside(func(c *conn) error {
		free, err := c.one(`SELECT freelist_count*4>page_count FROM pragma_freelist_count, pragma_page_count`)
		if err != nil || free == driver.Value(int64(0)) {
			return err
		}
		// The copy goes to disk: it is as large as the database.
		return c.script(`PRAGMA temp_store=FILE; VACUUM; PRAGMA temp_store=MEMORY; PRAGMA wal_checkpoint(TRUNCATE)`)
	})
	if failsAll(err) {
		return nil // busy, or no room for the copy: the space is used again anyway
	}
	return err
}
