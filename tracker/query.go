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
	// host, reason, sweep, parent, seed, number, started, duration, age, memory,
	// attempts), a parameter, or a metric, in this order; param.NAME, metric.NAME
	// and env.KEY leave no choice. A bare metric is its best value; last(M),
	// best(M), min(M), max(M) choose. = != < <= > >= compare, ~ finds text;
	// tag:T has the tag, has:NAME the parameter or points of the metric, from:RUN
	// its weights from that run; and, or, not and parentheses combine.
	Filter string

	// Sort is a list of names as in Filter, "best(fid),-lr": metrics best first,
	// the rest ascending, a minus reverses.
	Sort string

	Limit   int  // 0 for no limit
	Removed bool // the runs in the bin instead

	// Columns are further terms to report of each run, in [Summary.Columns]: names
	// and functions as in Filter, "lr", "last(fid)", "env.git.commit".
	Columns []string

	// Headlines limits [Summary.Metrics] to the first so many that the recipe
	// promises: a table of ten thousand runs shows no more. 0 for all metrics.
	Headlines int
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
	Hash          []byte   // see the comment at chain in hash.go; nil while running
	Parent, Sweep string   // uids, or ""
	From          []string // SHA-256 of what its weights start from
	Attempts      int      // how often it was begun: 1 unless it was resumed
	Columns       []Value  // see Query.Columns
}

// Value is what a column holds of a run.
type Value struct {
	Text   string  // as it is stored; of a metric, the number as text
	Num    float64 // of what is a number; time spans in seconds
	Number bool    // whether Num means anything; NaN is a number here
	Known  bool    // false: the run has no such parameter, metric or fact
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
	p, err := q.parse()
	if err != nil {
		return nil, err
	}
	var found []Summary
	err = db.snapshot(ctx, func(tx querier, fates []fate) error {
		if err := checkTerms(ctx, tx, p.terms()); err != nil {
			return err
		}
		c := db.compiler(ctx, tx, fates)
		where, err := c.where(q, p.filter)
		if err != nil {
			return err
		}
		text := "SELECT " + summaryColumns
		for _, t := range p.columns {
			text += "," + c.column(t)
		}
		text += " FROM r WHERE " + where + " ORDER BY " + c.order(p.sort)
		if q.Limit > 0 {
			text += " LIMIT " + c.bind(q.Limit)
		}
		text = overRuns(c, fates, text)
		found, err = summaries(ctx, tx, text, c.args, len(p.columns), q.Headlines)
		return err
	})
	return found, storageError("read", db.path, err)
}

// parsedQuery is what the texts of a Query say.
type parsedQuery struct {
	filter  expr
	sort    []sortKey
	columns []term
}

func (q *Query) parse() (*parsedQuery, error) {
	var (
		p   parsedQuery
		err error
	)
	if p.filter, err = parseFilter(q.Filter); err != nil {
		return nil, err
	}
	if p.sort, err = parseSort(q.Sort); err != nil {
		return nil, err
	}
	if p.columns, err = parseColumns(q.Columns); err != nil {
		return nil, err
	}
	return &p, nil
}

func (p *parsedQuery) terms() []term { return append(terms(p.filter, p.sort), p.columns...) }

// compiler compiles queries of one snapshot.
func (db *DB) compiler(ctx context.Context, tx querier, fates []fate) *compiler {
	c := &compiler{now: db.opts.Now()}
	c.resolve = func(ref string) (uid string, err error) {
		id, err := resolve(ctx, tx, ref, fates)
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT uid FROM run WHERE id=?`, id).Scan(&uid)
		}
		return uid, err
	}
	return c
}

func (c *compiler) where(q Query, x expr) (string, error) {
	conds := []string{"r.removed IS NULL"}
	if q.Removed {
		conds[0] = "r.removed>0" // not those that nobody sees
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

// snapshot calls f with one consistent view of the database and the true state of
// the runs that it has wrong; when it may write, it first puts them right. f is
// not called when there is no database.
func (db *DB) snapshot(ctx context.Context, f func(tx querier, fates []fate) error) error {
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
	fates, err := db.fates(ctx, tx)
	if err != nil {
		return err
	}
	return f(tx, fates)
}

// overRuns puts before a query of r what r is: the run table with what must be worked
// out, that is the status and end as they truly are, the duration and the age in
// seconds and, where the query asks for it, the number.
func overRuns(c *compiler, fates []fate, query string) string {
	list, _ := json.Marshal(fates)
	now := c.bind(c.now.UnixMilli())
	numbered, number, join := "", "", ""
	if strings.Contains(query, "r.number") { // numbering ten thousand runs takes as long as reading them
		numbered = "numbered AS (SELECT id AS nid, row_number() OVER (ORDER BY ord DESC,id DESC) AS number FROM run WHERE removed IS NULL),\n"
		number, join = "number,", " LEFT JOIN numbered ON nid=id"
	}
	return `WITH ` + numbered + `fate AS (SELECT value->>'id' AS fid, value->>'status' AS status, value->>'reason' AS reason, value->>'ended' AS ended, value->>'elapsed' AS elapsed
	FROM json_each(` + c.bind(string(list)) + `)),
r AS (SELECT run.*, ` + number + `
	coalesce(fate.status,run.status) AS state,
	coalesce(fate.reason,run.reason) AS why,
	iif(fid IS NULL,run.ended,coalesce(fate.ended,heartbeat)) AS end,
	coalesce(run.elapsed, fate.elapsed, max(0,iif(fid IS NULL,coalesce(run.ended,` + now + `),heartbeat)-started))/1000.0 AS seconds,
	max(0,` + now + `-started)/1000.0 AS age
	FROM run` + join + ` LEFT JOIN fate ON fid=id)
` + query
}
