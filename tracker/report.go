package tracker

import (
	"context"
	"database/sql"
	"encoding/json"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"

	"lab/core"
)

// Folding says how a report puts runs together to rows.
type Folding struct {
	By    []string // names as in Query.Columns: runs that have the same of these, see [GroupBy]
	Apart bool     // every run a row of its own; else, without By, see [Fold]
	Limit int      // rows at the most, 0 for all
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
		os, err := db.outlines(ctx, tx, fates, q, p, by, f.Apart)
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

// outline is as much of a run as putting it in its place takes.
type outline struct {
	id       int64
	started  int64
	finished bool
	fold     identity // equal for runs that are equal but for their seed
	same     identity // equal for runs that are equal
	by       []Value
	sort     []Value // ascending is the order asked for, but for a minus
}

// identity tells runs apart: 128 bits that depend on a seed of this process.
type identity [2]uint64

var identitySeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// outlines reads the runs that the query selects, in its order.
func (db *DB) outlines(ctx context.Context, tx querier, fates []fate, q Query, p *parsedQuery, by []term, apart bool) ([]outline, error) {
	c := db.compiler(ctx, tx, fates)
	text := runsRelation(c, fates)
	where, err := c.where(q, p.filter)
	if err != nil {
		return nil, err
	}
	text += " SELECT r.id"
	sorts, order := p.sort, []sortKey(nil) // rows are sorted once they are together
	if apart {
		sorts, order = nil, p.sort
	} else {
		text += ",r.started,r.state,r.family,r.family_version,r.recipe,r.seed,r.params," +
			"(SELECT group_concat(sha256,' ' ORDER BY position) FROM lineage WHERE run_id=r.id)"
	}
	for _, t := range by {
		text += "," + c.column(t)
	}
	for _, k := range sorts {
		text += "," + c.sortValue(k.term, "'nan'")
	}
	rows, err := tx.QueryContext(ctx, text+" FROM r WHERE "+where+" ORDER BY "+c.order(order), c.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		os                                                    []outline
		state, family, version, recipe, seed, params, lineage sql.RawBytes
	)
	for rows.Next() {
		o := outline{by: make([]Value, len(by)), sort: make([]Value, len(sorts))}
		to := []any{&o.id}
		if !apart {
			to = append(to, &o.started, &state, &family, &version, &recipe, &seed, &params, &lineage)
		}
		for i := range o.by {
			to = append(to, &o.by[i])
		}
		for i := range o.sort {
			to = append(to, &o.sort[i])
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		if !apart {
			o.finished = string(state) == string(core.Finished)
			o.fold, o.same = identify(params, seed, family, version, recipe, lineage)
		}
		os = append(os, o)
	}
	return os, rows.Err()
}

// identify hashes what makes runs equal. Packed parameters may come in any order, so
// theirs are added up.
func identify(params, seed []byte, others ...[]byte) (fold, same identity) {
	for i := range fold {
		var h maphash.Hash
		h.SetSeed(identitySeeds[i])
		for _, o := range others {
			h.WriteString(strconv.Itoa(len(o)))
			h.WriteByte(':')
			h.Write(o)
		}
		fold[i] = h.Sum64()
	}
	eachPacked(params, func(key, value []byte) {
		if string(key) == "seed" {
			return
		}
		for i := range fold {
			fold[i] += maphash.Bytes(identitySeeds[i], key) * (maphash.Bytes(identitySeeds[i], value) | 1)
		}
	})
	for i := range fold {
		same[i] = fold[i] + maphash.Bytes(identitySeeds[i], seed)
	}
	return fold, same
}

// eachPacked calls f for every parameter of what packParams wrote.
func eachPacked(s []byte, f func(key, value []byte)) {
	for len(s) > 0 {
		var n [5]int // position, defaulted, type, length of key and value
		for i := range n {
			for len(s) > 0 && s[0] != ' ' {
				n[i] = n[i]*10 + int(s[0]-'0') // of the type this is nonsense, and not used
				s = s[1:]
			}
			s = s[min(1, len(s)):]
		}
		k, v := n[3], n[4]
		if k < 0 || v < 0 || k > len(s) || v > len(s)-k {
			return
		}
		f(s[:k], s[k:k+v])
		s = s[k+v:]
	}
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
			if k, ok := newest[o.same]; !ok || o.started > os[k].started {
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

// fill reads the runs of the rows in full.
func (db *DB) fill(ctx context.Context, tx querier, fates []fate, q Query, columns []term, os []outline, bs []bundled) ([]Group, error) {
	var ids []int64
	for _, b := range bs {
		for _, i := range slices.Concat(b.runs, b.repeats) {
			ids = append(ids, os[i].id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, _ := json.Marshal(ids)
	c := db.compiler(ctx, tx, fates)
	text := runsRelation(c, fates) + " SELECT " + summaryColumns
	for _, t := range columns {
		text += "," + c.column(t)
	}
	text += " FROM r WHERE r.id IN (SELECT value FROM json_each(" + c.bind(string(list)) + ")) ORDER BY r.id"
	runs, err := summaries(ctx, tx, text, c.args, len(columns), q.Headlines)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids) // as the summaries are
	summary := func(i int) *Summary {
		k, _ := slices.BinarySearch(ids, os[i].id)
		return &runs[k]
	}
	groups := make([]Group, len(bs))
	for n, b := range bs {
		g := &groups[n]
		if by := os[b.runs[0]].by; len(by) > 0 {
			g.Key = by
		}
		for _, i := range b.runs {
			g.Runs = append(g.Runs, summary(i))
		}
		for _, i := range b.repeats {
			g.Repeats = append(g.Repeats, summary(i))
		}
	}
	return groups, nil
}
