package tracker

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Folding says how a report puts runs together to rows.
type Folding struct {
	By    []string // names as in Query.Columns: runs that have the same of these, see [GroupBy]
	Apart bool     // every run a row of its own; else, without By, see [Fold]
	Limit int      // rows at the most, 0 for all

	// Brief leaves the runs' fields empty that rows of a table do not show: all but
	// UID, Family, Recipe, Started, Elapsed, Columns and Metrics. Rows of many runs
	// come several times as fast. Without meaning for Apart.
	Brief bool
}

// Report is a table of runs.
type Report struct {
	Groups []Group // rows
	Rows   int     // that there would be without a limit
	Runs   int     // in all rows, repeats not counted
}

// Report selects runs as [DB.Runs] does, puts them together to rows and returns the
// first ones. Where the query sorts, a row of several runs goes by their means.
// Only the runs of the rows returned are read in full.
func (db *DB) Report(ctx context.Context, q Query, f Folding) (*Report, error) {
	p, err := q.parse()
	if err != nil {
		return nil, err
	}
	by, err := parseColumns(f.By)
	if err != nil {
		return nil, err
	}
	report := &Report{}
	err = db.snapshot(ctx, func(tx querier, fates []fate) error {
		if err := checkTerms(ctx, tx, append(p.terms(), by...)); err != nil {
			return err
		}
		for _, t := range [][]term{by, p.columns} {
			for i := range t {
				if t[i], err = settle(ctx, tx, t[i]); err != nil {
					return err
				}
			}
		}
		for i := range p.sort {
			if p.sort[i].term, err = settle(ctx, tx, p.sort[i].term); err != nil {
				return err
			}
		}
		os, err := db.outlines(ctx, tx, fates, q, p, by, f)
		if err != nil {
			return err
		}
		bundles := bundle(os, f.Apart, len(by) > 0)
		if len(p.sort) > 0 && !f.Apart {
			sortBundles(bundles, os, p.sort)
		}
		report.Rows = len(bundles)
		for _, b := range bundles {
			report.Runs += len(b.runs)
		}
		if f.Limit > 0 && len(bundles) > f.Limit {
			bundles = bundles[:f.Limit]
		}
		report.Groups, err = db.fill(ctx, tx, fates, q, p.columns, os, bundles)
		return err
	})
	return report, storageError("read", db.path, err)
}

// settle says of a bare name whether it is a parameter or a metric where it can be one
// of them alone: looking for the other in every run takes as long again.
func settle(ctx context.Context, tx querier, t term) (term, error) {
	_, text := textColumns[t.name]
	_, number := numberColumns[t.name]
	if t.fn != "" || text || number || t.name == "tag" || strings.HasPrefix(t.name, "env.") || strings.HasPrefix(t.name, "param.") || strings.HasPrefix(t.name, "metric.") {
		return t, nil
	}
	var param, metric bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM param WHERE key=?1),EXISTS(SELECT 1 FROM metric_name WHERE name=?1)`, t.name).Scan(&param, &metric)
	switch {
	case param && !metric:
		t.name = "param." + t.name
	case metric && !param:
		t.fn = "best"
	}
	return t, err
}

// bundled is a row to be: places of runs among the outlines.
type bundled struct {
	runs, repeats []int
	mean          []float64 // by the keys to sort by; NaN without one
}

// bundle puts outlines together, in the order of the first of each.
func bundle(os []outline, apart, by bool) []bundled {
	var bs []bundled
	if apart {
		for i := range os {
			bs = append(bs, bundled{runs: []int{i}})
		}
		return bs
	}
	newest := map[identity]int{}
	for i := range os {
		if o := &os[i]; o.finished {
			if k, ok := newest[o.same]; !ok || o.ord > os[k].ord {
				newest[o.same] = i
			}
		}
	}
	var (
		at     = map[string]int{}
		folded = map[identity]int{}
		key    []byte
	)
	for i := range os {
		o := &os[i]
		b, found := -1, false
		switch {
		case by && !o.finished:
			continue
		case by:
			key = key[:0]
			for _, v := range o.by {
				key = strconv.AppendInt(strconv.AppendBool(key, v.Known), int64(len(v.Text)), 10)
				key = append(append(key, ':'), v.Text...)
			}
			if b, found = at[string(key)]; !found {
				at[string(key)] = len(bs)
			}
		case o.finished:
			if b, found = folded[o.fold]; !found {
				folded[o.fold] = len(bs)
			}
		}
		if !found {
			b = len(bs)
			bs = append(bs, bundled{})
		}
		if o.finished && newest[o.same] != i {
			bs[b].repeats = append(bs[b].repeats, i)
		} else {
			bs[b].runs = append(bs[b].runs, i)
		}
	}
	return slices.DeleteFunc(bs, func(b bundled) bool { return len(b.runs) == 0 })
}

// sortBundles sorts by the means of the keys' numbers; text goes by the first run.
// What has no value, or diverged, comes last either way.
func sortBundles(bs []bundled, os []outline, keys []sortKey) {
	for i := range bs {
		b := &bs[i]
		for k := range keys {
			s := statisticOf(len(b.runs), func(i int) (float64, bool) {
				v := os[b.runs[i]].sort[k]
				return v.Num, v.Number
			})
			b.mean = append(b.mean, s.Mean)
		}
	}
	slices.SortStableFunc(bs, func(a, b bundled) int {
		for k, key := range keys {
			x, y := a.mean[k], b.mean[k]
			sign := 1
			if key.reverse {
				sign = -1
			}
			switch s, t := os[a.runs[0]].sort[k], os[b.runs[0]].sort[k]; {
			case s.Known && !s.Number && t.Known && !t.Number:
				if c := strings.Compare(s.Text, t.Text); c != 0 {
					return sign * c
				}
			case math.IsNaN(x) != math.IsNaN(y):
				return btoi(math.IsNaN(x)) - btoi(math.IsNaN(y))
			case x < y:
				return -sign
			case x > y:
				return sign
			}
		}
		return 0
	})
}

// fill makes groups of the rows and reads of their runs what is not known yet.
func (db *DB) fill(ctx context.Context, tx querier, fates []fate, q Query, columns []term, os []outline, bs []bundled) ([]Group, error) {
	var (
		ids   []int64
		at    = map[int64]*Summary{}
		brief = false
	)
	for _, b := range bs {
		for _, i := range slices.Concat(b.runs, b.repeats) {
			o := &os[i]
			ids, at[o.id], brief = append(ids, o.id), o.brief, o.brief != nil
		}
	}
	var err error
	switch {
	case len(ids) == 0:
		return nil, nil
	case brief:
		err = readMetrics(ctx, tx, ids, at, q.Headlines)
	default:
		err = db.readRuns(ctx, tx, fates, q, columns, ids, at)
	}
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(bs))
	for n, b := range bs {
		g := &groups[n]
		if by := os[b.runs[0]].by; len(by) > 0 {
			g.Key = by
		}
		for _, i := range b.runs {
			g.Runs = append(g.Runs, at[os[i].id])
		}
		for _, i := range b.repeats {
			g.Repeats = append(g.Repeats, at[os[i].id])
		}
	}
	return groups, nil
}

// readRuns reads the runs with those ids in full.
func (db *DB) readRuns(ctx context.Context, tx querier, fates []fate, q Query, columns []term, ids []int64, at map[int64]*Summary) error {
	c := db.compiler(ctx, tx, fates)
	text := "SELECT " + summaryColumns
	for _, t := range columns {
		text += "," + c.column(t)
	}
	text += " FROM r WHERE r.id IN (SELECT value FROM json_each(" + c.bind(jsonList(ids)) + ")) ORDER BY r.id"
	text = overRuns(c, fates, text)
	runs, err := summaries(ctx, tx, text, c.args, len(columns), q.Headlines)
	slices.Sort(ids) // as the runs are
	for i := range runs {
		at[ids[i]] = &runs[i]
	}
	return err
}
