package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lab/core"
)

// terms lists what the filter and the sort keys name.
func terms(x expr, keys []sortKey) []term {
	var ts []term
	var walk func(expr)
	walk = func(x expr) {
		switch x := x.(type) {
		case andExpr:
			walk(x.a)
			walk(x.b)
		case orExpr:
			walk(x.a)
			walk(x.b)
		case notExpr:
			walk(x.x)
		case cmpExpr:
			ts = append(ts, x.term)
		case propExpr:
			if x.prop == "has" {
				ts = append(ts, term{name: x.name})
			}
		}
	}
	walk(x)
	for _, k := range keys {
		ts = append(ts, k.term)
	}
	return ts
}

// checkTerms refuses a name that no run has as a parameter or metric: it is a
// typing error, and silently finding nothing would hide it. Where there are no
// runs at all there is nothing to compare with, and every name passes.
func checkTerms(ctx context.Context, q querier, ts []term) error {
	for _, t := range ts {
		params, metrics, name := t.fn == "", true, t.name
		if t.fn == "" {
			if _, ok := textColumns[name]; ok || name == "tag" || strings.HasPrefix(name, "env.") {
				continue
			}
			if _, ok := numberColumns[name]; ok {
				continue
			}
			if n, ok := strings.CutPrefix(name, "param."); ok {
				name, metrics = n, false
			} else if n, ok := strings.CutPrefix(name, "metric."); ok {
				name, params = n, false
			}
		}
		var known bool
		err := q.QueryRowContext(ctx, `SELECT NOT EXISTS(SELECT 1 FROM run) OR ?1 AND EXISTS(SELECT 1 FROM param WHERE key=?2)
			OR ?3 AND EXISTS(SELECT 1 FROM metric_name WHERE name=?2)`, params, name, metrics).Scan(&known)
		if err != nil {
			return err
		}
		if !known {
			return unknownTerm(ctx, q, name, params, metrics)
		}
	}
	return nil
}

func unknownTerm(ctx context.Context, q querier, name string, params, metrics bool) error {
	var names []string
	what := "parameter or metric"
	if params && metrics {
		for n := range textColumns {
			names = append(names, n)
		}
		for n := range numberColumns {
			names = append(names, n)
		}
	} else if params {
		what = "parameter"
	} else {
		what = "metric"
	}
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT key FROM param WHERE ?1 UNION SELECT name FROM metric_name WHERE ?2`, params, metrics)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return err
		}
		names = append(names, n)
	}
	slices.Sort(names)
	e := &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no run has a %s %q", what, name)}
	e.Try = strings.Join(core.Nearest(name, names), " or ")
	return e
}
