package tracker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"lab/core"
)

// storageError turns what SQLite or the disk said into one line for the user.
// msg is the operation ("open", "start the run"), path the database or folder.
// An error that is already a [*core.Error] passes through.
func storageError(msg, path string, err error) error {
	if err == nil {
		return nil
	}
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	if sqliteCode(err) == sqlite3.ErrCantOpen {
		if werr := tryWriting(filepath.Dir(path)); werr != nil {
			err = werr // why: SQLite doesn't say
		}
	}
	e := &core.Error{Kind: core.Storage, Msg: "cannot " + msg + " " + path, Err: err}
	switch {
	case isFull(err):
		e.Err = errors.New("the disk is full")
		e.Try = "free some space on the disk of " + path
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), sqliteCode(err) == sqlite3.ErrReadonly:
		e.Err = errors.New("it cannot be written")
		e.Try = "another folder with --home DIR or LAB_HOME"
	case sqliteCode(err) == sqlite3.ErrNotADB:
		e.Err = errors.New("the file is not a lab database")
		e.Try = "another folder with --home DIR, or move the file away"
	case sqliteCode(err) == sqlite3.ErrCorrupt:
		e.Err = errors.New("the database is damaged")
		e.Try = "sqlite3 " + path + " .recover, or a backup"
	case sqliteCode(err) == sqlite3.ErrBusy, sqliteCode(err) == sqlite3.ErrLocked:
		e.Err = errors.New("another process holds its lock")
		e.Try = "again once that process is done"
	case sqliteCode(err) == sqlite3.ErrCantOpen:
		e.Err = errors.New("the file cannot be opened")
	}
	return e
}

// tryWriting returns why no file can be made in dir, or nil.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, ".lab-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || sqliteCode(err) == sqlite3.ErrFull
}

// failsAll reports whether err would hit every write, not just the one that met
// it: then there is no use in trying the others one by one.
func failsAll(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrBusy, sqlite3.ErrReadonly, sqlite3.ErrCorrupt,
		sqlite3.ErrNotADB, sqlite3.ErrCantOpen, sqlite3.ErrLocked, sqlite3.ErrNomem:
		return true
	}
	return errors.Is(err, errGone)
}
