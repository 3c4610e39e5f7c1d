package tracker

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"lab/core"
)

// Audit is what an examination of one run found.
type Audit struct {
	Run      *Detail
	Faults   []string // one line each; none when all is well
	Points   int64    // that were proved by their metric's chain
	Unproven []string // metrics whose steps went back: their chain needs the order of arrival, which is not kept
	Files    int      // whose hash was checked
	Bytes    int64
}

// Audit checks a run against itself: the chain of every metric against its points
// and what is kept of it, the run's hash against the chains and models, and every
// artifact's file against its hash.
func (db *DB) Audit(ctx context.Context, ref string) (*Audit, error) {
	a := &Audit{}
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		run, err := resolve(ctx, tx, ref, fates)
		if err != nil {
			return err
		}
		if a.Run, err = db.detail(ctx, tx, run, fates); err != nil {
			return err
		}
		return a.metrics(ctx, tx, run)
	})
	if err == nil && a.Run == nil {
		err = noRuns(ref)
	}
	if err != nil {
		return nil, storageError("read", db.path, err)
	}
	d := a.Run
	for _, x := range d.Artifacts {
		if fault := checkArtifact(ctx, d.Path(x), x); fault != "" {
			a.fault("%s %s %s: %s", x.Kind, x.Name, fault, x.Path)
			continue
		}
		a.Files++
		a.Bytes += x.Bytes
	}
	return a, ctx.Err()
}

func (a *Audit) metrics(ctx context.Context, q querier, run int64) error {
	chains := map[string]chain{}
	for _, m := range a.Run.Metrics {
		var (
			kept    []byte
			ordered bool
		)
		err := q.QueryRowContext(ctx, `SELECT chain,ordered FROM latest WHERE run_id=? AND metric_id=(SELECT id FROM metric_name WHERE name=?)`, run, m.Name).Scan(&kept, &ordered)
		if err != nil {
			return err
		}
		s := series{}
		p, err := openPoints(ctx, q, run, m.Name)
		for ; err == nil && p.ok; err = p.next() {
			s.add(p.step, p.v)
			s.chain.add(p.step, p.v)
		}
		if p != nil {
			p.rows.Close()
		}
		if err != nil {
			return err
		}
		if s.n != m.Points || s.n > 0 && (s.step != m.LastStep || storedBits(s.last) != storedBits(m.Last)) ||
			s.extremes && (s.lo != m.Min || s.hi != m.Max || s.loStep != m.MinStep || s.hiStep != m.MaxStep) {
			a.fault("metric %s has %d points up to step %d, but %d up to %d are on record", m.Name, s.n, s.step, m.Points, m.LastStep)
		}
		if s.n == 0 {
			continue
		}
		var want chain
		copy(want[:], kept)
		chains[m.Name] = want
		switch {
		case !ordered:
			a.Unproven = append(a.Unproven, m.Name)
		case want != s.chain:
			a.fault("the points of metric %s are not those that were logged", m.Name)
		default:
			a.Points += s.n
		}
	}
	if a.Run.Hash != nil && string(runHash(chains, modelsOf(a.Run.Artifacts))) != string(a.Run.Hash) {
		a.fault("the hash of the run is not that of its metrics and models")
	}
	return nil
}

func modelsOf(as []core.Artifact) (models []model) {
	for _, x := range as {
		if x.Kind == "model" {
			models = append(models, model{x.Name, x.Step, x.SHA256})
		}
	}
	return models
}

func (a *Audit) fault(format string, args ...any) {
	a.Faults = append(a.Faults, fmt.Sprintf(format, args...))
}

// Path is where the file of an artifact lies.
func (d *Detail) Path(a core.Artifact) string {
	return filepath.Join(d.Dir, filepath.FromSlash(a.Path))
}

// Check has SQLite examine the whole database: damaged pages, indexes that do not
// fit their tables, rows that refer to nothing. It returns one line a fault.
func (db *DB) Check(ctx context.Context) (faults []string, err error) {
	if db.pool == nil {
		return nil, nil
	}
	err = forRows(ctx, db.pool, `SELECT integrity_check FROM pragma_integrity_check WHERE ?`, 1, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		if s != "ok" && len(faults) < 20 {
			faults = append(faults, s)
		}
		return err
	})
	if err == nil {
		err = forRows(ctx, db.pool, `SELECT DISTINCT "table",parent FROM pragma_foreign_key_check WHERE ?`, 1, func(rows *sql.Rows) error {
			var table, parent string
			err := rows.Scan(&table, &parent)
			faults = append(faults, "rows of "+table+" refer to a "+parent+" that is not there")
			return err
		})
	}
	if sqliteCode(err) == sqlite3.ErrCorrupt {
		return append(faults, err.Error()), nil
	}
	return faults, storageError("check", db.path, err)
}
