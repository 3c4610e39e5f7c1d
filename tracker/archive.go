package tracker

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"lab/core"
)

// An archive of runs is a zip file:
//
//	lab-runs.json         names every other entry with its SHA-256
//	runs/UID/run.json     everything but points and files
//	runs/UID/points.csv   metric,step,time_ms,value
//	runs/UID/log.txt
//	blobs/SHA256.ext      the files of the runs; equal files are there once
//
// The SHA-256 of lab-runs.json is the archive's id: whoever compares that has
// compared everything. Without it, what is refused is whatever does not fit: an
// entry to its hash, a file to its name, points and models to the run's hash.
const (
	archiveFormat  = "lab runs"
	archiveVersion = 1
	indexName      = "lab-runs.json"
	pointsHeader   = "metric,step,time_ms,value"
)

type archiveIndex struct {
	Format  string            `json:"format"`
	Version int               `json:"version"`
	Lab     string            `json:"lab"`
	Runs    []string          `json:"runs"`
	Entries map[string]string `json:"entries"` // name → SHA-256
}

// archivedRun is run.json. Times are Unix milliseconds, durations milliseconds,
// hashes hex.
type archivedRun struct {
	UID           string            `json:"uid"`
	Family        string            `json:"family"`
	FamilyVersion string            `json:"family_version"`
	Recipe        string            `json:"recipe"`
	Name          string            `json:"name,omitempty"`
	Note          string            `json:"note,omitempty"`
	Seed          uint64            `json:"seed"`
	Command       []string          `json:"command"`
	Status        core.Status       `json:"status"`
	Reason        string            `json:"reason,omitempty"`
	ExitCode      *int              `json:"exit_code,omitempty"`
	ExitSignal    string            `json:"exit_signal,omitempty"`
	Started       int64             `json:"started"`
	Ended         int64             `json:"ended"`
	Elapsed       int64             `json:"elapsed"`
	Host          string            `json:"host,omitempty"`
	Parent        string            `json:"parent,omitempty"`
	Sweep         string            `json:"sweep,omitempty"`
	PeakMemory    int64             `json:"peak_memory,omitempty"`
	Progress      core.Progress     `json:"progress"`
	Hash          string            `json:"hash"`
	Params        []archivedParam   `json:"params"`
	Metrics       []archivedMetric  `json:"metrics"`
	Tags          []string          `json:"tags"`
	Facts         []core.Fact       `json:"facts"`
	From          []Source          `json:"from"`
	Files         []archivedFile    `json:"files"`
	Marks         []archivedMark    `json:"marks,omitempty"`
	Attempts      []archivedAttempt `json:"attempts,omitempty"`
}

type archivedParam struct {
	Key     string    `json:"key"`
	Type    core.Type `json:"type"`
	Value   string    `json:"value"`
	Default bool      `json:"default,omitempty"`
}

type archivedMetric struct {
	Name     string         `json:"name"`
	Unit     string         `json:"unit,omitempty"`
	Goal     core.Direction `json:"goal,omitempty"` // 1 lower, 2 higher is better
	Promised bool           `json:"promised,omitempty"`
	Points   int64          `json:"points"`
	Chain    string         `json:"chain,omitempty"` // where it cannot be computed from the points
}

type archivedFile struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Step   int64  `json:"step,omitempty"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Blob   string `json:"blob,omitempty"` // entry; "" when the file was gone
}

type archivedMark struct {
	Checkpoint int64  `json:"checkpoint"`
	Metric     string `json:"metric"`
	Step       int64  `json:"step"`
	Chain      string `json:"chain"`
}

type archivedAttempt struct {
	Number     int64             `json:"number"`
	Status     core.Status       `json:"status"`
	Reason     string            `json:"reason,omitempty"`
	Ended      int64             `json:"ended"`
	Elapsed    int64             `json:"elapsed"`
	Host       string            `json:"host,omitempty"`
	Facts      map[string]string `json:"facts"`
	Checkpoint int64             `json:"checkpoint"`
	Resumed    int64             `json:"resumed"`
}

// Exported is what went into an archive.
type Exported struct {
	ID      string   // SHA-256 of its index
	Runs    []string // uids
	Missing []string // artifacts left out because their file is gone or was changed, one line each
}

// Export writes an archive of runs. A run that is still running is refused.
// Points that an earlier attempt had logged beyond its checkpoint stay behind.
func (db *DB) Export(ctx context.Context, w io.Writer, refs ...string) (*Exported, error) {
	x := &exporter{zip: zip.NewWriter(w), index: archiveIndex{Format: archiveFormat, Version: archiveVersion, Lab: db.opts.Version, Entries: map[string]string{}}}
	for _, ref := range refs {
		uid, err := db.Resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		if _, twice := x.index.Entries["runs/"+uid+"/run.json"]; twice {
			continue
		}
		if err := x.run(ctx, db, uid); err != nil {
			return nil, storageError("export run "+uid+" from", db.path, err)
		}
		x.index.Runs = append(x.index.Runs, uid)
	}
	e := &Exported{Runs: x.index.Runs, Missing: x.missing}
	text, err := json.MarshalIndent(x.index, "", " ")
	if err == nil {
		err = x.entry(indexName, zip.Deflate, func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	if err == nil {
		err = x.zip.Close()
	}
	sum := sha256.Sum256(text)
	e.ID = hex.EncodeToString(sum[:])
	return e, storageError("export from", db.path, err)
}

type exporter struct {
	zip     *zip.Writer
	index   archiveIndex
	missing []string
}

// entry writes one entry and notes its hash.
func (x *exporter) entry(name string, method uint16, write func(io.Writer) error) error {
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method}) // no time: equal runs make equal archives
	if err != nil {
		return err
	}
	h := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(w, h), 64<<10)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	x.index.Entries[name] = hex.EncodeToString(h.Sum(nil))
	return nil
}

func (x *exporter) run(ctx context.Context, db *DB, uid string) error {
	d, err := db.Show(ctx, uid)
	if err != nil {
		return err
	}
	if d.Status == core.Running {
		return &core.Error{Kind: core.Usage, Msg: "run " + uid + " is still running"}
	}
	if len(d.Hash) == 0 { // found lost by a reader
		return &core.Error{Kind: core.Usage, Msg: "run " + uid + " has not been closed yet", Try: "any lab command that writes to " + db.home + " first"}
	}
	a := archive(d)
	if err := a.readRest(ctx, db); err != nil {
		return err
	}
	for i := range a.Files {
		if err := x.blob(ctx, d, &a.Files[i]); err != nil {
			return err
		}
	}
	prefix := "runs/" + uid + "/"
	err = x.entry(prefix+"run.json", zip.Deflate, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(a)
	})
	if err != nil {
		return err
	}
	err = x.entry(prefix+"points.csv", zip.Deflate, func(w io.Writer) error {
		if _, err := io.WriteString(w, pointsHeader+"\n"); err != nil {
			return err
		}
		var line []byte
		for _, m := range d.Metrics {
			name := csvField(m.Name)
			err := db.Points(ctx, uid, m.Name, func(p core.Point) error {
				line = append(append(line[:0], name...), ',')
				line = append(strconv.AppendInt(line, p.Step, 10), ',')
				line = append(strconv.AppendInt(line, p.Time.Milliseconds(), 10), ',')
				line = append(append(line, core.FormatFloat(p.Value)...), '\n')
				_, err := w.Write(line)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || d.LogPath == "" {
		return err
	}
	return x.entry(prefix+logName, zip.Deflate, func(w io.Writer) error { return copyFrom(w, d.LogPath) })
}

// blob writes the file of an artifact, unless it is in the archive.
func (x *exporter) blob(ctx context.Context, d *Detail, f *archivedFile) error {
	path := d.Path(core.Artifact{Path: f.Path})
	if fault := checkArtifact(ctx, path, core.Artifact{SHA256: f.SHA256, Bytes: f.Bytes}); fault != "" {
		x.missing = append(x.missing, fmt.Sprintf("%s of run %s %s: %s", f.Name, d.UID, fault, path))
		return ctx.Err()
	}
	f.Blob = blobName(f.SHA256, f.Path)
	if _, ok := x.index.Entries[f.Blob]; ok {
		return nil
	}
	method := zip.Deflate
	if strings.HasSuffix(f.Path, ".png") {
		method = zip.Store
	}
	return x.entry(f.Blob, method, func(w io.Writer) error { return copyFrom(w, path) })
}

// blobName keeps the extension, so that a colleague can open the file.
func blobName(sha256, file string) string { return "blobs/" + sha256 + path.Ext(file) }

func copyFrom(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func csvField(s string) string {
	if strings.ContainsAny(s, "\",") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func archive(d *Detail) *archivedRun {
	a := &archivedRun{UID: d.UID, Family: d.Family, FamilyVersion: d.FamilyVersion, Recipe: d.Recipe, Name: d.Name, Note: d.Note, Seed: d.Seed,
		Command: d.CommandLine, Status: d.Status, Reason: d.Reason, ExitCode: d.ExitCode, ExitSignal: d.ExitSignal, Started: d.Started.UnixMilli(),
		Ended: d.Ended.UnixMilli(), Elapsed: d.Elapsed.Milliseconds(), Host: d.Host, Parent: d.Parent, Sweep: d.Sweep, PeakMemory: d.PeakMemory,
		Progress: d.Progress, Hash: hex.EncodeToString(d.Hash), Tags: d.Tags, Facts: d.Facts, From: d.Sources}
	for _, p := range d.Params {
		a.Params = append(a.Params, archivedParam(p))
	}
	for _, x := range d.Artifacts {
		a.Files = append(a.Files, archivedFile{Kind: x.Kind, Name: x.Name, Step: x.Step, Path: x.Path, SHA256: x.SHA256, Bytes: x.Bytes})
	}
	for _, t := range d.History {
		a.Attempts = append(a.Attempts, archivedAttempt{int64(t.Number), t.Status, t.Reason, t.Ended.UnixMilli(), t.Elapsed.Milliseconds(), t.Host, t.Facts, t.Checkpoint, t.Resumed.UnixMilli()})
	}
	return a
}

// readRest adds what [Detail] does not have.
func (a *archivedRun) readRest(ctx context.Context, db *DB) error {
	return db.snapshot(ctx, func(tx querier, fates []fate) error {
		run, err := resolve(ctx, tx, a.UID, fates)
		if err != nil {
			return err
		}
		err = forRows(ctx, tx, `SELECT name,unit,goal,position IS NOT NULL,n,ordered,chain FROM latest JOIN metric_name ON id=metric_id WHERE run_id=?
			ORDER BY position IS NULL,position,name`, run, func(rows *sql.Rows) error {
			var (
				m       archivedMetric
				ordered bool
				chain   []byte
			)
			err := rows.Scan(&m.Name, &m.Unit, &m.Goal, &m.Promised, &m.Points, &ordered, &chain)
			if !ordered {
				m.Chain = hex.EncodeToString(chain)
			}
			a.Metrics = append(a.Metrics, m)
			return err
		})
		if err != nil {
			return err
		}
		return forRows(ctx, tx, `SELECT checkpoint,name,step,chain FROM mark JOIN metric_name ON id=metric_id WHERE run_id=? ORDER BY checkpoint,name`,
			run, func(rows *sql.Rows) error {
				var (
					m     archivedMark
					chain []byte
				)
				err := rows.Scan(&m.Checkpoint, &m.Metric, &m.Step, &chain)
				m.Chain = hex.EncodeToString(chain)
				a.Marks = append(a.Marks, m)
				return err
			})
	})
}

// hashing counts and hashes what is read through it.
type hashing struct {
	io.Reader
	h hash.Hash
}

func (r hashing) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.h.Write(p[:n])
	return n, err
}
