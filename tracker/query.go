package tracker

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"lab/core"
)

// Query selects runs. The zero value selects all that are not removed, newest
// first.
type Query struct {
	Family string
	Recipe string
	Status []core.Status // any of these; empty for all

	// Filter is a condition such as
	//
	//	plugin=gan and fid<40 and lr>=1e-4 and status=finished and tag:baseline
	//
	// A name is a property of the run (plugin, recipe, status, name, uid, note,
	// host, reason, seed, number, started, duration, age), a parameter, or a
	// metric, in this order; param.NAME, metric.NAME and env.KEY leave no choice.
	// A bare metric is its best value; last(M), best(M), min(M), max(M) choose.
	// = != < <= > >= compare, ~ finds text; and, or, not and parentheses combine.
	Filter string

	// Sort is a list of names as in Filter, "best(fid),-lr": metrics best first,
	// the rest ascending, a minus reverses.
	Sort string

	Limit   int  // 0 for no limit
	Removed bool // the runs in the bin instead
}

// Summary is one run as a report shows it.
type Summary struct {
	Number        int // @Number: 1 is the newest run; 0 for a removed one
	UID           string
	Name          string
	Family        string
	FamilyVersion string
	Recipe        string
	Status        core.Status
	Reason        string
	Started       time.Time
	Ended         time.Time     // zero while it is running
	Elapsed       time.Duration // so far, while it is running
	Seed          uint64
	Note          string
	Tags          []string
	Params        []core.Param // in the recipe's order
	Metrics       []Metric     // promised ones first, the headline at the front; then by name
	Progress      core.Progress
	PeakMemory    int64
	Hash          []byte // see the comment at chain in hash.go; nil while running
	Parent, Sweep string // uids, or ""
}

// Metric is what became of one metric in one run.
type Metric struct {
	Name     string
	Unit     string
	Goal     core.Direction
	Promised bool  // declared by the recipe
	Points   int64 // 0: promised, but never logged; then all below is zero

	Last     float64 // the value at the greatest step; may be NaN
	LastStep int64
	Min, Max float64 // of what is not NaN; NaN when there is nothing else
	MinStep  int64   // the first step at which it was reached
	MaxStep  int64
	Best     float64 // Min or Max by the goal, Last without one
	BestStep int64
}

// Param returns the parameter of that key.
func (s *Summary) Param(key string) (core.Param, bool) {
	for _, p := range s.Params {
		if p.Key == key {
			return p, true
		}
	}
	return core.Param{}, false
}

// Metric returns the metric of that name.
func (s *Summary) Metric(name string) (Metric, bool) {
	for _, m := range s.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// querier is a pool or one snapshot of it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Runs returns the runs that q selects. A mistake in the filter is an error of
// kind Usage that says what would be right.
func (db *DB) Runs(ctx context.Context, q Query) ([]Summary, error) {
	x, err := parseFilter(q.Filter)
	if err != nil {
		return nil, err
	}
	keys, err := parseSort(q.Sort)
	if err != nil {
		return nil, err
	}
	var found []Summary
	err = db.snapshot(ctx, func(tx querier, dead []int64) error {
		if err := checkTerms(ctx, tx, terms(x, keys)); err != nil {
			return err
		}
		c := &compiler{now: db.opts.Now()}
		relation := runsRelation(c, dead)
		where, err := c.where(q, x)
		if err != nil {
			return err
		}
		text := relation + " SELECT " + summaryColumns + " FROM r WHERE " + where + " ORDER BY " + c.order(keys)
		if q.Limit > 0 {
			text += " LIMIT " + c.bind(q.Limit)
		}
		found, err = summaries(ctx, tx, text, c.args)
		return err
	})
	return found, storageError("read", db.path, err)
}

func (c *compiler) where(q Query, x expr) (string, error) {
	conds := []string{"r.removed IS NULL"}
	if q.Removed {
		conds[0] = "r.removed IS NOT NULL"
	}
	if q.Family != "" {
		conds = append(conds, "r.family="+c.bind(q.Family))
	}
	if q.Recipe != "" {
		conds = append(conds, "r.recipe="+c.bind(q.Recipe))
	}
	if len(q.Status) > 0 {
		var in []string
		for _, s := range q.Status {
			in = append(in, c.bind(string(s)))
		}
		conds = append(conds, "r.state IN ("+strings.Join(in, ",")+")")
	}
	if x != nil {
		s, err := c.expr(x)
		if err != nil {
			return "", err
		}
		conds = append(conds, s)
	}
	return strings.Join(conds, " AND "), nil
}

// snapshot calls f with one consistent view of the database and the runs whose
// process is gone; it marks those too, when it may write. f is not called when
// there is no database.
func (db *DB) snapshot(ctx context.Context, f func(tx querier, dead []int64) error) error {
	if db.pool == nil {
		return nil
	}
	if db.w != nil {
		db.buryDead(ctx) // failing to write must not keep anyone from reading
	}
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	byID, err := db.dead(ctx, tx)
	if err != nil {
		return err
	}
	dead := make([]int64, 0, len(byID))
	for id := range byID {
		dead = append(dead, id)
	}
	return f(tx, dead)
}

// runsRelation is the run table with what must be worked out: the number, the
// status as it truly is, the duration and the age in seconds.
func runsRelation(c *compiler, dead []int64) string {
	ids, _ := json.Marshal(dead)
	gone := "id IN (SELECT value FROM json_each(" + c.bind(string(ids)) + "))"
	now := c.bind(c.now.UnixMilli())
	return `WITH numbered AS (SELECT id AS nid, row_number() OVER (ORDER BY ord DESC,id DESC) AS number FROM run WHERE removed IS NULL),
r AS (SELECT run.*, number,
	iif(` + gone + `,'lost',status) AS state,
	iif(` + gone + `,heartbeat,ended) AS end,
	coalesce(elapsed, max(0,iif(` + gone + `,heartbeat,coalesce(ended,` + now + `))-started))/1000.0 AS seconds,
	max(0,` + now + `-started)/1000.0 AS age
	FROM run LEFT JOIN numbered ON nid=id)`
}

const summaryColumns = `r.id,coalesce(r.number,0),r.uid,coalesce(r.name,''),r.family,r.family_version,r.recipe,r.state,
	iif(r.state='lost' AND r.status<>'lost','` + lostReason + `',r.reason),
	r.started,r.end,r.seconds,r.seed,r.note,r.done,r.total,r.epoch,r.epochs,r.samples,r.doing,r.peak_memory,r.hash,
	coalesce(r.parent,''),coalesce(r.sweep,'')`

// summaries runs a query for summaryColumns and adds what lies in other tables.
func summaries(ctx context.Context, q querier, text string, args []any) ([]Summary, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		found []Summary
		ids   []int64
	)
	for rows.Next() {
		var (
			s           Summary
			id          int64
			started     int64
			ended       sql.NullInt64
			seconds     float64
			seed        int64
			statusText  string
			p           = &s.Progress
			destination = []any{&id, &s.Number, &s.UID, &s.Name, &s.Family, &s.FamilyVersion, &s.Recipe, &statusText, &s.Reason,
				&started, &ended, &seconds, &seed, &s.Note, &p.Done, &p.Total, &p.Epoch, &p.Epochs, &p.Samples, &p.Note,
				&s.PeakMemory, &s.Hash, &s.Parent, &s.Sweep}
		)
		if err := rows.Scan(destination...); err != nil {
			return nil, err
		}
		s.Status, s.Seed = core.Status(statusText), uint64(seed)
		s.Started, s.Elapsed = time.UnixMilli(started), time.Duration(seconds*float64(time.Second)).Round(time.Millisecond)
		if ended.Valid {
			s.Ended = time.UnixMilli(ended.Int64)
		}
		found, ids = append(found, s), append(ids, id)
	}
	if err := rows.Err(); err != nil || len(found) == 0 {
		return found, err
	}
	return found, details(ctx, q, found, ids)
}

// details fills in the parameters, metrics and tags of the runs with those ids.
func details(ctx context.Context, q querier, runs []Summary, ids []int64) error {
	at := make(map[int64]*Summary, len(ids))
	for i, id := range ids {
		at[id] = &runs[i]
	}
	list, _ := json.Marshal(ids)
	const among = ` run_id IN (SELECT value FROM json_each(?)) `
	each := func(text string, scan func(rows *sql.Rows) error) error {
		rows, err := q.QueryContext(ctx, text, string(list))
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
	var id int64
	err := each(`SELECT run_id,key,type,value,defaulted FROM param WHERE`+among+`ORDER BY run_id,position`, func(rows *sql.Rows) error {
		var p core.Param
		err := rows.Scan(&id, &p.Key, &p.Type, &p.Value, &p.Default)
		at[id].Params = append(at[id].Params, p)
		return err
	})
	if err != nil {
		return err
	}
	err = each(`SELECT run_id,tag FROM tag WHERE`+among+`ORDER BY run_id,tag`, func(rows *sql.Rows) error {
		var t string
		err := rows.Scan(&id, &t)
		at[id].Tags = append(at[id].Tags, t)
		return err
	})
	if err != nil {
		return err
	}
	return each(`SELECT run_id,name,unit,goal,position,n,step,last,lo,lo_step,hi,hi_step FROM latest JOIN metric_name ON id=metric_id
		WHERE`+among+`ORDER BY run_id,position IS NULL,position,name`, func(rows *sql.Rows) error {
		m, err := scanMetric(rows, &id)
		at[id].Metrics = append(at[id].Metrics, m)
		return err
	})
}
