package tracker

import (
	"os"
	"path/filepath"

	"lab/core"
)

const (
	fileName = "lab.db"
	runsDir  = "runs"
	logName  = "log.txt"
	diffName = "source.diff"

	spoolName   = "spool.jsonl"
	reserveName = "end.reserve"
)

// runDir is where the run of that uid keeps its files.
func (db *DB) runDir(uid string) string { return filepath.Join(db.home, runsDir, uid) }

// makeHome creates the home and its runs folder.
func makeHome(home string) error {
	if err := os.MkdirAll(filepath.Join(home, runsDir), 0o755); err != nil {
		return storageError("create", home, err)
	}
	return nil
}

// refuseNetwork returns an error when the home lies on a network file system:
// SQLite's write-ahead log keeps its index in memory that the processes of one
// machine share, and two machines would overwrite each other's pages.
func refuseNetwork(home string, kind func(string) string) error {
	dir, err := filepath.Abs(home)
	if err != nil {
		dir = home
	}
	for { // the nearest folder that is there
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if fs := kind(dir); fs != "" {
		return &core.Error{Kind: core.Storage,
			Msg: "cannot keep runs in " + home + ": it lies on a network file system (" + fs + "), where the database would be damaged",
			Try: "a folder on a local disk with --home DIR or LAB_HOME"}
	}
	return nil
}
