package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
	"lab/tracker"
)

// launched is a plugin that runs, and the file it came from.
type launched struct {
	*host.Plugin
	path string // "" for a bundled family
}

// trainFlags are the flags of every command that trains.
type trainFlags struct {
	threads   int
	inProcess bool
}

func (a *app) addTrainFlags(cmd *cobra.Command, f *trainFlags) {
	fl := cmd.Flags()
	fl.IntVar(&f.threads, "threads", runtime.NumCPU(), "worker threads; the result does not depend on it")
	fl.BoolVar(&f.inProcess, "in-process", false, "run a bundled family within this process, for a debugger")
	fl.BoolVarP(&a.quiet, "quiet", "q", false, "show nothing while it trains")
}

func (f *trainFlags) check() error {
	if f.threads < 1 {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--threads %d is less than 1", f.threads)}
	}
	return nil
}

// record trains until the end and closes the run with what truly happened.
func (a *app) record(ctx context.Context, p *launched, spec core.RunSpec, run *tracker.Run, recipe *core.Recipe) (host.Outcome, error) {
	run.Capture("")
	if p.path != "" {
		run.CaptureFile("plugin", p.path)
	}
	var err error
	if spec.Dir, err = filepath.Abs(run.Dir()); err != nil {
		return host.Outcome{}, err
	}
	outcome := a.train(ctx, p.Plugin, spec, run, newView(a, p.Family.Name+"/"+recipe.Name, recipe))
	x := tracker.Exit{Status: outcome.Status, Reason: outcome.Reason, Signal: outcome.Signal, PeakMemory: p.PeakMemory()}
	if outcome.Status == core.Crashed && outcome.Signal == "" {
		x.Code = &outcome.ExitCode
	}
	if err := run.Close(x); err != nil { // where the metrics are that the database did not take, or that they are lost
		a.trouble(err)
	}
	return outcome, nil
}

// train follows the run to its end. The first Ctrl-C asks the plugin to stop, the
// second one kills it.
func (a *app) train(ctx context.Context, p *host.Plugin, spec core.RunSpec, run *tracker.Run, v *view) host.Outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
			}
			if n == 0 {
				v.say("stopping after this step; once more to stop at once")
				cancel()
			} else {
				p.Kill()
			}
		}
	}()
	a.view = v
	outcome := p.Train(ctx, spec, tee{run, v})
	a.view = nil
	signal.Stop(signals)
	close(done)
	v.close()
	return outcome
}

// tee puts every event into the tracker and shows it.
type tee struct {
	run *tracker.Run
	v   *view
}

func (t tee) Put(e core.Event) error {
	err := t.run.Put(e)
	t.v.show(e)
	return err
}

// conclude, unless silent, says where the time went, if that was asked for, how the run ended and what
// to do next.
func (a *app) conclude(ctx context.Context, db *tracker.DB, uid string, o host.Outcome, profiled, silent bool) error {
	d, err := db.Show(ctx, uid)
	if err != nil {
		return err
	}
	if a.json && !silent {
		if err := a.printJSON(runJSON(d)); err != nil {
			return err
		}
	}
	if profiled {
		a.printProfile(d)
	}
	switch {
	case o.Err == nil && o.Status == core.Finished:
		if !a.quiet && !a.json && !silent {
			a.printResult(d)
		}
		return nil
	case o.Status == core.Cancelled:
		what := fmt.Sprintf("run %s was cancelled", d.UID)
		if c := checkpoint(d); c != "" {
			what += ", with a checkpoint: " + c
		}
		return &core.Error{Kind: core.Interrupted, Msg: what, Try: next(d)}
	}
	kind := core.RunFailed
	if o.Status == core.Crashed {
		kind = core.PluginError
	}
	if k := core.KindOf(o.Err); k == core.Usage {
		kind = k
	}
	try := core.TryOf(o.Err)
	if try == "" && d.LogPath != "" {
		try = "the log: " + d.LogPath
	}
	return &core.Error{Kind: kind, Msg: fmt.Sprintf("run %s %s", d.UID, o.Status), Err: errors.New(o.Reason), Try: try}
}

// next is what to do with a run that was stopped.
func next(d *tracker.Detail) string {
	if checkpoint(d) != "" {
		return "lab resume " + reference(d)
	}
	return "lab show " + reference(d)
}

// checkpoint is the path of the run's newest checkpoint, or "".
func checkpoint(d *tracker.Detail) string {
	var newest core.Artifact
	for _, x := range d.Artifacts {
		if x.Kind == "checkpoint" && (newest.Path == "" || x.Step > newest.Step) {
			newest = x
		}
	}
	if newest.Path == "" {
		return ""
	}
	return d.Path(newest)
}
