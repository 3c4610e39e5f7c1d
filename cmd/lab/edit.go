package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
)

// store opens the home for writing, creating it where it is not there.
func (a *app) store() (*tracker.DB, error) {
	return tracker.Open(a.homeDir(), tracker.Options{Version: version(), OnTrouble: a.trouble})
}

// edits opens a home that is there for writing.
func (a *app) edits() (*tracker.DB, error) {
	if _, err := os.Stat(filepath.Join(a.homeDir(), "lab.db")); os.IsNotExist(err) {
		return nil, &core.Error{Kind: core.Usage, Msg: "there are no runs in " + a.homeDir(), Try: "lab run plugin=gan, or --home for another folder"}
	}
	return a.store()
}

func (a *app) tagCommand() *cobra.Command {
	var remove []string
	cmd := &cobra.Command{
		Use:   "tag RUN [TAG…]",
		Short: "Tag a run, or take tags away",
		Long: `Tag adds words to a run, to filter reports by: tag:WORD. Without a tag to add or
to remove it prints those that the run has.`,
		Example: `  lab tag @1 baseline
  lab tag @1 published --remove baseline`,
		Args:              args(1, 1000, "a run and tags"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && len(remove) == 0 {
				return a.look(cmd.Context(), args[0], func(d *tracker.Detail) string { return strings.Join(d.Tags, "\n") })
			}
			return a.edit(cmd.Context(), args[0], func(db *tracker.DB) error {
				_, err := db.Tag(cmd.Context(), args[0], args[1:], remove)
				return err
			})
		},
	}
	cmd.Flags().StringArrayVarP(&remove, "remove", "r", nil, "a tag to take away; may be repeated")
	return cmd
}

func (a *app) noteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "note RUN [TEXT…]",
		Short: "Write a note to a run, or read it",
		Example: `  lab note @1 'the loss of the second epoch is odd'
  lab note @1`,
		Args:              args(1, 1000, "a run and a text"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.look(cmd.Context(), args[0], func(d *tracker.Detail) string { return d.Note })
			}
			return a.edit(cmd.Context(), args[0], func(db *tracker.DB) error {
				_, err := db.Annotate(cmd.Context(), args[0], strings.Join(args[1:], " "))
				return err
			})
		},
	}
}

func (a *app) nameCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "name RUN [NAME]",
		Short: "Name a run, or read its name",
		Long: `Name gives a run a name to find it by; of several runs of one name the newest is
meant. The name '' takes the name away.`,
		Example: `  lab name @1 baseline
  lab name baseline ''`,
		Args:              args(1, 2, "a run and a name"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.look(cmd.Context(), args[0], func(d *tracker.Detail) string { return d.Name })
			}
			uid, err := a.resolve(cmd.Context(), args[0]) // the old name is one no more afterwards
			if err != nil {
				return err
			}
			return a.edit(cmd.Context(), uid, func(db *tracker.DB) error {
				_, err := db.Rename(cmd.Context(), uid, args[1])
				return err
			})
		},
	}
}

// look prints one thing about a run.
func (a *app) look(ctx context.Context, ref string, what func(*tracker.Detail) string) error {
	return a.withRun(ctx, ref, func(_ *tracker.DB, d *tracker.Detail) error {
		if a.json {
			return a.printJSON(summaryJSON(&d.Summary))
		}
		if text := what(d); text != "" {
			fmt.Fprintln(a.out, text)
		}
		return nil
	})
}

// withRun reads a run.
func (a *app) withRun(ctx context.Context, ref string, f func(*tracker.DB, *tracker.Detail) error) error {
	db, err := a.records()
	if err != nil {
		return err
	}
	defer db.Close()
	d, err := db.Show(ctx, ref)
	if err != nil {
		return err
	}
	return f(db, d)
}

// edit changes a run. Like every command that does as it was told it is silent.
func (a *app) edit(ctx context.Context, ref string, change func(*tracker.DB) error) error {
	db, err := a.edits()
	if err != nil {
		return err
	}
	defer db.Close()
	uid, err := db.Resolve(ctx, ref)
	if err != nil {
		return err
	}
	if err := change(db); err != nil || !a.json {
		return err
	}
	d, err := db.Show(ctx, uid)
	if err != nil {
		return err
	}
	return a.printJSON(summaryJSON(&d.Summary))
}

// resolve is the uid of the run that ref names.
func (a *app) resolve(ctx context.Context, ref string) (string, error) {
	db, err := a.records()
	if err != nil {
		return "", err
	}
	defer db.Close()
	return db.Resolve(ctx, ref)
}
