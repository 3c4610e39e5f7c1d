package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
	"lab/tracker/table"
)

// reportFlags are the flags of lab report.
type reportFlags struct {
	sort, columns, by   string
	limit               int
	fold, removed       bool
	csv, markdown       bool
	html                string
	foldSet, limitGiven bool
}

// reportRows is how many rows a table has unless --limit says otherwise.
const reportRows = 100

// promisedMetrics is among how many of a recipe's metrics those with a column are looked for.
const promisedMetrics = 16

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [FILTER]",
		Short: "Compare runs: a table, a page, CSV",
		Long: `Report lists the recorded runs, newest first: what differed among them and what came
of it. Finished runs that are equal but for their seed are one row, with their number n
and mean ± standard deviation; --fold=false lists each. --by groups by any parameter.

A filter is a condition on properties (plugin, recipe, status, name, started, age,
duration, seed, tag:T, from:RUN), parameters and metrics; and, or, not and parentheses
combine; ~ finds text. A metric stands for its best value; last(M), min(M) and max(M)
choose another. --sort and --columns take the same names.

--json and --csv hold every run and every metric, unfolded unless --fold or --by is given.`,
		Example: `  lab report
  lab report 'plugin=gan and fid<60 and status=finished' --sort fid
  lab report --by lr --columns 'best(fid),last(fid)' --markdown
  lab report --html report.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.foldSet, f.limitGiven = cmd.Flags().Changed("fold"), cmd.Flags().Changed("limit")
			return a.report(cmd.Context(), strings.Join(args, " "), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.sort, "sort", "", "what to sort by, `NAMES`: metrics best first, others ascending, -NAME the other way")
	fl.IntVar(&f.limit, "limit", reportRows, "so many rows at the most, 0 for all (JSON and CSV: all)")
	fl.StringVar(&f.columns, "columns", "", "what to show, `NAMES`: lr, best(fid), last(loss), env.git.commit")
	fl.StringVar(&f.by, "by", "", "group finished runs by these `NAMES`")
	fl.BoolVar(&f.fold, "fold", true, "runs that differ in their seed alone as one row")
	fl.BoolVar(&f.removed, "removed", false, "the runs in the bin")
	fl.BoolVar(&f.csv, "csv", false, "print CSV")
	fl.BoolVar(&f.markdown, "markdown", false, "print a Markdown table")
	fl.StringVar(&f.html, "html", "", "write a page with curves and pictures to `FILE`; it needs no other file")
	return cmd
}

func (a *app) report(ctx context.Context, filter string, f reportFlags) error {
	if err := f.check(a.json); err != nil {
		return err
	}
	db, err := a.records()
	if err != nil {
		return err
	}
	defer db.Close()
	whole := (a.json || f.csv) && f.by == "" && !(f.foldSet && f.fold) // every run, every metric
	q := tracker.Query{Filter: filter, Sort: f.sort, Removed: f.removed, Columns: names(f.columns), Headlines: promisedMetrics}
	how := tracker.Folding{By: names(f.by), Apart: whole || !f.fold, Limit: f.limit, Brief: f.by != "" && !a.json}
	switch {
	case a.json || whole || f.html != "":
		q.Headlines = 0
	case f.by != "": // a few rows of all runs
		q.Headlines = reportMetrics
	}
	if (a.json || f.csv) && !f.limitGiven {
		how.Limit = 0
	}
	r, err := db.Report(ctx, q, how)
	if err != nil {
		return err
	}
	switch {
	case a.json && whole:
		all := []jsonSummary{}
		for i := range r.Groups {
			j := summaryJSON(r.Groups[i].Runs[0])
			j.Columns = columnsJSON(q.Columns, r.Groups[i].Runs[0].Columns)
			all = append(all, j)
		}
		return a.printJSON(all)
	case a.json:
		all := []jsonGroup{}
		for i := range r.Groups {
			all = append(all, groupJSON(&r.Groups[i], how.By, q.Columns))
		}
		return a.printJSON(all)
	case f.csv && whole && len(q.Columns) == 0:
		var runs []tracker.Summary
		for i := range r.Groups {
			runs = append(runs, *r.Groups[i].Runs[0])
		}
		return table.RunsCSV(a.out, runs)
	}
	if len(r.Groups) == 0 && f.html == "" && !f.csv {
		return a.nothingToReport(ctx, db, filter, f)
	}
	s := newSheet(r.Groups, how.By, q.Columns)
	switch {
	case f.csv:
		return s.csv(a.out)
	case f.markdown:
		s.markdown(a.out)
	case f.html != "":
		err := writeFile(f.html, func(w io.Writer) error { return a.page(ctx, w, db, r, s, filter) })
		if err != nil {
			return &core.Error{Kind: core.Storage, Msg: "report to " + f.html, Err: cause(err)}
		}
		fmt.Fprintln(a.out, f.html)
	case s.print(a.out):
		fmt.Fprintln(a.err, "lab: the terminal is too narrow for the table: lab report … | less -S, or --columns NAMES")
	}
	if len(r.Groups) < r.Rows {
		fmt.Fprintf(a.err, "lab: the first %d of %s; --limit 0 for all\n", len(r.Groups), count(r.Rows, "row"))
	}
	return nil
}

func (f *reportFlags) check(json bool) error {
	n := 0
	for _, given := range []bool{json, f.csv, f.markdown, f.html != ""} {
		if given {
			n++
		}
	}
	switch {
	case n > 1:
		return &core.Error{Kind: core.Usage, Msg: "--json, --csv, --markdown and --html exclude each other", Try: "lab report --help"}
	case f.limit < 0:
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--limit %d is less than 0", f.limit)}
	}
	return nil
}

func (a *app) nothingToReport(ctx context.Context, db *tracker.DB, filter string, f reportFlags) error {
	switch {
	case filter != "":
		fmt.Fprintln(a.err, "lab: no run fits the filter")
	case f.removed:
		fmt.Fprintln(a.err, "lab: no runs in the bin")
	case f.by != "":
		fmt.Fprintln(a.err, "lab: no finished runs in "+a.homeDir())
	default:
		what := "lab: no runs in " + a.homeDir()
		if bin, err := db.Runs(ctx, tracker.Query{Removed: true, Headlines: 1}); err == nil && len(bin) > 0 {
			what += fmt.Sprintf("; lab report --removed lists %s in the bin", count(len(bin), "run"))
		}
		fmt.Fprintln(a.err, what)
	}
	return nil
}

// names are the parts of a list with commas.
func names(list string) (out []string) {
	for _, n := range strings.Split(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}
