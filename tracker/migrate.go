package tracker

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/mattn/go-sqlite3"

	"lab/core"
)

//go:embed migration/*.sql
var migrations embed.FS

// applicationID marks the file as lab's ("lab1") in SQLite's header, so that
// some other program's database is not taken for an old one of ours.
const applicationID = 0x6c616231

// schemas returns the migrations in order; schemas()[i] leads from version i to
// i+1. The file names are numbered from 0001 without gaps.
func schemas() []string {
	names, _ := fs.Glob(migrations, "migration/*.sql") // sorted
	texts := make([]string, len(names))
	for i, name := range names {
		b, err := migrations.ReadFile(name)
		if want := fmt.Sprintf("migration/%04d_", i+1); err != nil || name[:len(want)] != want {
			panic("tracker: migration " + name + " is out of sequence")
		}
		texts[i] = string(b)
	}
	return texts
}

// migrate brings the database at c to the newest schema. Two processes may do
// so at once: the second waits for the first one's exclusive lock and then finds
// nothing left to do.
func migrate(c *conn, path, labVersion string) error {
	steps := schemas()
	if v, err := schemaVersion(c, path, len(steps)); err != nil || v == len(steps) {
		return err
	}
	if err := patiently(func() error { return c.script("BEGIN EXCLUSIVE") }); err != nil {
		return err
	}
	defer c.rollback()
	v, err := schemaVersion(c, path, len(steps)) // again, now that nobody else can change it
	if err != nil {
		return err
	}
	for ; v < len(steps); v++ {
		if err := c.script(steps[v]); err != nil {
			return fmt.Errorf("migration %d: %w", v+1, err)
		}
		if err := c.script(fmt.Sprintf("PRAGMA user_version=%d; PRAGMA application_id=%d", v+1, applicationID)); err != nil {
			return err
		}
	}
	if err := c.exec("INSERT OR REPLACE INTO meta(key,value) VALUES('lab_version',?)", labVersion); err != nil {
		return err
	}
	return c.script("COMMIT")
}

// schemaVersion returns the file's schema, 0 for an empty file, and refuses what
// this binary must not touch: a newer schema, another program's database.
func schemaVersion(c *conn, path string, known int) (int, error) {
	v, err := c.one("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	app, err := c.one("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	tables, err := c.one("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return 0, err
	}
	version := int(v.(int64))
	switch {
	case app.(int64) != applicationID && tables.(int64) > 0:
		return 0, &core.Error{Kind: core.Storage, Msg: path + " is the database of another program",
			Try: "another folder with --home DIR or LAB_HOME"}
	case version > known:
		e := &core.Error{Kind: core.Storage, Try: "a newer lab, or another folder with --home DIR",
			Msg: fmt.Sprintf("%s was written by a newer lab (schema %d; this lab knows up to %d)", path, version, known)}
		if by, err := c.one("SELECT value FROM meta WHERE key='lab_version'"); err == nil && by != nil && by != "" {
			e.Try = fmt.Sprintf("lab %s or newer, or another folder with --home DIR", by)
		}
		return 0, e
	}
	return version, nil
}

// patiently repeats f while the database is locked, for up to ten seconds.
// SQLite's own busy handler is not asked when a journal mode changes or when
// waiting could deadlock.
func patiently(f func() error) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := f()
		if c := sqliteCode(err); c != sqlite3.ErrBusy && c != sqlite3.ErrLocked || wait > 5*time.Second {
			return err
		}
		time.Sleep(wait)
	}
}
