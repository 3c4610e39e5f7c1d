package tracker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"lab/core"
)

// Options change how a home is opened. The zero value opens for writing.
type Options struct {
	ReadOnly     bool             // for reports: never writes, works on a read-only folder, creates nothing
	AllowNetwork bool             // open on a network file system; safe while only one machine does
	Version      string           // of this lab, named when an older one refuses the file
	Now          func() time.Time // the clock; default time.Now

	// OnTrouble is told, once a run, when the database stops taking its events
	// and they go to a spool instead, or when the log cannot be written. One
	// line, fit to be shown. It is called from Put or Close.
	OnTrouble func(error)

	maxPages  int                 // limits the database, to test a full disk
	networkFS func(string) string // replaces networkFS
	process   *process            // replaces thisProcess
}

// DB is an open home. Its methods may be called from any goroutine.
type DB struct {
	home, path string
	opts       Options
	self       process
	pool       *sql.DB // for reading; nil when there is nothing to read
	w          *writer // nil when opened read-only
	copied     string  // temporary folder with a copy of the database, or ""
	closed     atomic.Bool
	unwritten  sync.Map // ids of runs that were closed here but whose end is in no row
}

// Open opens the home folder, creating it and lab.db unless opts.ReadOnly.
// Read-only, a home that isn't there is an empty one. Errors are [*core.Error]s
// of kind Storage.
//
// Opening for writing also puts in order what dead processes left: their spooled
// events are merged and their runs marked lost.
func Open(home string, opts Options) (*DB, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.networkFS == nil {
		opts.networkFS = networkFS
	}
	db := &DB{home: home, path: filepath.Join(home, fileName), opts: opts}
	if opts.process != nil {
		db.self = *opts.process
	} else {
		db.self = thisProcess()
	}
	if !opts.AllowNetwork {
		if err := refuseNetwork(home, opts.networkFS); err != nil {
			return nil, err
		}
	}
	open := db.openWriting
	if opts.ReadOnly {
		open = db.openReading
	}
	if err := open(); err != nil {
		db.Close()
		return nil, storageError("open", db.path, err)
	}
	return db, nil
}

// Home is the folder the database lies in.
func (db *DB) Home() string { return db.home }

func (db *DB) openWriting() error {
	if err := makeHome(db.home); err != nil {
		return err
	}
	c, err := db.dialWriter()
	if err != nil {
		return err
	}
	db.w = startWriter(db, c)
	if err := db.openPool(db.path, "mode=ro&_query_only=1&_busy_timeout=10000"); err != nil {
		return err
	}
	ctx := context.Background()
	if err := db.adoptSpools(ctx); err != nil {
		return err
	}
	if err := db.buryDead(ctx); err != nil {
		return err
	}
	return db.tidyDead(ctx)
}

// dialWriter opens the one connection that writes, and migrates.
func (db *DB) dialWriter() (_ *conn, err error) {
	c, err := dial(dsn(db.path, "_busy_timeout=10000&_foreign_keys=1&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if _, err := schemaVersion(c, db.path, len(schemas())); err != nil {
		return nil, err // before the pragmas, which write
	}
	if err := patiently(func() error { return c.script("PRAGMA journal_mode=WAL") }); err != nil {
		return nil, err
	}
	if err := c.script(`PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;
		PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY`); err != nil {
		return nil, err
	}
	if err := migrate(c, db.path, db.opts.Version); err != nil {
		return nil, err
	}
	if db.opts.maxPages > 0 {
		return c, c.script(fmt.Sprintf("PRAGMA max_page_count=%d", db.opts.maxPages))
	}
	// A folder or file that cannot be written is found now, not in the middle
	// of a run.
	if err := patiently(func() error { return c.script("BEGIN IMMEDIATE; ROLLBACK") }); err != nil {
		return nil, err
	}
	return c, nil
}

func (db *DB) openPool(path, opts string) error {
	pool, err := sql.Open("sqlite3", dsn(path, opts))
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(4)
	db.pool = pool
	return nil
}

// openReading opens the database without ever writing to it. In write-ahead mode
// even a reader needs the -shm file, so a folder that cannot be written takes
// two more attempts.
func (db *DB) openReading() error {
	if _, err := os.Stat(db.path); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	const opts = "mode=ro&_query_only=1&_busy_timeout=10000"
	path, how := db.path, opts
	version, err := readVersion(path, how)
	if code := sqliteCode(err); code == sqlite3.ErrCantOpen || code == sqlite3.ErrReadonly {
		if fi, serr := os.Stat(db.path + "-wal"); serr != nil || fi.Size() == 0 {
			how = "immutable=1&" + opts // everything is in the main file
		} else if path, err = db.copyAside(); err != nil {
			return err
		}
		version, err = readVersion(path, how)
	}
	if err != nil {
		return err
	}
	switch known := len(schemas()); {
	case version == 0:
		return nil // another process is just creating it
	case version < known:
		c, err := db.dialWriter()
		if err != nil {
			return &core.Error{Kind: core.Storage, Err: err,
				Msg: fmt.Sprintf("%s has the old schema %d and cannot be brought up to %d", db.path, version, known)}
		}
		c.close()
	}
	return db.openPool(path, how)
}

func readVersion(path, opts string) (int, error) {
	c, err := dial(dsn(path, opts))
	if err != nil {
		return 0, err
	}
	defer c.close()
	return schemaVersion(c, path, len(schemas()))
}

// copyAside copies the database with its write-ahead log to a temporary folder:
// the last resort for a read-only folder that a killed process left behind.
func (db *DB) copyAside() (string, error) {
	dir, err := os.MkdirTemp("", "lab-read-*")
	if err != nil {
		return "", err
	}
	db.copied = dir
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(db.path + suffix)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fileName+suffix), b, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, fileName), nil
}

// Close writes what is still queued and closes the database. Runs that are still
// open stay running until this process ends.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	var err error
	if db.pool != nil {
		err = db.pool.Close()
	}
	if db.w != nil {
		if werr := db.w.stop(); werr != nil {
			err = werr // the last to close empties the write-ahead log
		}
	}
	if db.copied != "" {
		os.RemoveAll(db.copied)
	}
	if err != nil {
		return storageError("close", db.path, err)
	}
	return nil
}
