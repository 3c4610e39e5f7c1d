package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/guptarohit/asciigraph"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/tracker"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Show everything about one run",
		Long: `Show prints what is known of a run: parameters, curves, metrics, files, code and
machine. RUN is @1 for the newest run, @best:METRIC, a run's id or the beginning of
it, or its name.`,
		Example: `  lab show @1
  lab show @best:fid --json`,
		Args:              args(1, 1, "one run"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withRun(cmd.Context(), args[0], func(db *tracker.DB, d *tracker.Detail) error {
				if a.json {
					return a.printJSON(runJSON(d))
				}
				return a.printRun(cmd.Context(), db, d)
			})
		},
	}
}

// reference is the shortest way to name a run now.
func reference(d *tracker.Detail) string {
	if d.Number > 0 {
		return fmt.Sprintf("@%d", d.Number)
	}
	return d.UID
}

func (a *app) printRun(ctx context.Context, db *tracker.DB, d *tracker.Detail) error {
	fmt.Fprintf(a.out, "%s  %s/%s  %s", d.UID, d.Family, d.Recipe, d.Status)
	if d.Reason != "" {
		fmt.Fprintf(a.out, ": %s", d.Reason)
	}
	fmt.Fprintf(a.out, "\n%s, %s", d.Started.Local().Format("2006-01-02 15:04:05"), duration(d.Elapsed))
	if d.PeakMemory > 0 {
		fmt.Fprintf(a.out, ", %s of memory", humanize.Bytes(uint64(d.PeakMemory)))
	}
	fmt.Fprintln(a.out)
	for _, l := range []struct{ key, value string }{{"name", d.Name}, {"note", d.Note}, {"tags", strings.Join(d.Tags, ", ")}, {"command", strings.Join(d.CommandLine, " ")}, {"folder", d.Dir}} {
		if l.value != "" {
			fmt.Fprintf(a.out, "%-8s %s\n", l.key, l.value)
		}
	}
	for _, f := range d.Sources {
		what := f.Path
		if f.Run != "" {
			what = "run " + f.Run
		}
		fmt.Fprintf(a.out, "%-8s %s\n", "from", what)
	}

	for _, h := range d.History {
		fmt.Fprintf(a.out, "attempt %d %s", h.Number, h.Status)
		if h.Reason != "" {
			fmt.Fprintf(a.out, ": %s", h.Reason)
		}
		fmt.Fprintf(a.out, "; resumed %s after step %d, %s set aside\n", h.Resumed.Local().Format("2006-01-02 15:04:05"), h.Checkpoint, count(int(h.Points), "point"))
	}

	t := newTable("parameter", "value", "")
	for _, p := range d.Params {
		mark := ""
		if p.Default {
			mark = "default"
		}
		t.AppendRow(table.Row{p.Key, p.Value, mark})
	}
	printSection(a.out, t)

	plots := 0
	for _, m := range d.Metrics { // the promised ones come first
		if m.Points < 2 || plots == maxPlots {
			continue
		}
		plots++
		if err := a.plot(ctx, db, d, m); err != nil {
			return err
		}
	}

	t = newTable("metric", "last", "best", "at step", "min", "max", "points")
	numbers(t, "last", "best", "at step", "min", "max", "points")
	for _, m := range d.Metrics {
		if m.Points == 0 {
			continue
		}
		t.AppendRow(table.Row{m.Name, number(m.Last), number(m.Best), fmt.Sprint(m.BestStep), number(m.Min), number(m.Max), fmt.Sprint(m.Points)})
	}
	printSection(a.out, t)

	t = newTable("file", "kind", "step", "size")
	numbers(t, "step", "size")
	for _, x := range d.Artifacts {
		step := ""
		if x.Step > 0 {
			step = fmt.Sprint(x.Step)
		}
		t.AppendRow(table.Row{d.Path(x), x.Kind, step, humanize.Bytes(uint64(x.Bytes))})
	}
	printSection(a.out, t)

	t = newTable("fact", "value")
	for _, f := range d.Facts {
		t.AppendRow(table.Row{f.Key, shorten(f.Value)})
	}
	printSection(a.out, t)

	t = newTable("", "")
	t.ResetHeaders()
	if path := profileOf(d); path != "" {
		t.AppendRow(table.Row{"profile: " + path})
	}
	if d.LogPath != "" {
		t.AppendRow(table.Row{"log: " + d.LogPath})
	}
	printSection(a.out, t)
	return nil
}

// shorten keeps a fact to one line.
func shorten(s string) string {
	line, rest, more := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 100 {
		line = string(r[:100]) + "…"
	}
	if more {
		line += fmt.Sprintf(" … (%d more lines)", strings.Count(rest, "\n")+1)
	}
	return line
}

const (
	plotWidth, plotHeight = 64, 8
	maxPlots              = 6 // curves of one run
)

// plot draws the curve of a metric.
func (a *app) plot(ctx context.Context, db *tracker.DB, d *tracker.Detail, m tracker.Metric) error {
	buckets, err := db.Curve(ctx, d.UID, m.Name, plotWidth)
	if err != nil {
		return err
	}
	var values []float64
	for _, b := range buckets {
		if !math.IsNaN(b.Mean) && !math.IsInf(b.Mean, 0) {
			values = append(values, b.Mean)
		}
	}
	if len(values) < 2 {
		return nil
	}
	caption := fmt.Sprintf("%s, steps %d to %d", m.Name, buckets[0].StepLo, buckets[len(buckets)-1].StepHi)
	fmt.Fprintf(a.out, "\n%s\n", asciigraph.Plot(values, asciigraph.Height(plotHeight), asciigraph.Precision(decimals(values)), asciigraph.Width(plotWidth), asciigraph.Caption(caption)))
	return nil
}

// decimals are as many as the lines of a plot of these values need to differ.
func decimals(values []float64) uint {
	gap := (slices.Max(values) - slices.Min(values)) / plotHeight
	if gap == 0 {
		return 2
	}
	return uint(min(max(0, math.Ceil(-math.Log10(gap))), 8))
}

// printResult is what a run ends with on the terminal.
func (a *app) printResult(d *tracker.Detail) {
	a.printWritten(d)
	var parts []string
	for i, m := range d.Metrics {
		if m.Promised && m.Points > 0 && i < reportMetrics {
			s := m.Name + " " + number(m.Last)
			if m.Best != m.Last && !math.IsNaN(m.Best) {
				s += fmt.Sprintf(" (best %s)", number(m.Best))
			}
			parts = append(parts, s)
		}
	}
	fmt.Fprintf(a.out, "%s %s  %s  %s\n", d.UID, d.Status, strings.Join(parts, ", "), duration(d.Elapsed))
	fmt.Fprintf(a.out, "in %s\n", d.Dir)
	if _, err := modelOf(d); err == nil {
		fmt.Fprintf(a.out, "next: lab show %s\n      lab export %s -o model.onnx\n", reference(d), reference(d))
	} else {
		fmt.Fprintf(a.out, "next: lab show %s\n", reference(d))
	}
}
