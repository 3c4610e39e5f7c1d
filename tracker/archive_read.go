package tracker

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"lab/core"
)

const (
	maxArchiveJSON = 64 << 20 // bytes of an index or a run.json
	maxPointsLine  = 4096
)

// Imported is one run that was to be taken in.
type Imported struct {
	UID   string
	Added bool // false: it was there already
}

// Import takes the runs of an archive of size bytes in; those that are there
// already stay as they are. It returns the archive's id. Errors are of kind Usage
// when the archive is damaged or was changed; runs before the one with the fault
// are in then.
func (db *DB) Import(ctx context.Context, r io.ReaderAt, size int64) (id string, runs []Imported, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return "", nil, badArchive("it is no zip file, or not whole")
	}
	a := &importer{entries: map[string]*zip.File{}}
	for _, f := range z.File {
		if a.entries[f.Name] != nil {
			return "", nil, badArchive("it has two entries %q", f.Name)
		}
		a.entries[f.Name] = f
	}
	text, err := a.all(indexName)
	if err != nil {
		return "", nil, err
	}
	if err := a.readIndex(text); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(text)
	for _, uid := range a.index.Runs {
		f, err := a.run(uid)
		if err != nil {
			return "", runs, err
		}
		added, err := db.Add(ctx, f)
		if err != nil {
			return "", runs, err
		}
		runs = append(runs, Imported{uid, added})
	}
	return hex.EncodeToString(sum[:]), runs, nil
}

func badArchive(format string, args ...any) error {
	return &core.Error{Kind: core.Usage, Msg: "the archive cannot be imported: " + fmt.Sprintf(format, args...)}
}

type importer struct {
	entries map[string]*zip.File
	index   archiveIndex
}

func (a *importer) readIndex(text []byte) error {
	err := json.Unmarshal(text, &a.index)
	switch {
	case err != nil || a.index.Format != archiveFormat:
		return badArchive("it holds no runs of lab")
	case a.index.Version > archiveVersion:
		return badArchive("it was written by a newer lab (%s, format %d; this lab knows up to %d)", a.index.Lab, a.index.Version, archiveVersion)
	}
	for name := range a.index.Entries {
		if a.entries[name] == nil {
			return badArchive("%q is missing", name)
		}
	}
	for name := range a.entries {
		if name != indexName && a.index.Entries[name] == "" {
			return badArchive("%q is not in its index", name)
		}
	}
	return nil
}

// open reads an entry; its end is an error when it was not what the index says.
func (a *importer) open(name string) (io.ReadCloser, error) {
	f := a.entries[name]
	if f == nil {
		return nil, badArchive("%q is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, badArchive("%q: %v", name, err)
	}
	return &checked{hashing{r, sha256.New()}, r, name, a.index.Entries[name]}, nil
}

type checked struct {
	hashing
	close io.Closer
	name  string
	want  string // "" for the index
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.hashing.Read(p)
	switch {
	case err == io.EOF && c.want != "" && hex.EncodeToString(c.h.Sum(nil)) != c.want:
		err = badArchive("%q was changed", c.name)
	case err != nil && err != io.EOF:
		err = badArchive("%q: %v", c.name, err)
	}
	return n, err
}

func (c *checked) Close() error { return c.close.Close() }

// all reads a whole entry.
func (a *importer) all(name string) ([]byte, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxArchiveJSON+1))
	if err == nil && len(b) > maxArchiveJSON {
		err = badArchive("%q is too long", name)
	}
	return b, err
}

func (a *importer) run(uid string) (*Foreign, error) {
	prefix := "runs/" + uid + "/"
	text, err := a.all(prefix + "run.json")
	if err != nil {
		return nil, err
	}
	var x archivedRun
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, badArchive("run %s: %v", uid, err)
	}
	if x.UID != uid {
		return nil, badArchive("the run in %s is %q", prefix, x.UID)
	}
	f := &Foreign{UID: uid,
		NewRun: NewRun{Family: x.Family, FamilyVersion: x.FamilyVersion, Recipe: x.Recipe, Seed: x.Seed, Name: x.Name, Note: x.Note, Tags: x.Tags,
			From: x.From, Parent: x.Parent, Sweep: x.Sweep, CommandLine: x.Command, Environment: x.Facts},
		Status: x.Status, Reason: x.Reason, ExitCode: x.ExitCode, ExitSignal: x.ExitSignal, Started: time.UnixMilli(x.Started), Ended: time.UnixMilli(x.Ended),
		Elapsed: time.Duration(x.Elapsed) * time.Millisecond, Host: x.Host, Progress: x.Progress, PeakMemory: x.PeakMemory,
		chains: map[string]chain{}, marks: x.Marks, past: x.Attempts}
	if f.hash, err = hex.DecodeString(x.Hash); err != nil || len(f.hash) != sha256.Size {
		return nil, badArchive("run %s has no hash", uid)
	}
	for _, p := range x.Params {
		f.Params = append(f.Params, core.Param(p))
	}
	for _, m := range x.Metrics {
		if m.Promised {
			f.Metrics = append(f.Metrics, core.MetricSpec{Name: m.Name, Unit: m.Unit, Goal: m.Goal})
		}
		if m.Chain != "" {
			c, err := parseChain(m.Chain)
			if err != nil {
				return nil, badArchive("metric %q of run %s: %v", m.Name, uid, err)
			}
			f.chains[m.Name] = c
		}
	}
	for _, y := range x.Files {
		file := ForeignFile{Artifact: core.Artifact{Name: y.Name, Kind: y.Kind, Path: y.Path, SHA256: y.SHA256, Bytes: y.Bytes, Step: y.Step}}
		if b, err := hex.DecodeString(y.SHA256); err != nil || len(b) != sha256.Size || y.Kind == logKind {
			return nil, badArchive("file %q of run %s is malformed", y.Name, uid)
		}
		if y.Blob != "" {
			name := y.Blob
			if name != blobName(y.SHA256, y.Path) {
				return nil, badArchive("file %q of run %s lies in %q", y.Name, uid, name)
			}
			file.Open = func() (io.ReadCloser, error) { return a.open(name) }
		}
		f.Files = append(f.Files, file)
	}
	if a.entries[prefix+logName] != nil {
		f.Files = append(f.Files, ForeignFile{Artifact: core.Artifact{Name: logName, Kind: logKind, Path: logName},
			Open: func() (io.ReadCloser, error) { return a.open(prefix + logName) }})
	}
	f.Points = func(put func(core.Point) error) error {
		r, err := a.open(prefix + "points.csv")
		if err != nil {
			return err
		}
		defer r.Close()
		return readPoints(r, put)
	}
	return f, nil
}

func parseChain(s string) (c chain, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(c) {
		err = fmt.Errorf("a chain has %d bytes", len(b))
	}
	copy(c[:], b)
	return c, err
}

// readPoints reads points.csv.
func readPoints(r io.Reader, put func(core.Point) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	name, raw := "", []byte(nil) // of the line before
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err != nil && err != bufio.ErrBufferFull && err != io.EOF:
			return err
		case err != nil || len(line) > maxPointsLine:
			return badArchive("line %d of the points is cut off or too long", n)
		}
		line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
		if n == 1 {
			if string(line) != pointsHeader {
				return badArchive("the points begin with %q", line)
			}
			continue
		}
		v, rest := cutLast(line)
		t, rest := cutLast(rest)
		step, metric := cutLast(rest)
		p := core.Point{}
		ms, err1 := strconv.ParseInt(string(t), 10, 64)
		p.Step, err = strconv.ParseInt(string(step), 10, 64)
		p.Value, _ = strconv.ParseFloat(string(v), 64)
		if err != nil || err1 != nil || core.FormatFloat(p.Value) != string(v) || ms > maxTime || ms < -maxTime {
			return badArchive("line %d of the points is malformed", n)
		}
		p.Time = time.Duration(ms) * time.Millisecond
		if !bytes.Equal(metric, raw) || n == 2 {
			raw = append(raw[:0], metric...)
			name = string(metric)
			if len(name) > 1 && name[0] == '"' {
				name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
			}
		}
		p.Metric = name
		if err := put(p); err != nil {
			return err
		}
	}
}

// maxTime is the most milliseconds that a time.Duration holds.
const maxTime = int64(1<<63-1) / int64(time.Millisecond)

// cutLast cuts off what follows the last comma.
func cutLast(line []byte) (last, rest []byte) {
	i := bytes.LastIndexByte(line, ',')
	if i < 0 {
		return line, nil
	}
	return line[i+1:], line[:i]
}

// writePast writes the marks and earlier attempts of an archived run.
func (f *Foreign) writePast(c *conn, w *writer, run int64) error {
	if err := c.exec(`DELETE FROM mark WHERE run_id=?`, run); err != nil { // those that the checkpoints just got
		return err
	}
	for _, m := range f.marks {
		ch, err := parseChain(m.Chain)
		if err != nil || !isPrintable(m.Metric) {
			return badArchive("a mark of run %s is malformed", f.UID)
		}
		metric, err := w.metricID(m.Metric)
		if err != nil {
			return err
		}
		if err := c.exec(`INSERT OR IGNORE INTO mark(run_id,checkpoint,metric_id,step,chain) VALUES(?,?,?,?,?)`, run, m.Checkpoint, metric, m.Step, ch[:]); err != nil {
			return err
		}
	}
	for _, a := range f.past {
		facts, err := json.Marshal(a.Facts)
		if err != nil {
			return err
		}
		if err := c.exec(`INSERT OR IGNORE INTO attempt(run_id,number,status,reason,exit_signal,ended,elapsed,host,environment,peak_memory,checkpoint,resumed)
			VALUES(?,?,?,?,'',?,?,?,?,0,?,?)`, run, a.Number, string(a.Status), a.Reason, a.Ended, a.Elapsed, a.Host, string(facts), a.Checkpoint, a.Resumed); err != nil {
			return err
		}
	}
	return nil
}
