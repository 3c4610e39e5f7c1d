package tracker

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"lab/core"
)

// compiler turns filters into SQL over the relation r (see overRuns). Every
// name and value of the user is a bound parameter; the text of the query holds
// constants of this file only.
type compiler struct {
	args    []any
	now     time.Time
	resolve func(ref string) (uid string, err error) // of from:
}

// bind adds a parameter and returns what stands for it in the query.
func (c *compiler) bind(v any) string {
	c.args = append(c.args, v)
	return "?" + strconv.Itoa(len(c.args))
}

// textColumns and numberColumns are the properties every run has. In a filter
// they come before parameters and metrics of the same name; param.NAME and
// metric.NAME reach those.
var textColumns = map[string]string{
	"plugin": "r.family", "family": "r.family", "recipe": "r.recipe", "status": "r.state", "name": "coalesce(r.name,'')",
	"note": "r.note", "uid": "r.uid", "host": "r.host", "reason": "r.why", "sweep": "coalesce(r.sweep,'')", "parent": "coalesce(r.parent,'')",
}

var numberColumns = map[string]string{
	"seed":     "r.seed",
	"duration": "r.seconds", // from start to end, or to now
	"age":      "r.age",     // since the start
	"number":   "r.number",
	"started":  "r.started",
	"memory":   "r.peak_memory", // bytes
	"attempts": "(1+(SELECT count(*) FROM attempt WHERE run_id=r.id))",
}

var statuses = []string{string(core.Running), string(core.Finished), string(core.Failed),
	string(core.Crashed), string(core.Cancelled), string(core.Lost)}

func (c *compiler) expr(x expr) (string, error) {
	switch x := x.(type) {
	case andExpr:
		return c.pair(x.a, "AND", x.b)
	case orExpr:
		return c.pair(x.a, "OR", x.b)
	case notExpr:
		s, err := c.expr(x.x)
		return "NOT coalesce(" + s + ",0)", err
	case propExpr:
		return c.property(x)
	case cmpExpr:
		return c.compare(x)
	}
	return "1", nil
}

func (c *compiler) property(x propExpr) (string, error) {
	switch x.prop {
	case "has":
		name := c.bind(x.name)
		return "(EXISTS(SELECT 1 FROM param WHERE run_id=r.id AND key=" + name + ") OR EXISTS(SELECT 1 FROM latest WHERE run_id=r.id AND n>0" +
			" AND metric_id=(SELECT id FROM metric_name WHERE name=" + name + ")))", nil
	case "from":
		uid, err := c.resolve(x.name)
		return "EXISTS(SELECT 1 FROM lineage WHERE run_id=r.id AND from_run=" + c.bind(uid) + ")", err
	}
	return "EXISTS(SELECT 1 FROM tag WHERE run_id=r.id AND tag=" + c.bind(x.name) + ")", nil
}

func (c *compiler) pair(a expr, op string, b expr) (string, error) {
	l, err := c.expr(a)
	if err != nil {
		return "", err
	}
	r, err := c.expr(b)
	return "(" + l + " " + op + " " + r + ")", err
}

func (c *compiler) compare(x cmpExpr) (string, error) {
	if x.term.fn == "" {
		if x.term.name == "tag" && (x.op == "=" || x.op == "!=") {
			s, err := c.expr(propExpr{"tag", x.value})
			if x.op == "!=" {
				s = "NOT " + s
			}
			return s, err
		}
		if col, ok := textColumns[x.term.name]; ok {
			return c.compareText(x, col)
		}
		if col, ok := numberColumns[x.term.name]; ok {
			return c.compareProperty(x, col)
		}
		if key, ok := strings.CutPrefix(x.term.name, "env."); ok {
			return "EXISTS(SELECT 1 FROM environment e WHERE e.run_id=r.id AND e.key=" + c.bind(key) + " AND " +
				c.condition("CAST(e.value AS REAL)", "e.value", x.op, x.value) + ")", nil
		}
		if key, ok := strings.CutPrefix(x.term.name, "param."); ok {
			return c.compareParam(key, x), nil
		}
		if name, ok := strings.CutPrefix(x.term.name, "metric."); ok {
			x.term = term{"best", name}
		}
	}
	v, isNumber := filterNumber(x.value)
	if x.term.fn != "" {
		if !isNumber || x.op == "~" {
			return "", &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s%s%s: a metric is compared with a number", x.term, x.op, x.value)}
		}
		return c.compareMetric(x.term, x.op, v), nil
	}
	param := c.compareParam(x.term.name, x)
	if !isNumber || x.op == "~" {
		return param, nil
	}
	return "CASE WHEN EXISTS(SELECT 1 FROM param p WHERE p.run_id=r.id AND p.key=" + c.bind(x.term.name) + ") THEN " + param +
		" ELSE " + c.compareMetric(term{"best", x.term.name}, x.op, v) + " END", nil
}

func (c *compiler) compareText(x cmpExpr, col string) (string, error) {
	if x.term.name == "status" && (x.op == "=" || x.op == "!=") {
		known := false
		for _, s := range statuses {
			known = known || s == x.value
		}
		if !known {
			return "", &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no run can have the status %q", x.value),
				Try: strings.Join(statuses, ", ")}
		}
	}
	if x.op == "~" {
		return "instr(lower(" + col + "),lower(" + c.bind(x.value) + "))>0", nil
	}
	return col + x.op + c.bind(x.value), nil
}

// compareProperty compares with a number, a time span (90s, 24h, 7d) or, for
// started, a date (2026-01-31 or RFC 3339).
func (c *compiler) compareProperty(x cmpExpr, col string) (string, error) {
	bad := func(want string) (string, error) {
		return "", &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s%s%s: %q is not %s", x.term.name, x.op, x.value, x.value, want)}
	}
	if x.op == "~" {
		return bad("something to search in a number")
	}
	if x.term.name == "started" {
		t, err := time.Parse(time.RFC3339, x.value)
		if err != nil {
			if t, err = time.ParseInLocation("2006-01-02", x.value, time.Local); err != nil {
				return bad("a date such as 2026-01-31")
			}
		}
		return col + x.op + c.bind(t.UnixMilli()), nil
	}
	if x.term.name == "seed" {
		if u, err := strconv.ParseUint(x.value, 10, 64); err == nil {
			return col + x.op + c.bind(int64(u)), nil // as it is stored; order holds below 1<<63
		}
		return bad("a seed")
	}
	v, ok := filterNumber(x.value)
	if !ok {
		return bad("a number or a time span such as 90s, 24h or 7d")
	}
	return col + x.op + c.bind(v), nil
}

// compareParam holds for runs that have the parameter.
func (c *compiler) compareParam(key string, x cmpExpr) string {
	return "EXISTS(SELECT 1 FROM param p WHERE p.run_id=r.id AND p.key=" + c.bind(key) + " AND " +
		c.condition("p.num", "p.value", x.op, x.value) + ")"
}

// condition compares as numbers where the value is one, else as text. Equality
// holds for either, so that 1e-4 finds 0.0001 and 007 finds "007".
func (c *compiler) condition(num, text, op, value string) string {
	if op == "~" {
		return "instr(lower(" + text + "),lower(" + c.bind(value) + "))>0"
	}
	v, isNumber := filterNumber(value)
	switch {
	case !isNumber || math.IsNaN(v):
		return text + op + c.bind(value)
	case op == "=":
		return "(" + num + "=" + c.bind(v) + " OR " + text + "=" + c.bind(value) + ")"
	case op == "!=":
		return "NOT (coalesce(" + num + "=" + c.bind(v) + ",0) OR " + text + "=" + c.bind(value) + ")"
	}
	return num + op + c.bind(v)
}

// metricColumn is the value of a metric that a function names. Best follows the
// metric's goal; without a goal it is the last.
func metricColumn(fn string) string {
	switch fn {
	case "min":
		return "l.lo"
	case "max":
		return "l.hi"
	case "last":
		return "l.last"
	}
	return fmt.Sprintf("CASE l.goal WHEN %d THEN l.lo WHEN %d THEN l.hi ELSE l.last END", core.Lower, core.Higher)
}

// compareMetric holds for runs that have points of the metric. NaN equals NaN
// and nothing else.
func (c *compiler) compareMetric(t term, op string, v float64) string {
	col := metricColumn(t.fn)
	var cond string
	switch {
	case math.IsNaN(v) && op == "=":
		cond = col + " IS NULL"
	case math.IsNaN(v) && op == "!=":
		cond = col + " IS NOT NULL"
	case math.IsNaN(v):
		cond = "FALSE"
	case op == "!=":
		cond = "(" + col + "!=" + c.bind(v) + " OR " + col + " IS NULL)"
	default:
		cond = col + op + c.bind(v)
	}
	return "EXISTS(SELECT 1 FROM latest l WHERE l.run_id=r.id AND l.n>0 AND l.metric_id=(SELECT id FROM metric_name WHERE name=" +
		c.bind(t.name) + ") AND " + cond + ")"
}

// filterNumber reads a number or a time span, in seconds.
func filterNumber(s string) (float64, bool) {
	if v, err := core.ParseFloat(s); err == nil {
		return v, true
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d.Seconds(), true
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if v, err := strconv.ParseFloat(days, 64); err == nil {
			return v * 24 * 3600, true
		}
	}
	return 0, false
}

// order returns the ORDER BY of the keys: metrics best first, everything else
// ascending, where number 1 is the newest run. What has no value comes last
// either way, and runs that tie are newest first.
func (c *compiler) order(keys []sortKey) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(c.sortExpr(k.term))
		if k.reverse {
			b.WriteString(" DESC")
		}
		b.WriteString(" NULLS LAST,")
	}
	return b.String() + "r.ord DESC,r.id DESC"
}

func (c *compiler) sortExpr(t term) string { return c.sortValue(t, "NULL") }

// sortValue is what a term sorts by; nan stands for a metric's NaN.
func (c *compiler) sortValue(t term, nan string) string {
	if t.fn == "" {
		if col, ok := textColumns[t.name]; ok {
			return col
		}
		if col, ok := numberColumns[t.name]; ok {
			return col
		}
	}
	col := metricColumn(t.fn)
	return c.recorded(t, "coalesce(p.num,p.value)", fmt.Sprintf("coalesce(iif(l.goal=%d,-(%s),%s),%s)", core.Higher, col, col, nan))
}
