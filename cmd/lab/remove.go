package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
)

func (a *app) rmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rm RUN…",
		Short: "Put runs in the bin",
		Long: `Rm takes runs out of reports. They are kept, files and all, until lab gc; lab restore
brings them back, lab report --removed lists them.`,
		Example: `  lab rm @1
  lab rm @2 @3 && lab report --removed`,
		Args:              args(1, 1_000_000, "runs"),
		ValidArgsFunction: a.completeRuns(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.bin(cmd.Context(), "removed", args, (*tracker.DB).Remove)
		},
	}
}

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore RUN…",
		Short: "Take runs out of the bin again",
		Long:  `Restore takes runs back that lab rm removed. RUN is an id or the beginning of one.`,
		Example: `  lab report --removed
  lab restore 1jbmjw42tbs0mkxt`,
		Args:              args(1, 1_000_000, "runs"),
		ValidArgsFunction: a.completeRemoved,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.bin(cmd.Context(), "restored", args, (*tracker.DB).Restore)
		},
	}
}

// bin moves runs into the bin or out of it and says which.
func (a *app) bin(ctx context.Context, what string, refs []string, move func(*tracker.DB, context.Context, ...string) ([]string, error)) error {
	db, err := a.edits()
	if err != nil {
		return err
	}
	defer db.Close()
	uids, err := move(db, ctx, refs...)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string][]string{what: uids})
	}
	for _, uid := range uids {
		fmt.Fprintf(a.out, "%s %s\n", what, uid)
	}
	return nil
}

func (a *app) gcCommand() *cobra.Command {
	var (
		older       string
		dryRun, yes bool
	)
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Delete for good what is in the bin",
		Long: `Gc deletes the runs that lab rm removed, with their points and files, and files that
belong to no run. A removed run that another one starts from is kept. On a terminal it
asks first.`,
		Example: `  lab gc --dry-run
  lab gc --older 30d --yes`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			age, err := age(older)
			if err != nil {
				return err
			}
			db, err := a.edits()
			if err != nil {
				return err
			}
			defer db.Close()
			ctx := cmd.Context()
			if !dryRun && !yes && asks() {
				g, err := db.Collect(ctx, tracker.Collection{Age: age, DryRun: true})
				if err != nil {
					return err
				}
				if len(g.Runs)+len(g.Files) > 0 && !a.agreed(fmt.Sprintf("delete %s for good", garbage(g))) {
					return &core.Error{Kind: core.Interrupted, Msg: "nothing was deleted"}
				}
			}
			g, err := db.Collect(ctx, tracker.Collection{Age: age, DryRun: dryRun})
			if err != nil {
				return err
			}
			return a.printGarbage(g, dryRun)
		},
	}
	cmd.Flags().StringVar(&older, "older", "0s", "only runs that were removed so long ago: 12h, 30d")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only say what would be deleted")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) printGarbage(g *tracker.Garbage, dryRun bool) error {
	if a.json {
		return a.printJSON(struct {
			DryRun bool              `json:"dry_run"`
			Runs   []string          `json:"runs"`
			Files  []string          `json:"files"`
			Bytes  int64             `json:"bytes"`
			Kept   map[string]string `json:"kept"`
		}{dryRun, append([]string{}, g.Runs...), append([]string{}, g.Files...), g.Bytes, g.Kept})
	}
	for _, uid := range slices.Sorted(maps.Keys(g.Kept)) {
		fmt.Fprintf(a.err, "lab: kept %s: %s\n", uid, g.Kept[uid])
	}
	what := "deleted"
	if dryRun {
		what = "would delete"
		for _, uid := range g.Runs {
			fmt.Fprintln(a.out, "run "+uid)
		}
		for _, f := range g.Files {
			fmt.Fprintln(a.out, "file "+f)
		}
	}
	fmt.Fprintf(a.out, "%s %s\n", what, garbage(g))
	return nil
}

// garbage is "3 runs, 1 file, 12 MB".
func garbage(g *tracker.Garbage) string {
	return fmt.Sprintf("%s, %s, %s", count(len(g.Runs), "run"), count(len(g.Files), "file"), humanize.Bytes(uint64(g.Bytes)))
}

// count is "1 run" or "3 runs".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return humanize.Comma(int64(n)) + " " + noun
}

// age reads a time span in which days may be given.
func age(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := core.ParseFloat(days); err == nil && n >= 0 {
			return time.Duration(n * 24 * float64(time.Hour)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--older: %q is no time span", text), Try: "12h or 30d"}
	}
	return d, nil
}

// agreed asks a question; no answer is no.
func (a *app) agreed(question string) bool {
	fmt.Fprintf(a.err, "%s? [y/N] ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
