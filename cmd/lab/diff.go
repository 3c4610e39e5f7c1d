package main

import (
	"context"
	"fmt"
	"math"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
)

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff A B",
		Short: "Show what differs between two runs",
		Long: `Diff compares what is on record of two runs: parameters, code, data, machine, results
and files. Of what both have alike it shows the metrics alone. Whether the points are
the same to the last bit is said at the end.`,
		Example: `  lab diff @1 @2
  lab diff @best @1 --json`,
		Args:              args(2, 2, "two runs"),
		ValidArgsFunction: a.completeRuns(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := a.records()
			if err != nil {
				return err
			}
			defer db.Close()
			d, err := db.Diff(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			var c *tracker.Comparison
			if !d.Same {
				if c, err = db.Compare(cmd.Context(), d.A.UID, d.B.UID, nil); err != nil {
					return err
				}
			}
			if a.json {
				return a.printJSON(diffJSON(d, c))
			}
			a.printDiff(cmd.Context(), d, c)
			return nil
		},
	}
}

func (a *app) printDiff(ctx context.Context, d *tracker.Diff, c *tracker.Comparison) {
	head := []any{"", reference(d.A) + " " + d.A.UID, reference(d.B) + " " + d.B.UID}
	t := newTable(head...)
	row := func(what, x, y string) {
		if x != y {
			t.AppendRow(table.Row{what, x, y})
		}
	}
	row("name", d.A.Name, d.B.Name)
	row("status", string(d.A.Status), string(d.B.Status))
	row("reason", d.A.Reason, d.B.Reason)
	t.AppendRow(table.Row{"started", d.A.Started.Local().Format("2006-01-02 15:04:05"), d.B.Started.Local().Format("2006-01-02 15:04:05")})
	t.AppendRow(table.Row{"time", duration(d.A.Elapsed), duration(d.B.Elapsed)})
	printTable(a.out, t)
	for _, s := range []struct {
		title   string
		changes []tracker.Change
	}{{"parameter", d.Params}, {"code", d.Code}, {"data", d.Data}, {"machine", d.Machine}, {"other", d.Other}} {
		if len(s.changes) == 0 {
			continue
		}
		fmt.Fprintln(a.out)
		t := newTable(s.title, "A", "B")
		for _, c := range s.changes {
			t.AppendRow(table.Row{c.Key, side(c.A), side(c.B)})
		}
		printTable(a.out, t)
	}
	if len(d.Metrics) > 0 {
		fmt.Fprintln(a.out)
		t := newTable("metric", "A", "B", "B − A", "first differs at step")
		numbers(t, "A", "B", "B − A", "first differs at step")
		for _, m := range d.Metrics {
			x, y, gap := best(m.A), best(m.B), ""
			if m.A != nil && m.B != nil {
				if g := m.B.Best - m.A.Best; g != 0 && !math.IsNaN(g) {
					gap = fmt.Sprintf("%+.3g", g)
				}
			}
			t.AppendRow(table.Row{m.Name, x, y, gap, parting(c, m.Name)})
		}
		printTable(a.out, t)
	}
	if len(d.Files) > 0 {
		fmt.Fprintln(a.out)
		t := newTable("file", "kind", "step", "A", "B")
		numbers(t, "step")
		for _, f := range d.Files {
			step := ""
			if f.Step > 0 {
				step = fmt.Sprint(f.Step)
			}
			t.AppendRow(table.Row{f.Name, f.Kind, step, sum(f.A), sum(f.B)})
		}
		printTable(a.out, t)
	}
	fmt.Fprintln(a.out)
	switch {
	case d.Same || c.Same():
		fmt.Fprintln(a.out, "same to the last bit: every point, every model")
	case c.First() != nil:
		f := c.First()
		fmt.Fprintf(a.out, "they part at step %d of %s: %s and %s\n", f.Step, f.Metric, value(f.A), value(f.B))
	default:
		fmt.Fprintf(a.out, "every point is the same, %s not\n", count(len(c.Models), "model"))
	}
}

// side is a value of one of two runs.
func side(s *string) string {
	if s == nil {
		return "–"
	}
	return shorten(*s)
}

func best(m *tracker.Metric) string {
	if m == nil {
		return "–"
	}
	return number(m.Best)
}

// value has every digit: two numbers that differ shall look different.
func value(v *float64) string {
	if v == nil {
		return "no point"
	}
	return core.FormatFloat(*v)
}

func sum(x *core.Artifact) string {
	if x == nil {
		return "–"
	}
	return x.SHA256[:min(12, len(x.SHA256))]
}

// parting is the step at which a metric of two runs differs first.
func parting(c *tracker.Comparison, metric string) string {
	if c != nil {
		for _, m := range c.Metrics {
			if m.Name == metric && m.First != nil {
				return fmt.Sprint(m.First.Step)
			}
		}
	}
	return ""
}

type jsonChange struct {
	Key string  `json:"key"`
	A   *string `json:"a"`
	B   *string `json:"b"`
}

type jsonMetricPair struct {
	Name string      `json:"name"`
	A    *jsonMetric `json:"a"`
	B    *jsonMetric `json:"b"`
}

type jsonFilePair struct {
	Name string    `json:"name"`
	Kind string    `json:"kind"`
	Step int64     `json:"step"`
	A    *jsonFile `json:"a"`
	B    *jsonFile `json:"b"`
}

type jsonParting struct {
	Metric string      `json:"metric"`
	Step   int64       `json:"step"`
	A      *jsonNumber `json:"a"`
	B      *jsonNumber `json:"b"`
}

// jsonDiff is what lab diff --json prints.
type jsonDiff struct {
	A       string           `json:"a"` // ids
	B       string           `json:"b"`
	Same    bool             `json:"same"` // to the last bit
	First   *jsonParting     `json:"first"`
	Params  []jsonChange     `json:"params"`
	Code    []jsonChange     `json:"code"`
	Data    []jsonChange     `json:"data"`
	Machine []jsonChange     `json:"machine"`
	Other   []jsonChange     `json:"other"`
	Metrics []jsonMetricPair `json:"metrics"`
	Files   []jsonFilePair   `json:"files"`
}

func diffJSON(d *tracker.Diff, c *tracker.Comparison) jsonDiff {
	j := jsonDiff{A: d.A.UID, B: d.B.UID, Same: d.Same || c.Same(), Params: changesJSON(d.Params), Code: changesJSON(d.Code), Data: changesJSON(d.Data),
		Machine: changesJSON(d.Machine), Other: changesJSON(d.Other), Metrics: []jsonMetricPair{}, Files: []jsonFilePair{}}
	if !j.Same {
		j.First = partingJSON(c.First())
	}
	for _, m := range d.Metrics {
		j.Metrics = append(j.Metrics, jsonMetricPair{m.Name, metricJSON(m.A), metricJSON(m.B)})
	}
	for _, f := range d.Files {
		p := jsonFilePair{Name: f.Name, Kind: f.Kind, Step: f.Step}
		if f.A != nil {
			x := fileJSON(d.A, *f.A)
			p.A = &x
		}
		if f.B != nil {
			x := fileJSON(d.B, *f.B)
			p.B = &x
		}
		j.Files = append(j.Files, p)
	}
	return j
}

func partingJSON(f *tracker.Difference) *jsonParting {
	if f == nil {
		return nil
	}
	return &jsonParting{f.Metric, f.Step, (*jsonNumber)(f.A), (*jsonNumber)(f.B)}
}

func changesJSON(cs []tracker.Change) []jsonChange {
	out := []jsonChange{}
	for _, c := range cs {
		out = append(out, jsonChange(c))
	}
	return out
}
