package tracker

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lab/core"
)

// Foreign is a whole run from elsewhere: another database, another tracker.
type Foreign struct {
	UID string // see [ForeignUID]
	NewRun

	Status     core.Status // any but running
	Reason     string
	ExitCode   *int
	ExitSignal string
	Started    time.Time
	Ended      time.Time // zero when unknown
	Elapsed    time.Duration
	Host       string
	Progress   core.Progress
	PeakMemory int64

	// Points gives every point in the order it was logged; of two at one step of
	// a metric the later counts. An error of put is to be returned.
	Points func(put func(core.Point) error) error
	Files  []ForeignFile

	hash   []byte           // what the run's hash must be, or nil
	chains map[string]chain // of the metrics whose steps went back
	marks  []archivedMark
	past   []archivedAttempt
}

// ForeignFile is a file of a foreign run. Its path lies below the run's folder;
// hash and size are filled in where they are missing and checked where they are
// not. A log is not an artifact: it has the kind "log", and goes to log.txt.
type ForeignFile struct {
	core.Artifact
	Open func() (io.ReadCloser, error) // nil: the file is gone, only the record of it is left
}

// ImportReport says what an import from another tracker did.
type ImportReport struct {
	Runs  []Imported
	Notes []string // what was left out or changed, one line each
}

// Note adds a note.
func (r *ImportReport) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// logKind marks the log among the files of a [Foreign].
const logKind = "log"

// Add takes a foreign run in and reports whether it was not there yet. A run that
// is there with the same points and models is left as it is. Errors are of kind
// Usage when the run cannot be taken: its uid is taken by a run with other
// contents, its points or files are not what they are said to be. A run is there
// whole or not at all, after a kill too.
func (db *DB) Add(ctx context.Context, f *Foreign) (added bool, err error) {
	if db.w == nil {
		return false, &core.Error{Kind: core.Storage, Msg: db.path + " is open for reading only"}
	}
	if err := f.check(); err != nil {
		return false, err
	}
	id, there, err := db.announce(ctx, f)
	if err != nil || there {
		return false, storageError("import into", db.path, err)
	}
	err = db.takeIn(ctx, f, id)
	if err != nil {
		db.purge(context.WithoutCancel(ctx), id) // or else the next Collect will
		os.RemoveAll(db.runDir(f.UID))
		return false, storageError("import into", db.path, err)
	}
	return true, nil
}

func (f *Foreign) check() error {
	bad := func(format string, args ...any) error {
		return &core.Error{Kind: core.Usage, Msg: "run " + f.UID + " cannot be imported: " + fmt.Sprintf(format, args...)}
	}
	if err := f.NewRun.check(); err != nil {
		return bad("%v", err)
	}
	ended := false
	for _, s := range statuses {
		ended = ended || s == string(f.Status) && f.Status != core.Running
	}
	switch {
	case !isUID(f.UID):
		return bad("%q is no id of a run", f.UID)
	case !ended:
		return bad("its status is %q", f.Status)
	case f.Started.UnixMilli() <= 0:
		return bad("it has no start")
	}
	for _, m := range f.Metrics {
		if !isPrintable(m.Name) {
			return bad("a metric is called %q", m.Name)
		}
	}
	for _, x := range f.Files {
		if !filepath.IsLocal(filepath.FromSlash(x.Path)) || !isPrintable(x.Name) || strings.HasPrefix(filepath.Base(x.Path), tempPrefix) {
			return bad("file %q has the path %q", x.Name, x.Path)
		}
	}
	return nil
}

// announce inserts the run, not to be seen yet.
func (db *DB) announce(ctx context.Context, f *Foreign) (id int64, there bool, err error) {
	for {
		half := false
		err = db.w.do(func(c *conn) error {
			there = false
			var p process
			err := c.query(`SELECT id,hash,removed,host,boot_id,pid_space,pid,pid_started FROM run WHERE uid=?`, []driver.Value{f.UID}, func(row []driver.Value) error {
				id = row[0].(int64)
				hash, _ := row[1].([]byte)
				p = process{row[3].(string), row[4].(string), row[5].(string), int(row[6].(int64)), row[7].(string)}
				removed, _ := row[2].(int64)
				there, half = true, row[2] != nil && removed <= beingPurged
				switch now := db.opts.Now(); {
				case removed == beingTakenIn && db.self.alive(p, now, now):
					return &core.Error{Kind: core.Usage, Msg: "run " + f.UID + " is just being imported"}
				case !half && f.hash != nil && string(hash) != string(f.hash):
					return &core.Error{Kind: core.Usage, Msg: "run " + f.UID + " is in " + db.path + " already, with other contents"}
				}
				return nil
			})
			if err != nil || there {
				return err
			}
			s := started{NewRun: f.NewRun, UID: f.UID, At: f.Started.UnixMilli(), Process: db.self}
			if id, err = db.insertRun(c, &s); err != nil {
				return err
			}
			return c.exec(`UPDATE run SET removed=?,status=?,ord=started WHERE id=?`, int64(beingTakenIn), string(f.Status), id)
		})
		if err != nil || !half {
			return id, there, err
		}
		if err := db.purge(ctx, id); err != nil { // of an import that was killed
			return 0, false, err
		}
	}
}

func (db *DB) takeIn(ctx context.Context, f *Foreign, id int64) error {
	files, err := db.takeFiles(ctx, f)
	if err != nil {
		return err
	}
	r := &runState{id: id}
	if err := db.takePoints(ctx, f, r); err != nil {
		return err
	}
	return db.w.do(func(c *conn) error {
		for _, a := range files {
			if err := (&record{Artifact: &a}).apply(db.w, c, r); err != nil {
				return err
			}
		}
		for name, ch := range f.chains {
			if err := c.exec(`UPDATE latest SET chain=?,ordered=0 WHERE run_id=? AND metric_id=(SELECT id FROM metric_name WHERE name=?)`, ch[:], id, name); err != nil {
				return err
			}
			if err := c.exec(`DELETE FROM rollup WHERE run_id=? AND metric_id=(SELECT id FROM metric_name WHERE name=?)`, id, name); err != nil {
				return err
			}
		}
		if err := f.writePast(c, db.w, id); err != nil {
			return err
		}
		at := f.Ended
		if at.IsZero() {
			at = f.Started.Add(f.Elapsed)
		}
		end := &ending{Status: f.Status, Reason: f.Reason, Code: f.ExitCode, Signal: f.ExitSignal, PeakMemory: f.PeakMemory,
			Progress: &f.Progress, At: at.UnixMilli(), Elapsed: f.Elapsed.Milliseconds()}
		if err := end.apply(c, id); err != nil {
			return err
		}
		hash, err := c.one(`SELECT hash FROM run WHERE id=?`, id)
		if err != nil {
			return err
		}
		if f.hash != nil && string(hash.([]byte)) != string(f.hash) {
			return &core.Error{Kind: core.Usage, Msg: "run " + f.UID + " was changed: its points or models are not those that its hash is of"}
		}
		if err := c.exec(`DELETE FROM untidy WHERE run_id=?`, id); err != nil {
			return err
		}
		return c.exec(`UPDATE run SET removed=NULL,host=?,boot_id='',pid_space='',pid=0,pid_started='',heartbeat=ended WHERE id=?`, f.Host, id)
	})
}

// takePoints writes the points in transactions of a thousand, so that other
// processes can write in between.
func (db *DB) takePoints(ctx context.Context, f *Foreign, r *runState) error {
	if f.Points == nil {
		return nil
	}
	batch := make([]core.Point, 0, 1000)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := db.w.submit(&request{run: r, points: batch})
		batch = batch[:0]
		if err == nil {
			err = ctx.Err()
		}
		return err
	}
	err := f.Points(func(p core.Point) error {
		if !isPrintable(p.Metric) {
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("run %s cannot be imported: a metric is called %q", f.UID, p.Metric)}
		}
		batch = append(batch, p)
		if len(batch) < cap(batch) {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// takeFiles writes the files of the run and puts its folder in place when all of
// them are there.
func (db *DB) takeFiles(ctx context.Context, f *Foreign) (files []core.Artifact, err error) {
	tmp, err := os.MkdirTemp(filepath.Join(db.home, runsDir), tempPrefix+"import-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp) // not there once renamed
	for _, x := range f.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if x.Kind == logKind {
			x.Path = logName
		}
		if x.Open != nil {
			if err := x.write(filepath.Join(tmp, filepath.FromSlash(x.Path))); err != nil {
				return nil, err
			}
		}
		if x.Kind != logKind {
			files = append(files, x.Artifact)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, err
	}
	dir := db.runDir(f.UID)
	if err := os.RemoveAll(dir); err != nil { // of nobody: there was no row
		return nil, err
	}
	return files, os.Rename(tmp, dir)
}

// write copies the file to path, and fills in or checks hash and size.
func (x *ForeignFile) write(path string) (err error) {
	in, err := x.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return &core.Error{Kind: core.Usage, Msg: "two files have the path " + x.Path}
		}
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), in)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if x.SHA256 != "" && (x.SHA256 != sum || x.Bytes != n) {
		return &core.Error{Kind: core.Usage, Msg: "file " + x.Path + " was changed: it is not the one that its hash is of"}
	}
	x.SHA256, x.Bytes = sum, n
	return nil
}
