package mlflow

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lab/core"
	"lab/tracker"
)

// Family is the family of imported runs.
const Family = "mlflow"

// maxText bounds what is read of a parameter or tag, in characters; MLflow's own
// limit is 8000.
const maxText = 10_000

// Import takes the runs of an MLflow database in, all or those of one experiment.
// Runs that are there already stay as they are; deleted ones are left out. Points
// keep MLflow's time stamps, counted from the run's start; where a metric has
// several values at a step the last one counts; MLflow's stand-ins for infinity
// become infinite again. Artifacts are copied where they lie in a local folder.
//
// Errors are of kind Usage when the file is no MLflow database, or damaged, and
// of kind Storage when lab's cannot be written.
func Import(ctx context.Context, db *tracker.DB, file, experiment string) (*tracker.ImportReport, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: "import " + file, Err: err}
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath()}
	src, err := sql.Open("sqlite3", u.String()+"?mode=ro&_query_only=1&_busy_timeout=10000")
	if err != nil {
		return nil, err
	}
	defer src.Close()
	im := &importer{ctx: ctx, src: src, dir: filepath.Dir(file), report: &tracker.ImportReport{}}
	runs, err := im.runs(experiment)
	if err != nil {
		return nil, damaged(file, err)
	}
	for _, r := range runs {
		if err := im.rest(&r); err != nil {
			return im.report, damaged(file, err)
		}
		var unread error // of points: Add cannot tell whose error it is
		f := im.foreign(&r, &unread)
		added, err := db.Add(ctx, f)
		if unread != nil {
			return im.report, damaged(file, unread)
		}
		if err != nil {
			return im.report, err
		}
		im.report.Runs = append(im.report.Runs, tracker.Imported{UID: f.UID, Added: added})
	}
	return im.report, nil
}

func damaged(file string, err error) error {
	if core.KindOf(err) != core.Other {
		return err
	}
	return &core.Error{Kind: core.Usage, Msg: file + " is no database of MLflow, or damaged", Err: err}
}

type importer struct {
	ctx    context.Context
	src    *sql.DB
	dir    string // that relative artifact locations start from
	report *tracker.ImportReport
}

// run is a row of runs with its params and tags.
type run struct {
	id, name, experiment, status, artifacts string
	start, end                              int64 // ms; end 0 when unknown
	params, tags                            map[string]string
	metrics                                 []string
}

func (im *importer) runs(experiment string) (runs []run, err error) {
	deleted := 0
	err = im.each(`SELECT run_uuid,coalesce(r.name,''),e.name,coalesce(status,''),coalesce(start_time,0),coalesce(end_time,0),
		coalesce(artifact_uri,''),coalesce(r.lifecycle_stage,'')='deleted' FROM runs r JOIN experiments e USING(experiment_id)
		WHERE ?1='' OR e.name=?1 ORDER BY start_time,run_uuid`, experiment, func(rows *sql.Rows) error {
		var (
			r    run
			gone bool
		)
		err := rows.Scan(&r.id, &r.name, &r.experiment, &r.status, &r.start, &r.end, &r.artifacts, &gone)
		if gone {
			deleted++
		} else {
			runs = append(runs, r)
		}
		return err
	})
	if err == nil && experiment != "" && len(runs)+deleted == 0 {
		var names []string
		err = im.each(`SELECT name FROM experiments WHERE ?1<>'' ORDER BY name`, experiment, func(rows *sql.Rows) error {
			var n string
			err := rows.Scan(&n)
			names = append(names, n)
			return err
		})
		if err == nil {
			err = &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no experiment %q has runs", experiment), Try: strings.Join(names, ", ")}
		}
	}
	if deleted > 0 {
		im.report.Note("runs that were deleted are left out: %d", deleted)
	}
	return runs, err
}

func (im *importer) each(query, arg string, scan func(*sql.Rows) error) error {
	rows, err := im.src.QueryContext(im.ctx, query, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rest reads params, tags and the names of metrics.
func (im *importer) rest(r *run) error {
	for _, part := range []struct {
		table string
		into  *map[string]string
	}{{"params", &r.params}, {"tags", &r.tags}} {
		*part.into = map[string]string{}
		err := im.each(fmt.Sprintf(`SELECT substr(key,1,%d),substr(coalesce(value,''),1,%d) FROM %s WHERE run_uuid=?`, maxText, maxText, part.table),
			r.id, func(rows *sql.Rows) error {
				var k, v string
				err := rows.Scan(&k, &v)
				(*part.into)[k] = v
				return err
			})
		if err != nil {
			return err
		}
	}
	return im.each(`SELECT DISTINCT key FROM metrics WHERE run_uuid=? ORDER BY key`, r.id, func(rows *sql.Rows) error {
		var k string
		err := rows.Scan(&k)
		r.metrics = append(r.metrics, k)
		return err
	})
}

var statuses = map[string]core.Status{"FINISHED": core.Finished, "FAILED": core.Failed, "KILLED": core.Cancelled}

func (im *importer) foreign(r *run, unread *error) *tracker.Foreign {
	f := &tracker.Foreign{
		UID:    tracker.ForeignUID(Family, r.id),
		NewRun: tracker.NewRun{Family: Family, Recipe: r.experiment, Name: tracker.AsWord(r.name)},
		Status: statuses[r.status], Started: time.UnixMilli(r.start), Files: im.files(r),
	}
	if f.Status == "" {
		f.Status, f.Reason = core.Lost, "MLflow has it as "+strings.ToLower(r.status)
	}
	if r.end > 0 {
		f.Ended = time.UnixMilli(r.end)
		f.Elapsed = max(0, f.Ended.Sub(f.Started))
	}
	for _, k := range sortedKeys(r.params) {
		p := tracker.GuessParam(k, r.params[k])
		f.Params = append(f.Params, p)
		if k == "seed" || k == "random_seed" || k == "random_state" {
			if seed, err := strconv.ParseUint(p.Value, 10, 64); err == nil {
				f.Seed = seed
			}
		}
	}
	f.Environment = append(f.Environment, core.Fact{Key: "mlflow.run_id", Value: r.id})
	if f.Name != r.name {
		f.Environment = append(f.Environment, core.Fact{Key: "mlflow.run_name", Value: r.name})
	}
	for _, k := range sortedKeys(r.tags) {
		im.tag(f, k, r.tags[k])
	}
	for _, name := range r.metrics {
		f.Metrics = append(f.Metrics, core.MetricSpec{Name: name})
	}
	f.Points = func(put func(core.Point) error) error {
		err := im.points(r, func(p core.Point) error {
			if err := put(p); err != nil {
				return &refused{err}
			}
			return nil
		})
		if e, ok := err.(*refused); ok {
			return e.error
		}
		*unread = err
		return err
	}
	return f
}

// refused is an error of lab's side, not of MLflow's database.
type refused struct{ error }

func sortedKeys(m map[string]string) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// tag finds a place for one of MLflow's tags.
func (im *importer) tag(f *tracker.Foreign, key, value string) {
	switch key {
	case "mlflow.note.content":
		f.Note = value
	case "mlflow.parentRunId":
		f.Sweep = tracker.ForeignUID(Family, value) // nested runs are parts of one search
	case "mlflow.runName":
	case "mlflow.source.git.commit":
		f.Environment = append(f.Environment, core.Fact{Key: "git.commit", Value: value})
	case "mlflow.source.git.branch":
		f.Environment = append(f.Environment, core.Fact{Key: "git.branch", Value: value})
	default:
		word := tracker.AsWord(key)
		if word != "" && !strings.HasPrefix(key, "mlflow.") && (value == "" || strings.EqualFold(value, "true")) {
			f.Tags = append(f.Tags, word)
			return
		}
		if !strings.HasPrefix(key, "mlflow.") {
			key = "mlflow.tag." + key
		}
		f.Environment = append(f.Environment, core.Fact{Key: key, Value: value})
	}
}

// points gives the points of a run, metric by metric.
func (im *importer) points(r *run, put func(core.Point) error) error {
	return im.each(`SELECT key,step,timestamp,CAST(value AS REAL),is_nan<>0 FROM metrics WHERE run_uuid=? ORDER BY key,step,timestamp`, r.id, func(rows *sql.Rows) error {
		var (
			p   core.Point
			at  int64
			nan bool
		)
		if err := rows.Scan(&p.Metric, &p.Step, &at, &p.Value, &nan); err != nil {
			return err
		}
		switch {
		case nan:
			p.Value = math.NaN()
		case p.Value >= math.MaxFloat64:
			p.Value = math.Inf(1)
		case p.Value <= -math.MaxFloat64:
			p.Value = math.Inf(-1)
		}
		p.Time = time.UnixMilli(at).Sub(time.UnixMilli(r.start))
		return put(p)
	})
}

var kinds = map[string]string{".png": "image", ".jpg": "image", ".jpeg": "image", ".csv": "table", ".txt": "text", ".md": "text", ".json": "text",
	".yaml": "text", ".html": "text", ".onnx": "model"}

// files lists the artifacts of a run that lie in a local folder.
func (im *importer) files(r *run) (files []tracker.ForeignFile) {
	root, ok := localPath(r.artifacts)
	if !ok {
		im.report.Note("the artifacts of run %s are not on this machine: %s", r.id, r.artifacts)
		return nil
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join(im.dir, root)
	}
	filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // a run without artifacts has no folder
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return nil
		}
		name := filepath.ToSlash(rel)
		kind := kinds[strings.ToLower(path.Ext(name))]
		if kind == "" {
			kind = "file"
		}
		if len(name) > 200 {
			im.report.Note("artifact %s of run %s was left out: its name is too long", name, r.id)
			return nil
		}
		files = append(files, tracker.ForeignFile{Artifact: core.Artifact{Name: name, Kind: kind, Path: "artifacts/" + name},
			Open: func() (io.ReadCloser, error) { return os.Open(file) }})
		return nil
	})
	return files
}

// localPath is the path of an artifact location, "/a", "a", "file:///a" or
// "file:a"; not that of one on a server.
func localPath(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || len(u.Scheme) == 1 { // a letter is a Windows drive
		return filepath.FromSlash(uri), uri != ""
	}
	if u.Scheme != "file" || u.Host != "" && u.Host != "localhost" {
		return "", false
	}
	if u.Opaque != "" {
		return filepath.FromSlash(u.Opaque), true
	}
	return filepath.FromSlash(u.Path), true
}
