package main

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
)

func (a *app) reportCommand() *cobra.Command {
	var q tracker.Query
	cmd := &cobra.Command{
		Use:   "report [FILTER]",
		Short: "List the runs, newest first",
		Long: `Report lists the recorded runs, one a row: what differed among them and what came
of it. A filter is a condition on properties (plugin, recipe, status, name, started,
duration), parameters and metrics; and, or, not and parentheses combine. A metric
stands for its best value; last(M), min(M) and max(M) choose another.`,
		Example: `  lab report
  lab report 'plugin=gan and fid<60 and status=finished' --sort fid`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Filter = strings.Join(args, " ")
			db, err := a.records()
			if err != nil {
				return err
			}
			defer db.Close()
			runs, err := db.Runs(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				all := []any{}
				for i := range runs {
					all = append(all, summaryJSON(&runs[i]))
				}
				return a.printJSON(all)
			}
			if len(runs) == 0 {
				what := "no runs in " + a.homeDir()
				if q.Filter != "" {
					what = "no run fits the filter"
				}
				fmt.Fprintln(a.err, "lab: "+what)
				return nil
			}
			a.printRuns(runs)
			return nil
		},
	}
	cmd.Flags().StringVar(&q.Sort, "sort", "", "what to sort by: metrics best first, others ascending, -NAME the other way")
	cmd.Flags().IntVar(&q.Limit, "limit", 0, "list so many runs at the most")
	return cmd
}

// reportMetrics is how many metrics of a recipe a report has columns for.
const reportMetrics = 3

// printRuns prints a row a run, with the parameters that differ among the runs and
// the first metrics of their recipes.
func (a *app) printRuns(runs []tracker.Summary) {
	params, metrics := differing(runs), headlines(runs)
	head := []any{"#", "run", "started", "recipe", "status", "name"}
	for _, k := range params {
		head = append(head, k)
	}
	var right []string
	for _, m := range metrics {
		head = append(head, m)
		right = append(right, m)
	}
	t := newTable(append(head, "time")...)
	numbers(t, append(right, "#", "time")...)
	for i := range runs {
		r := &runs[i]
		row := table.Row{fmt.Sprintf("@%d", r.Number), r.UID, humanize.Time(r.Started), r.Family + "/" + r.Recipe, string(r.Status), r.Name}
		for _, k := range params {
			v := ""
			if p, ok := r.Param(k); ok {
				v = p.Value
			}
			row = append(row, v)
		}
		for _, name := range metrics {
			row = append(row, metricCell(r, name))
		}
		t.AppendRow(append(row, duration(r.Elapsed)))
	}
	printTable(a.out, t)
}

// metricCell is the best value of a metric that has a direction, else the last one.
func metricCell(r *tracker.Summary, name string) string {
	m, ok := r.Metric(name)
	if !ok || m.Points == 0 {
		return ""
	}
	return number(m.Best)
}

// differing lists the parameters whose values are not the same in all runs that have
// them, in the recipes' order.
func differing(runs []tracker.Summary) []string {
	first := map[string]string{}
	differs := map[string]bool{}
	var order []string
	for i := range runs {
		for _, p := range runs[i].Params {
			v, seen := first[p.Key]
			if !seen {
				first[p.Key] = p.Value
				order = append(order, p.Key)
			} else if v != p.Value {
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
// recipe promises.
func headlines(runs []tracker.Summary) []string {
	seen := map[string]bool{}
	recipes := map[string]int{}
	var names []string
	for i := range runs {
		r := &runs[i]
		if recipes[r.Family+"/"+r.Recipe]++; recipes[r.Family+"/"+r.Recipe] > 1 {
			continue
		}
		n := 0
		for _, m := range r.Metrics {
			if !m.Promised || m.Goal == core.Neutral || n == reportMetrics {
				continue
			}
			n++
			if !seen[m.Name] {
				seen[m.Name] = true
				names = append(names, m.Name)
			}
		}
	}
	return names
}
