package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
)

// verifyFlags are the flags of lab verify.
type verifyFlags struct {
	trainFlags
	records, keep bool
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Prove a run: check its record, run it again, compare every bit",
		Long: `Verify first checks what is on record: every point against the hash that grew with
it, every file against its own. Then it runs the run again from its parameters, seed and
weights, and compares every point and every byte of every model, but for metrics that
measure time. Where the two part it says the first step, and what differs in code, data
and machine, and ends with 4. A repetition that agrees goes to the bin.`,
		Example: `  lab verify @1
  lab verify @best --records`,
		Args:              args(1, 1, "one run"),
		ValidArgsFunction: a.completeRuns(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args[0], f) },
	}
	fl := cmd.Flags()
	a.addTrainFlags(cmd, &f.trainFlags)
	fl.BoolVar(&f.records, "records", false, "only check what is on record, run nothing")
	fl.BoolVar(&f.keep, "keep", false, "keep the repetition among the runs")
	return cmd
}

func (a *app) verify(ctx context.Context, ref string, f verifyFlags) error {
	db, err := a.edits()
	if err != nil {
		return err
	}
	defer db.Close()
	audit, err := db.Audit(ctx, ref)
	if err != nil {
		return err
	}
	d := audit.Run
	v := verification{Run: d.UID, Points: audit.Points, Files: audit.Files, Faults: append([]string{}, audit.Faults...)}
	if d.Status == core.Running {
		return &core.Error{Kind: core.Usage, Msg: "run " + d.UID + " is still running"}
	}
	if len(audit.Faults) > 0 {
		if a.json {
			if err := a.printJSON(v); err != nil {
				return err
			}
		} else {
			for _, fault := range audit.Faults {
				fmt.Fprintln(a.out, fault)
			}
		}
		return &core.Error{Kind: core.Differs, Msg: fmt.Sprintf("run %s is not what was recorded: %s", d.UID, count(len(audit.Faults), "fault"))}
	}
	if !a.json {
		fmt.Fprintf(a.out, "on record: %s, %s (%s) as they were written\n", count(int(audit.Points), "point"), count(audit.Files, "file"), humanize.Bytes(uint64(audit.Bytes)))
		if len(audit.Unproven) > 0 {
			fmt.Fprintf(a.out, "not proved: %s, whose steps went back\n", strings.Join(audit.Unproven, ", "))
		}
	}
	if f.records {
		if a.json {
			return a.printJSON(v)
		}
		return nil
	}
	if d.Status != core.Finished && d.Status != core.Failed {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("run %s is %s: only what came to its end can be repeated", d.UID, d.Status), Try: "lab resume " + d.UID + ", or lab verify --records"}
	}
	again, err := a.relaunch(ctx, d, f.trainFlags)
	if err != nil {
		return err
	}
	defer again.plugin.Close()
	n := tracker.NewRun{Family: d.Family, FamilyVersion: again.plugin.Family.Version, Recipe: d.Recipe, Params: d.Params, Metrics: again.recipe.Metrics,
		Seed: d.Seed, Parent: d.UID, From: d.Sources, Note: "repeats run " + d.UID, CommandLine: d.CommandLine, Environment: surroundings(again.plugin.Plugin, f.threads)}
	run, err := db.Start(n)
	if err != nil {
		return err
	}
	outcome, err := a.record(ctx, again.plugin, again.spec, run, again.recipe)
	if err != nil {
		return err
	}
	if outcome.Status != d.Status {
		e := a.conclude(ctx, db, run.UID(), outcome, false, true)
		if e == nil || core.KindOf(e) == core.RunFailed {
			e = &core.Error{Kind: core.Differs, Msg: fmt.Sprintf("run %s %s, its repetition %s %s", d.UID, d.Status, run.UID(), outcome.Status), Err: e}
		}
		return e
	}
	diff, err := db.Diff(ctx, d.UID, run.UID())
	if err != nil {
		return err
	}
	c, err := db.Compare(ctx, d.UID, run.UID(), tracker.IsTiming)
	if err != nil {
		return err
	}
	v.compare(c, diff)
	if v.Same && !f.keep {
		if _, err := db.Remove(ctx, run.UID()); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.printJSON(v); err != nil {
			return err
		}
	} else {
		a.printVerification(c, diff)
	}
	if v.Same {
		return nil
	}
	return &core.Error{Kind: core.Differs, Msg: fmt.Sprintf("run %s does not repeat: %s", d.UID, parted(c)), Try: fmt.Sprintf("lab diff %s %s", d.UID, run.UID())}
}

// verification is what lab verify --json prints.
type verification struct {
	Run        string           `json:"run"`
	Points     int64            `json:"points"` // on record, proved by their hash
	Files      int              `json:"files"`  // whose hash is right
	Faults     []string         `json:"faults"`
	Repetition string           `json:"repetition,omitempty"`
	Same       bool             `json:"same"` // false without a repetition
	First      *jsonParting     `json:"first"`
	Metrics    []jsonComparison `json:"metrics,omitempty"`
	Models     []string         `json:"models,omitempty"`  // that differ
	Ignored    []string         `json:"ignored,omitempty"` // metrics that measure time
	Code       []jsonChange     `json:"code,omitempty"`
	Data       []jsonChange     `json:"data,omitempty"`
	Machine    []jsonChange     `json:"machine,omitempty"`
}

type jsonComparison struct {
	Name      string     `json:"name"`
	Points    int64      `json:"points"`
	Again     int64      `json:"points_again"`
	Differing int64      `json:"differing"`
	Largest   jsonNumber `json:"largest"`
}

func (v *verification) compare(c *tracker.Comparison, d *tracker.Diff) {
	v.Repetition, v.Same, v.First, v.Ignored = c.B, c.Same(), partingJSON(c.First()), c.Ignored
	for _, m := range c.Metrics {
		v.Metrics = append(v.Metrics, jsonComparison{m.Name, m.PointsA, m.PointsB, m.Differing, jsonNumber(m.Largest)})
	}
	for _, f := range c.Models {
		v.Models = append(v.Models, f.Name)
	}
	v.Code, v.Data, v.Machine = changesJSON(d.Code), changesJSON(d.Data), changesJSON(d.Machine)
}

func (a *app) printVerification(c *tracker.Comparison, d *tracker.Diff) {
	points, differing := int64(0), int64(0)
	for _, m := range c.Metrics {
		points += m.PointsA
		differing += m.Differing
	}
	if len(c.Ignored) > 0 {
		fmt.Fprintf(a.out, "not compared: %s, which %s time\n", strings.Join(c.Ignored, ", "), map[bool]string{true: "measures", false: "measure"}[len(c.Ignored) == 1])
	}
	if c.Same() {
		models := 0
		for _, x := range d.A.Artifacts {
			if x.Kind == "model" {
				models++
			}
		}
		fmt.Fprintf(a.out, "repeated: %s of %s and %s are the same to the last bit\n", count(int(points), "point"), count(len(c.Metrics), "metric"), count(models, "model"))
		return
	}
	for _, m := range c.Metrics {
		if m.First != nil {
			fmt.Fprintf(a.out, "%s: %d of %d points differ, first at step %d (%s, %s), by %s at most\n", m.Name, m.Differing, max(m.PointsA, m.PointsB),
				m.First.Step, value(m.First.A), value(m.First.B), number(math.Abs(m.Largest)))
		}
	}
	for _, f := range c.Models {
		fmt.Fprintf(a.out, "model %s: %s, %s\n", f.Name, sum(f.A), sum(f.B))
	}
	for _, s := range []struct {
		title   string
		changes []tracker.Change
	}{{"code", d.Code}, {"data", d.Data}, {"machine", d.Machine}} {
		for _, x := range s.changes {
			fmt.Fprintf(a.out, "%s: %s was %s, is %s\n", s.title, x.Key, side(x.A), side(x.B))
		}
	}
}

// parted says where two runs part.
func parted(c *tracker.Comparison) string {
	if f := c.First(); f != nil {
		return fmt.Sprintf("they part at step %d of %s", f.Step, f.Metric)
	}
	return "the points are the same, the models are not"
}
