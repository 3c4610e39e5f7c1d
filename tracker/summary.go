package tracker

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"lab/core"
)

const summaryColumns = `r.id,coalesce(r.number,0),r.uid,coalesce(r.name,''),r.family,r.family_version,r.recipe,r.state,r.why,
	r.started,r.end,r.seconds,r.seed,r.note,r.done,r.total,r.epoch,r.epochs,r.samples,r.doing,r.peak_memory,r.hash,
	coalesce(r.parent,''),coalesce(r.sweep,''),1+(SELECT count(*) FROM attempt WHERE run_id=r.id),r.params`

// summaries runs a query for summaryColumns and so many further columns, and adds
// what lies in other tables.
func summaries(ctx context.Context, q querier, text string, args []any, columns, headlines int) ([]Summary, error) {
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
			s           = Summary{Columns: make([]Value, columns)}
			id          int64
			started     int64
			ended       sql.NullInt64
			seconds     float64
			seed        int64
			statusText  string
			params      string
			p           = &s.Progress
			destination = []any{&id, &s.Number, &s.UID, &s.Name, &s.Family, &s.FamilyVersion, &s.Recipe, &statusText, &s.Reason,
				&started, &ended, &seconds, &seed, &s.Note, &p.Done, &p.Total, &p.Epoch, &p.Epochs, &p.Samples, &p.Note,
				&s.PeakMemory, &s.Hash, &s.Parent, &s.Sweep, &s.Attempts, &params}
		)
		for i := range s.Columns {
			destination = append(destination, &s.Columns[i])
		}
		if err := rows.Scan(destination...); err != nil {
			return nil, err
		}
		if s.Params, err = unpackParams(params); err != nil {
			return nil, err
		}
		s.Status, s.Seed = core.Status(statusText), uint64(seed)
		s.Started, s.Elapsed = time.UnixMilli(started), inSeconds(seconds)
		if ended.Valid {
			s.Ended = time.UnixMilli(ended.Int64)
		}
		found, ids = append(found, s), append(ids, id)
	}
	if err := rows.Err(); err != nil || len(found) == 0 {
		return found, err
	}
	return found, details(ctx, q, found, ids, headlines)
}

// inSeconds is a duration as overRuns has it.
func inSeconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}

// Scan implements [sql.Scanner].
func (v *Value) Scan(from any) error {
	*v = Value{Known: from != nil}
	switch x := from.(type) {
	case nil:
	case string:
		v.Text = x
		v.Num, v.Number = filterNumber(x)
	case int64:
		*v = Value{Text: strconv.FormatInt(x, 10), Num: float64(x), Number: true, Known: true}
	case float64:
		*v = Value{Text: core.FormatFloat(x), Num: x, Number: true, Known: true}
	default:
		return fmt.Errorf("a column of type %T", from)
	}
	return nil
}

const among = ` run_id IN (SELECT value FROM json_each(?)) `

// details fills in what lies in other tables, for the runs with those ids.
func details(ctx context.Context, q querier, runs []Summary, ids []int64, headlines int) error {
	at := make(map[int64]*Summary, len(ids))
	for i, id := range ids {
		at[id] = &runs[i]
	}
	list := jsonList(ids)
	err := forRows(ctx, q, `SELECT run_id,tag FROM tag WHERE`+among+`ORDER BY run_id,tag`, list, func(rows *sql.Rows) error {
		var (
			id  int64
			tag string
		)
		err := rows.Scan(&id, &tag)
		at[id].Tags = append(at[id].Tags, tag)
		return err
	})
	if err != nil {
		return err
	}
	err = forRows(ctx, q, `SELECT run_id,sha256 FROM lineage WHERE`+among+`ORDER BY run_id,position`, list, func(rows *sql.Rows) error {
		var (
			id  int64
			sum string
		)
		err := rows.Scan(&id, &sum)
		at[id].From = append(at[id].From, sum)
		return err
	})
	if err != nil {
		return err
	}
	return readMetrics(ctx, q, ids, at, headlines)
}

// jsonList is the list as json_each takes it.
func jsonList(ids []int64) string {
	text, _ := json.Marshal(ids)
	return string(text)
}

// readMetrics fills in the metrics of the runs with those ids.
func readMetrics(ctx context.Context, q querier, ids []int64, at map[int64]*Summary, headlines int) error {
	which, list := among, jsonList(ids)
	if lo, hi := slices.Min(ids), slices.Max(ids); hi-lo < int64(2*len(ids)) { // one scan is cheaper than as many searches
		which, list = ` run_id BETWEEN ?1->>0 AND ?1->>1 `, jsonList([]int64{lo, hi})
	}
	if headlines > 0 {
		which += `AND position<` + strconv.Itoa(headlines) + ` `
	}
	// Names and order are put in here: a join and a sort would cost as much as the
	// rest of the query.
	names := map[int64]string{}
	err := forRows(ctx, q, `SELECT id,name FROM metric_name WHERE ?`, 1, func(rows *sql.Rows) error {
		var (
			id   int64
			name string
		)
		err := rows.Scan(&id, &name)
		names[id] = name
		return err
	})
	if err != nil {
		return err
	}
	places := make(map[*Summary][]int64, len(at)) // of the metrics of a run, as they came
	var row metricRow
	err = forRows(ctx, q, `SELECT run_id,metric_id,unit,goal,position,n,step,last,lo,lo_step,hi,hi_step FROM latest WHERE`+which, list, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		s := at[row.integer(0)]
		if s == nil {
			return nil
		}
		m, place := row.metric(names)
		s.Metrics = append(s.Metrics, m)
		places[s] = append(places[s], place)
		return nil
	})
	for s, at := range places {
		sort.Sort(&byPlace{at, s.Metrics})
	}
	return err
}

// byPlace orders metrics as the recipe does, then by name those it does not
// promise.
type byPlace struct {
	place   []int64
	metrics []Metric
}

func (b *byPlace) Len() int { return len(b.place) }
func (b *byPlace) Less(i, k int) bool {
	if b.place[i] != b.place[k] {
		return b.place[i] < b.place[k]
	}
	return b.metrics[i].Name < b.metrics[k].Name
}
func (b *byPlace) Swap(i, k int) {
	b.place[i], b.place[k] = b.place[k], b.place[i]
	b.metrics[i], b.metrics[k] = b.metrics[k], b.metrics[i]
}

// metricRow is run_id,metric_id,unit,goal,position,n,step,last,lo,lo_step,hi,hi_step as
// they come: NULL is nil, and nothing is converted twice.
type metricRow [12]any

func (v *metricRow) scan(rows *sql.Rows) error {
	return rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9], &v[10], &v[11])
}

func (v *metricRow) integer(i int) int64 {
	n, _ := v[i].(int64)
	return n
}

// metric returns the metric and its place: the position, or beyond all of them.
func (v *metricRow) metric(names map[int64]string) (m Metric, place int64) {
	m = Metric{Name: names[v.integer(1)], Goal: core.Direction(v.integer(3)), Points: v.integer(5)}
	m.Unit, _ = v[2].(string)
	if place, m.Promised = v[4].(int64); !m.Promised {
		place = math.MaxInt64
	}
	if m.Points == 0 {
		return m, place
	}
	m.LastStep, m.MinStep, m.MaxStep = v.integer(6), v.integer(9), v.integer(11)
	m.Last, m.Min, m.Max = fromReal(v[7]), fromReal(v[8]), fromReal(v[10])
	switch m.Goal {
	case core.Lower:
		m.Best, m.BestStep = m.Min, m.MinStep
	case core.Higher:
		m.Best, m.BestStep = m.Max, m.MaxStep
	default:
		m.Best, m.BestStep = m.Last, m.LastStep
	}
	return m, place
}

// packParams writes "position defaulted type keybytes valuebytes key value" for
// each parameter.
func packParams(ps []core.Param) string {
	var b strings.Builder
	for i, p := range ps {
		fmt.Fprintf(&b, "%d %d %s %d %d %s%s", i, btoi(p.Default), p.Type, len(p.Key), len(p.Value), p.Key, p.Value)
	}
	return b.String()
}

// unpackParams is its inverse. The parameters come back in the order of their
// positions, which is that of the text when packParams wrote it.
func unpackParams(s string) ([]core.Param, error) {
	if s == "" {
		return nil, nil
	}
	ps := make([]core.Param, 0, strings.Count(s, " ")/5)
	positions := make([]int, 0, cap(ps))
	ordered := true
	for s != "" {
		var f [5]string
		for i := range f {
			n := strings.IndexByte(s, ' ')
			if n < 0 {
				return nil, fmt.Errorf("packed parameters end early")
			}
			f[i], s = s[:n], s[n+1:]
		}
		position, err1 := strconv.Atoi(f[0])
		k, err2 := strconv.Atoi(f[3])
		v, err3 := strconv.Atoi(f[4])
		if err1 != nil || err2 != nil || err3 != nil || k < 0 || v < 0 || k > len(s) || v > len(s)-k {
			return nil, fmt.Errorf("packed parameters are malformed")
		}
		ordered = ordered && position == len(ps)
		positions = append(positions, position)
		ps = append(ps, core.Param{Key: s[:k], Type: core.Type(f[2]), Value: s[k : k+v], Default: f[1] == "1"})
		s = s[k+v:]
	}
	if !ordered {
		sort.Sort(&byPosition{positions, ps})
	}
	return ps, nil
}

type byPosition struct {
	position []int
	params   []core.Param
}

func (b *byPosition) Len() int           { return len(b.position) }
func (b *byPosition) Less(i, k int) bool { return b.position[i] < b.position[k] }
func (b *byPosition) Swap(i, k int) {
	b.position[i], b.position[k] = b.position[k], b.position[i]
	b.params[i], b.params[k] = b.params[k], b.params[i]
}
