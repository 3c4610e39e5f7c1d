package tracker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lab/core"
)

// Resolve returns the uid of the run that ref names:
//
//	@1, @last   the newest run, @2 the one before, …; removed runs don't count
//	@best:fid   the finished run with the best value of a metric
//	@best       the best finished run of the newest run's recipe, by the first
//	            metric of it that has a direction
//	NAME        the newest run of that name
//	UID         in full, or as much of it as only one run has; removed ones too
//
// Errors are of kind Usage and list the candidates where there are several.
func (db *DB) Resolve(ctx context.Context, ref string) (string, error) {
	uid := ""
	err := db.snapshot(ctx, func(tx querier, fates []fate) error {
		id, err := resolve(ctx, tx, ref, fates)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT uid FROM run WHERE id=?`, id).Scan(&uid)
	})
	if err == nil && uid == "" {
		err = noRuns(ref)
	}
	return uid, storageError("read", db.path, err)
}

func noRuns(ref string) error {
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no run %s: there are no runs yet", ref), Try: "lab run plugin=gan"}
}

func resolve(ctx context.Context, q querier, ref string, fates []fate) (int64, error) {
	var count int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM run WHERE removed IS NULL`).Scan(&count); err != nil {
		return 0, err
	}
	at, isAt := strings.CutPrefix(ref, "@")
	switch {
	case ref == "":
		return 0, &core.Error{Kind: core.Usage, Msg: "a run is missing", Try: "@1, a name, or the beginning of an id"}
	case ref == "@last":
		return resolve(ctx, q, "@1", fates)
	case ref == "@best":
		return bestOfNewest(ctx, q, fates)
	case isAt && strings.HasPrefix(at, "best:"):
		return best(ctx, q, at[len("best:"):], "", "", fates)
	case isAt:
		n, err := strconv.Atoi(at)
		if err != nil || n < 1 {
			return 0, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%q is no run", ref), Try: "@1 or @last for the newest, @best or @best:METRIC for the best"}
		}
		if count == 0 {
			return 0, noRuns(ref)
		}
		var id int64
		err = q.QueryRowContext(ctx, `SELECT id FROM run WHERE removed IS NULL ORDER BY ord DESC,id DESC LIMIT 1 OFFSET ?`, n-1).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			err = &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no run %s", ref), Try: fmt.Sprintf("@1 to @%d", count)}
		}
		return id, err
	}
	var id int64
	err := q.QueryRowContext(ctx, `SELECT id FROM run WHERE name=? AND removed IS NULL ORDER BY ord DESC,id DESC LIMIT 1`, ref).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	return byPrefix(ctx, q, ref, count)
}

// byPrefix finds the one run whose uid begins with the prefix.
func byPrefix(ctx context.Context, q querier, prefix string, count int) (int64, error) {
	prefix = strings.ToLower(prefix)
	// A range, so that the index on uid is used; "~" sorts after every digit of one.
	rows, err := q.QueryContext(ctx, `SELECT id,uid,family,recipe FROM run WHERE uid>=?1 AND uid<?1||'~' AND (removed IS NULL OR removed>0) ORDER BY ord DESC,id DESC LIMIT 6`, prefix)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var (
		id    int64
		found []string
	)
	for rows.Next() {
		var uid, family, recipe string
		if err := rows.Scan(&id, &uid, &family, &recipe); err != nil {
			return 0, err
		}
		found = append(found, fmt.Sprintf("%s (%s/%s)", uid, family, recipe))
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	switch {
	case len(found) == 1:
		return id, nil
	case len(found) > 1:
		if len(found) > 5 {
			found[5] = "…"
		}
		return 0, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%q is the beginning of several runs", prefix), Try: strings.Join(found, ", ")}
	case count == 0:
		return 0, noRuns(prefix)
	}
	return 0, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no run has the name or id %q", prefix), Try: "lab report lists them; @1 is the newest"}
}

// best finds the finished run, of a recipe if one is given, with the best value
// of the metric.
func best(ctx context.Context, q querier, metric, family, recipe string, fates []fate) (int64, error) {
	t := term{"best", metric}
	if err := checkTerms(ctx, q, []term{t}); err != nil {
		return 0, err
	}
	c := &compiler{}
	text := `SELECT id FROM r WHERE state='finished' AND removed IS NULL`
	if family != "" {
		text += ` AND family=` + c.bind(family) + ` AND recipe=` + c.bind(recipe)
	}
	key := c.sortExpr(t)
	text = overRuns(c, fates, text+` AND `+key+` IS NOT NULL ORDER BY `+key+`,ord DESC,id DESC LIMIT 1`)
	var id int64
	err := q.QueryRowContext(ctx, text, c.args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no finished run has a value of %q", metric), Try: "lab report"}
	}
	return id, err
}

func bestOfNewest(ctx context.Context, q querier, fates []fate) (int64, error) {
	newest, err := resolve(ctx, q, "@1", fates)
	if err != nil {
		return 0, err
	}
	var family, recipe, metric string
	err = q.QueryRowContext(ctx, `SELECT family,recipe,coalesce((SELECT name FROM latest l JOIN metric_name n ON n.id=metric_id
		WHERE run_id=r.id AND position IS NOT NULL AND goal<>0 ORDER BY position LIMIT 1),'') FROM run r WHERE r.id=?`, newest).Scan(&family, &recipe, &metric)
	if err == nil && metric == "" {
		err = &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("@best: no metric of %s/%s has a direction", family, recipe), Try: "@best:METRIC"}
	}
	if err != nil {
		return 0, err
	}
	return best(ctx, q, metric, family, recipe, fates)
}
