package tracker

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"os"
	"path/filepath"

	"lab/core"
)

// Detail is everything known of one run, but for its curves (see [DB.Curve]).
type Detail struct {
	Summary
	CommandLine []string
	Host        string
	PID         int
	ExitCode    *int   // of the plugin's process; nil when it has none
	ExitSignal  string // that killed it, or ""
	Facts       []core.Fact
	Artifacts   []core.Artifact // checkpoints have the kind "checkpoint"; ordered by name, then step
	Sources     []Source        // what its weights start from
	History     []Attempt       // the attempts before this one
	Dir         string          // the run's folder
	LogPath     string          // "" when there is no log
}

// Show returns the run that ref names, see [DB.Resolve].
func (db *DB) Show(ctx context.Context, ref string) (*Detail, error) {
	var d *Detail
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		id, err := resolve(ctx, tx, ref, fates)
		if err != nil {
			return err
		}
		d, err = db.detail(ctx, tx, id, fates)
		return err
	})
	if err == nil && d == nil {
		err = noRuns(ref)
	}
	return d, storageError("read", db.path, err)
}

func (db *DB) detail(ctx context.Context, q querier, id int64, fates []fate) (*Detail, error) {
	c := &compiler{now: db.opts.Now()}
	text := overRuns(c, fates, "SELECT "+summaryColumns+" FROM r WHERE r.id="+c.bind(id))
	found, err := summaries(ctx, q, text, c.args, 0, 0)
	if err != nil {
		return nil, err
	}
	d := &Detail{Summary: found[0], Dir: db.runDir(found[0].UID)}
	if path := filepath.Join(d.Dir, logName); fileExists(path) {
		d.LogPath = path
	}
	var (
		command string
		code    sql.NullInt64
	)
	err = q.QueryRowContext(ctx, `SELECT command,host,pid,exit_code,exit_signal FROM run WHERE id=?`, id).
		Scan(&command, &d.Host, &d.PID, &code, &d.ExitSignal)
	if err != nil {
		return nil, err
	}
	if code.Valid {
		n := int(code.Int64)
		d.ExitCode = &n
	}
	if err := json.Unmarshal([]byte(command), &d.CommandLine); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		query string
		scan  func(rows *sql.Rows) error
	}{
		{`SELECT key,value FROM environment WHERE run_id=? ORDER BY key`, func(rows *sql.Rows) error {
			var f core.Fact
			err := rows.Scan(&f.Key, &f.Value)
			d.Facts = append(d.Facts, f)
			return err
		}},
		{`SELECT name,kind,path,sha256,bytes,step FROM artifact WHERE run_id=? ORDER BY name,step`, func(rows *sql.Rows) error {
			var a core.Artifact
			err := rows.Scan(&a.Name, &a.Kind, &a.Path, &a.SHA256, &a.Bytes, &a.Step)
			d.Artifacts = append(d.Artifacts, a)
			return err
		}},
		{`SELECT from_run,path,sha256 FROM lineage WHERE run_id=? ORDER BY position`, func(rows *sql.Rows) error {
			var s Source
			err := rows.Scan(&s.Run, &s.Path, &s.SHA256)
			d.Sources = append(d.Sources, s)
			return err
		}},
	} {
		if err := forRows(ctx, q, part.query, id, part.scan); err != nil {
			return nil, err
		}
	}
	d.History, err = readAttempts(ctx, q, id)
	return d, err
}

// forRows calls scan for every row of a query with one parameter.
func forRows(ctx context.Context, q querier, text string, arg any, scan func(rows *sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, text, arg)
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

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}
