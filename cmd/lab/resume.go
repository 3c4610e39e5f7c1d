package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"lab/core"
)

// resumeFlags are the flags of lab resume.
func (a *app) resumeCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with an interrupted run, to the same bits",
		Long: `Resume continues a run that was cancelled, crashed or lost, from its last checkpoint.
It ends with the bits that it would have had without the interruption. What it had
recorded after that checkpoint is kept aside; lab show tells of the attempts.`,
		Example: `  lab resume @1
  lab resume @1 --threads 1`,
		Args:              args(1, 1, "one run"),
		ValidArgsFunction: a.completeRuns(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.resume(cmd.Context(), args[0], f) },
	}
	a.addTrainFlags(cmd, &f)
	return cmd
}

func (a *app) resume(ctx context.Context, ref string, f trainFlags) error {
	db, err := a.edits()
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := db.ResumePoint(ctx, ref)
	if err != nil {
		return err
	}
	again, err := a.relaunch(ctx, p.Run, f)
	if err != nil {
		return err
	}
	defer again.plugin.Close()
	if !again.recipe.Resume {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s/%s cannot go on from a checkpoint", p.Run.Family, p.Run.Recipe), Try: "the same run again: lab config " + p.Run.UID}
	}
	run, p, err := db.Resume(ctx, p.Run.UID, surroundings(again.plugin.Plugin, f.threads))
	if err != nil {
		return err
	}
	for _, s := range p.Skipped {
		a.warn(errors.New(s))
	}
	if !a.quiet {
		fmt.Fprintf(a.err, "lab: run %s goes on after step %d\n", p.Run.UID, p.Step)
	}
	if again.spec.Resume, err = filepath.Abs(p.Path); err != nil {
		return err
	}
	outcome, err := a.record(ctx, again.plugin, again.spec, run, again.recipe)
	if err != nil {
		return err
	}
	return a.conclude(ctx, db, run.UID(), outcome, false, false)
}
