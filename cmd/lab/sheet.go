package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"

	"lab/core"
	"lab/tracker"
)

// reportMetrics is how many metrics of a recipe a report has columns for.
const reportMetrics = 3

// sheet is a report as text: a row a run, or several that count as one.
type sheet struct {
	head  []string
	right []string // columns of numbers
	rows  [][]string
	exact [][]string // the same for programs: in full, means and deviations apart
	names []string   // of exact's columns
}

// newSheet lays groups out. By and columns are what the report was asked for.
func newSheet(groups []tracker.Group, by, columns []string) *sheet {
	s := &sheet{}
	folded := false
	for i := range groups {
		folded = folded || len(groups[i].Runs)+len(groups[i].Repeats) > 1
	}
	var params, metrics []string
	if len(columns) == 0 {
		metrics = headlines(groups)
		if len(by) == 0 {
			params = differing(groups)
		}
	}
	number := make([]bool, len(columns)) // whether a column has numbers
	for i := range groups {
		for _, r := range groups[i].Runs {
			for k := range columns {
				number[k] = number[k] || r.Columns[k].Number
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		r := newest(g)
		row := &row{sheet: s, first: i == 0}
		for k, name := range by {
			row.text(name, g.Key[k].Text, g.Key[k].Number)
		}
		if len(by) == 0 {
			row.text("#", numbersOf(g), true)
			row.text("run", r.UID, false)
		}
		if folded {
			row.text("n", countOf(g), true)
		}
		if len(by) == 0 {
			row.cell("started", humanize.Time(r.Started), r.Started.UTC().Format("2006-01-02T15:04:05Z"), false)
			row.text("recipe", r.Family+"/"+r.Recipe, false)
			row.text("status", string(r.Status), false)
			row.text("name", namesOf(g), false)
		}
		for _, key := range params {
			v := ""
			if p, ok := r.Param(key); ok && !(key == "seed" && len(g.Runs) > 1) {
				v = p.Value
			}
			row.text(key, v, false)
		}
		for k, name := range columns {
			v := r.Columns[k]
			switch alike := sameText(g, k) && !strings.Contains(name, "("); {
			case !number[k]:
				row.text(name, textsOf(g, k), false)
			case v.Number && !alike:
				row.statistic(name, g.Column(k), inUnits(name, g.Column(k)))
			default:
				row.statistic(name, g.Column(k), textsOf(g, k))
			}
		}
		for _, name := range metrics {
			row.statistic(name, g.Metric("best", name), "")
		}
		seconds := g.Seconds()
		row.cell("time", duration(secondsOf(seconds.Mean)), core.FormatFloat(math.Round(seconds.Mean*1000)/1000), true)
		s.rows, s.exact = append(s.rows, row.cells), append(s.exact, row.exact)
	}
	return s
}

// row is a row of a sheet while it is filled; the first one makes the head.
type row struct {
	sheet        *sheet
	first        bool
	cells, exact []string
}

func (r *row) text(name, text string, right bool) { r.cell(name, text, text, right) }

func (r *row) cell(name, text, exact string, right bool) {
	if r.first {
		r.sheet.head, r.sheet.names = append(r.sheet.head, name), append(r.sheet.names, name)
	}
	if right && !slices.Contains(r.sheet.right, name) {
		r.sheet.right = append(r.sheet.right, name)
	}
	r.cells, r.exact = append(r.cells, text), append(r.exact, exact)
}

// statistic is one cell to read, the text or else mean and deviation, and two for
// programs.
func (r *row) statistic(name string, s tracker.Statistic, text string) {
	mean, std := "", ""
	if s.N > 0 {
		mean = core.FormatFloat(s.Mean)
	}
	if text == "" {
		text = plusMinus(s)
	}
	if s.N > 1 {
		std = core.FormatFloat(s.Std)
	}
	r.cell(name, text, mean, true)
	if r.first {
		r.sheet.names = append(r.sheet.names, name+" std")
	}
	r.exact = append(r.exact, std)
}

// inUnits is the mean of a property of runs that has a unit, or "" for what else a column
// may hold.
func inUnits(name string, s tracker.Statistic) string {
	switch {
	case s.N == 0:
	case name == "duration" || name == "age":
		return duration(secondsOf(s.Mean))
	case name == "memory":
		return humanize.Bytes(uint64(s.Mean))
	}
	return ""
}

// plusMinus is the mean with as many decimals as the deviation's two digits, or what a
// single run reached. Runs that diverged are counted, not averaged away.
func plusMinus(s tracker.Statistic) string {
	switch {
	case s.N == 0:
		return ""
	case s.Diverged > 0 && s.N > 1:
		return fmt.Sprintf("%s (%d of %d diverged)", number(s.Mean), s.Diverged, s.N)
	case s.N == 1:
		return number(s.Mean)
	case s.Std == 0:
		return number(s.Mean) + " ± 0"
	}
	digits := 1 - int(math.Floor(math.Log10(s.Std)))
	if digits > 8 || digits < -5 {
		return number(s.Mean) + " ± " + number(s.Std)
	}
	digits = max(0, digits)
	return strconv.FormatFloat(s.Mean, 'f', digits, 64) + " ± " + strconv.FormatFloat(s.Std, 'f', digits, 64)
}

// newest is the newest run of a group that counts.
func newest(g *tracker.Group) *tracker.Summary {
	return slices.MaxFunc(g.Runs, func(a, b *tracker.Summary) int { return a.Started.Compare(b.Started) })
}

// numbersOf is @3, @1-4 or @1,7,…
func numbersOf(g *tracker.Group) string {
	var n []int
	for _, r := range g.Runs {
		if r.Number > 0 { // none in the bin
			n = append(n, r.Number)
		}
	}
	if len(n) == 0 {
		return ""
	}
	slices.Sort(n)
	var parts []string
	for i := 0; i < len(n); {
		k := i
		for k+1 < len(n) && n[k+1] == n[k]+1 {
			k++
		}
		switch {
		case len(parts) == 3:
			return "@" + strings.Join(parts, ",") + ",…"
		case k == i:
			parts = append(parts, fmt.Sprint(n[i]))
		case k == i+1:
			parts = append(parts, fmt.Sprint(n[i]), fmt.Sprint(n[k]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", n[i], n[k]))
		}
		i = k + 1
	}
	return "@" + strings.Join(parts, ",")
}

// countOf is how many runs there are, and how many were made a second time.
func countOf(g *tracker.Group) string {
	if len(g.Repeats) > 0 {
		return fmt.Sprintf("%d (+%d again)", len(g.Runs), len(g.Repeats))
	}
	return fmt.Sprint(len(g.Runs))
}

// namesOf are the runs' names, three at the most.
func namesOf(g *tracker.Group) string {
	return distinct(g, func(r *tracker.Summary) string { return r.Name })
}

func textsOf(g *tracker.Group, column int) string {
	return distinct(g, func(r *tracker.Summary) string { return r.Columns[column].Text })
}

func distinct(g *tracker.Group, text func(*tracker.Summary) string) string {
	var out []string
	for _, r := range g.Runs {
		switch v := text(r); {
		case v == "" || slices.Contains(out, v):
		case len(out) == 3:
			return strings.Join(out, ", ") + ", …"
		default:
			out = append(out, v)
		}
	}
	return strings.Join(out, ", ")
}

// sameText reports whether a column is written alike in all of several runs.
func sameText(g *tracker.Group, column int) bool {
	for _, r := range g.Runs {
		if r.Columns[column].Text != g.Runs[0].Columns[column].Text {
			return false
		}
	}
	return len(g.Runs) > 1
}

// differing lists the parameters whose values are not the same in all runs of a recipe,
// in the recipes' order.
func differing(groups []tracker.Group) []string {
	type parameter struct{ recipe, key string }
	first := map[parameter]string{}
	differs := map[string]bool{}
	var order []string
	for _, g := range groups {
		r := g.Runs[0]
		for _, p := range r.Params {
			of := parameter{r.Family + "/" + r.Recipe, p.Key}
			v, seen := first[of]
			if !seen {
				first[of] = p.Value
				if !slices.Contains(order, p.Key) {
					order = append(order, p.Key)
				}
			} else if v != p.Value && !(p.Key == "seed" && len(g.Runs) > 1) {
				differs[p.Key] = true
			}
		}
	}
	var keys []string
	for _, k := range order {
		if differs[k] {
			keys = append(keys, k)
		}
	}
	return keys
}

// headlines lists the metrics to show: the first ones with a direction that each
// recipe promises, or the first ones where none has, as in runs from other trackers.
func headlines(groups []tracker.Group) []string {
	type headline struct{ recipe, metric string }
	var (
		names []string
		found = map[headline]bool{}
		count = map[string]int{} // by recipe
	)
	for _, g := range groups {
		r := g.Runs[0]
		recipe := r.Family + "/" + r.Recipe
		aimless := !slices.ContainsFunc(r.Metrics, func(m tracker.Metric) bool { return m.Promised && m.Goal != core.Neutral })
		for _, m := range r.Metrics {
			h := headline{recipe, m.Name}
			if !m.Promised || m.Goal == core.Neutral && !aimless || count[recipe] == reportMetrics || found[h] {
				continue
			}
			found[h] = true
			count[recipe]++
			if !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	return names
}

func (s *sheet) table() table.Writer {
	head := []any{}
	for _, h := range s.head {
		head = append(head, h)
	}
	t := newTable(head...)
	numbers(t, s.right...)
	for _, cells := range s.rows {
		row := table.Row{}
		for _, c := range cells {
			row = append(row, c)
		}
		t.AppendRow(row)
	}
	return t
}

// print reports whether the terminal was too narrow.
func (s *sheet) print(w io.Writer) (cut bool) { return printWithin(w, s.table(), columnsOf(w)) }

func (s *sheet) markdown(w io.Writer) { fmt.Fprintln(w, s.table().RenderMarkdown()) }

func (s *sheet) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	if len(s.rows) > 0 {
		c.Write(s.names)
	}
	c.WriteAll(s.exact)
	return c.Error()
}
