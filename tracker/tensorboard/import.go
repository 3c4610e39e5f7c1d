package tensorboard

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // pictures in event files
	_ "image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lab/core"
	"lab/tracker"
)

// Family is the family of imported runs.
const Family = "tensorboard"

// Import takes the runs below a folder in, as TensorBoard would show them: every
// folder with event files is one, named by its path. The folder's own name is the
// recipe. Runs that are there already stay as they are.
//
// Scalars become metrics, TensorFlow's and PyTorch's alike; pictures become
// artifacts; hyperparameters of the HParams plugin become parameters. Times count
// from the first event. A last record that is not complete is passed over, as
// TensorBoard does; a damaged one is an error of kind Usage, and so is a folder
// without event files.
func Import(ctx context.Context, db *tracker.DB, dir string) (*tracker.ImportReport, error) {
	runs, err := find(dir)
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: "import " + dir, Err: err}
	}
	if len(runs) == 0 {
		return nil, &core.Error{Kind: core.Usage, Msg: "there are no event files of TensorBoard below " + dir}
	}
	rep := &tracker.ImportReport{}
	for _, r := range runs {
		if err := r.scan(); err != nil {
			return rep, unreadable(err)
		}
		if r.first == 0 {
			rep.Note("%s holds no events", r.rel)
			continue
		}
		var unread error
		f := r.foreign(&unread)
		added, err := db.Add(ctx, f)
		if unread != nil {
			return rep, unreadable(unread)
		}
		if err != nil {
			return rep, err
		}
		if r.skipped > 0 {
			rep.Note("%s: %d values that are no scalars, pictures or hyperparameters were left out", r.rel, r.skipped)
		}
		rep.Runs = append(rep.Runs, tracker.Imported{UID: f.UID, Added: added})
	}
	return rep, nil
}

func unreadable(err error) error {
	if core.KindOf(err) != core.Other {
		return err
	}
	return &core.Error{Kind: core.Usage, Msg: "the event files cannot be imported", Err: err}
}

// run is a folder with event files.
type run struct {
	recipe, rel string
	files       []string // in the order of their names, which begin with a time

	// Found by scan.
	first, last float64 // seconds since 1970
	params      []core.Param
	status      core.Status
	pictures    []picture
	scalars     []string // tags, in order
	skipped     int
}

// picture is one in an event file.
type picture struct {
	file   string
	offset int64 // of its record
	index  int   // of the value in the event
	tag    string
	format string
	step   int64
}

func find(dir string) ([]*run, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var runs []*run
	at := map[string]*run{}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.Contains(e.Name(), "tfevents") || strings.HasSuffix(e.Name(), ".profile-empty") {
			return err
		}
		folder := filepath.Dir(path)
		if at[folder] == nil {
			rel, err := filepath.Rel(dir, folder)
			if err != nil {
				return err
			}
			at[folder] = &run{recipe: filepath.Base(abs), rel: filepath.ToSlash(rel), status: core.Finished}
			runs = append(runs, at[folder])
		}
		at[folder].files = append(at[folder].files, path)
		return nil
	})
	return runs, err
}

// events calls f for every event of every file.
func (r *run) events(f func(file string, at int64, e *event) error) error {
	for _, file := range r.files {
		if err := eachEvent(file, func(at int64, e *event) error { return f(file, at, e) }); err != nil {
			return err
		}
	}
	return nil
}

func eachEvent(file string, f func(at int64, e *event) error) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	for records := newRecordReader(in); ; {
		data, err := records.read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		e, err := decode(data)
		if err == nil && (math.IsNaN(e.wall) || e.wall < 0 || e.wall > maxWall) {
			err = fmt.Errorf("a wall time of %v", e.wall)
		}
		if err != nil {
			return fault(file, records.offset, err)
		}
		if err := f(records.offset, &e); err != nil {
			return err
		}
	}
}

// maxWall is a time far off that still fits a time.Duration.
const maxWall = 1 << 33

// scan finds everything but the points.
func (r *run) scan() error {
	return r.events(func(file string, at int64, e *event) error {
		if e.wall > 0 && len(e.values) > 0 { // the first event only names the format
			if r.first == 0 || e.wall < r.first {
				r.first = e.wall
			}
			r.last = max(r.last, e.wall)
		}
		for i := range e.values {
			v := &e.values[i]
			if v.plugin == hparamsPlugin {
				if err := decodeHParams(v.content, &r.params, &r.status); err != nil {
					return fault(file, at, err)
				}
				continue
			}
			_, ok, err := v.scalar()
			if err != nil {
				return fault(file, at, err)
			}
			if ok {
				if !slices.Contains(r.scalars, v.tag) {
					r.scalars = append(r.scalars, v.tag)
				}
				continue
			}
			img, err := v.picture()
			if err != nil {
				return fault(file, at, err)
			}
			if _, format, err := image.DecodeConfig(bytes.NewReader(img)); img != nil && err == nil {
				r.pictures = append(r.pictures, picture{file, at, i, v.tag, format, e.step})
			} else {
				r.skipped++
			}
		}
		return nil
	})
}

func (r *run) foreign(unread *error) *tracker.Foreign {
	name := r.rel
	if name == "." {
		name = r.recipe
	}
	key := []string{Family, r.rel}
	for _, f := range r.files {
		key = append(key, filepath.Base(f)) // which has time, host and process
	}
	f := &tracker.Foreign{
		UID:    tracker.ForeignUID(append(key, core.FormatFloat(r.first))...),
		NewRun: tracker.NewRun{Family: Family, Recipe: r.recipe, Name: tracker.AsWord(name)},
		Status: r.status, Started: unix(r.first), Ended: unix(r.last), Elapsed: unix(r.last).Sub(unix(r.first)),
	}
	seen := map[string]bool{}
	for _, p := range r.params {
		if !seen[p.Key] {
			f.Params = append(f.Params, p)
		}
		seen[p.Key] = true
	}
	slices.SortFunc(f.Params, func(a, b core.Param) int { return strings.Compare(a.Key, b.Key) })
	for _, tag := range r.scalars {
		f.Metrics = append(f.Metrics, core.MetricSpec{Name: tag})
	}
	paths := map[string]bool{}
	for _, p := range r.pictures {
		tag := tracker.AsWord(p.tag)
		path := fmt.Sprintf("artifacts/%s-%06d.%s", strings.ReplaceAll(tag, "/", "-"), p.step, p.format)
		if tag == "" || paths[path] { // logged again: the first stays
			continue
		}
		paths[path] = true
		f.Files = append(f.Files, tracker.ForeignFile{Artifact: core.Artifact{Name: tag, Kind: "image", Path: path, Step: p.step}, Open: p.open})
	}
	f.Points = func(put func(core.Point) error) error {
		var refused error
		err := r.events(func(_ string, _ int64, e *event) error {
			for i := range e.values {
				x, ok, err := e.values[i].scalar()
				if err != nil || !ok {
					continue // scan has met the error
				}
				p := core.Point{Metric: e.values[i].tag, Step: e.step, Value: x, Time: unix(e.wall).Sub(unix(r.first))}
				if refused = put(p); refused != nil {
					return refused
				}
			}
			return nil
		})
		if refused == nil {
			*unread = err
		}
		return err
	}
	return f
}

func unix(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }

// open reads the picture from its event file again.
func (p picture) open() (io.ReadCloser, error) {
	in, err := os.Open(p.file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if _, err := in.Seek(p.offset, io.SeekStart); err != nil {
		return nil, err
	}
	data, err := newRecordReader(in).read()
	if err != nil {
		return nil, err
	}
	e, err := decode(data)
	if err != nil || p.index >= len(e.values) {
		return nil, fault(p.file, p.offset, errMalformed)
	}
	img, err := e.values[p.index].picture()
	return io.NopCloser(bytes.NewReader(img)), err
}
