package tracker

import (
	"fmt"
	"strconv"
	"strings"

	"lab/core"
)

// parseTerm reads NAME or FUNCTION(METRIC).
func parseTerm(text string) (term, bool) {
	fn, rest, ok := strings.Cut(text, "(")
	if !ok {
		return term{name: text}, text != ""
	}
	name, tail, closed := strings.Cut(rest, ")")
	return term{fn, name}, isFunction(fn) && closed && tail == "" && name != ""
}

func parseColumns(texts []string) ([]term, error) {
	var ts []term
	for _, text := range texts {
		t, ok := parseTerm(strings.TrimSpace(text))
		if !ok {
			return nil, &core.Error{Kind: core.Usage, Msg: strconv.Quote(text) + " is no column", Try: "lr, best(fid) or env.git.commit"}
		}
		ts = append(ts, t)
	}
	return ts, nil
}

// column returns the SQL of a term's value: a parameter or fact as its text, when the
// run was started as UTC, a metric as a number, or as 'nan'; NULL where the run has none.
func (c *compiler) column(t term) string {
	if t.fn == "" {
		if col, ok := textColumns[t.name]; ok {
			return col
		}
		switch t.name {
		case "seed":
			return "printf('%u',r.seed)"
		case "started":
			return "strftime('%Y-%m-%dT%H:%M:%SZ',r.started/1000,'unixepoch')"
		case "tag":
			return "(SELECT group_concat(tag,' ' ORDER BY tag) FROM tag WHERE run_id=r.id)"
		}
		if col, ok := numberColumns[t.name]; ok {
			return col
		}
	}
	return c.recorded(t, "p.value", fmt.Sprintf("coalesce(%s,'nan')", metricColumn(t.fn)))
}

// recorded returns the SQL of what a run recorded under a name: a fact, a parameter as
// one expression of its row p or a metric as one of its row l.
func (c *compiler) recorded(t term, param, metric string) string {
	ofParam := func(key string) string {
		return "(SELECT " + param + " FROM param p WHERE p.run_id=r.id AND p.key=" + c.bind(key) + ")"
	}
	ofMetric := func(name string) string {
		return "(SELECT " + metric + " FROM latest l WHERE l.run_id=r.id AND l.n>0 AND l.metric_id=(SELECT id FROM metric_name WHERE name=" + c.bind(name) + "))"
	}
	if t.fn != "" {
		return ofMetric(strings.TrimPrefix(t.name, "metric."))
	}
	if key, ok := strings.CutPrefix(t.name, "env."); ok {
		return "(SELECT value FROM environment e WHERE e.run_id=r.id AND e.key=" + c.bind(key) + ")"
	}
	if key, ok := strings.CutPrefix(t.name, "param."); ok {
		return ofParam(key)
	}
	if name, ok := strings.CutPrefix(t.name, "metric."); ok {
		return ofMetric(name)
	}
	return "coalesce(" + ofParam(t.name) + "," + ofMetric(t.name) + ")"
}
