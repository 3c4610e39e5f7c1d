package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
	"lab/tracker"
)

// runFlags are the flags of lab run.
type runFlags struct {
	threads   int
	name      string
	note      string
	tags      []string
	inProcess bool
	profile   bool
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run plugin=FAMILY [recipe=NAME] [from=RUN|FILE] [key=value …]",
		Short: "Train, and record everything",
		Long: `Run trains a recipe of a family and records the run: parameters, metrics,
pictures, weights, code and data. Parameters are given as key=value; what is not
given has the recipe's default (see lab plugins FAMILY RECIPE). Ctrl-C ends the
run after its current step with a checkpoint; a second Ctrl-C ends it at once.`,
		Example: `  lab run plugin=gan
  lab run plugin=gan epochs=3 lr=5e-4 seed=2 --name slow
  lab run plugin=gan epochs=1 --profile   # and where the time went, op by op`,
		ValidArgsFunction: a.completeRun,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.run(cmd, args, f) },
	}
	fl := cmd.Flags()
	fl.IntVar(&f.threads, "threads", runtime.NumCPU(), "worker threads; the result does not depend on it")
	fl.StringVar(&f.name, "name", "", "a name to find the run by")
	fl.StringVar(&f.note, "note", "", "a note to keep with the run")
	fl.StringArrayVar(&f.tags, "tag", nil, "a tag to filter by; may be repeated")
	fl.BoolVar(&f.inProcess, "in-process", false, "run a bundled family within this process, for a debugger")
	fl.BoolVar(&f.profile, "profile", false, "time every op, print where the time went, keep it as profile.csv; the result does not depend on it")
	fl.BoolVarP(&a.quiet, "quiet", "q", false, "show nothing while it trains")
	return cmd
}

func (a *app) run(cmd *cobra.Command, args []string, f runFlags) error {
	ctx := cmd.Context()
	if f.threads < 1 {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--threads %d is less than 1", f.threads)}
	}
	overrides, err := parseOverrides(args)
	if err != nil {
		return err
	}
	name, overrides, err := take(overrides, "plugin")
	if err != nil {
		return err
	}
	recipeName, overrides, err := take(overrides, "recipe")
	if err != nil {
		return err
	}
	from, overrides, err := take(overrides, "from")
	if err != nil {
		return err
	}

	plugin, err := a.launch(ctx, name, f.inProcess)
	if err != nil {
		return err
	}
	defer plugin.Close()
	recipe, ok := plugin.Family.Recipe(recipeName)
	if !ok {
		return unknownRecipe(&plugin.Family, recipeName)
	}
	for _, o := range overrides {
		if _, ok := recipe.Param(o.Key); !ok && cmd.Flags().Lookup(o.Key) != nil {
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s/%s has no parameter %q, but lab run has a flag of that name", name, recipe.Name, o.Key), Try: "--" + o.Key}
		}
	}
	params, err := recipe.Resolve(name, overrides)
	if err != nil {
		return err
	}
	var sources []tracker.Source
	if from != "" {
		if !recipe.From {
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s/%s cannot start from a model", name, recipe.Name)}
		}
		source, err := a.findModel(ctx, from)
		if err != nil {
			return err
		}
		sources = append(sources, source)
	}

	db, err := tracker.Open(a.homeDir(), tracker.Options{Version: version(), OnTrouble: func(err error) { a.warn(err) }})
	if err != nil {
		return err
	}
	defer db.Close()
	n := tracker.NewRun{Family: name, FamilyVersion: plugin.Family.Version, Recipe: recipe.Name, Params: params, Metrics: recipe.Metrics,
		Name: f.name, Note: f.note, Tags: f.tags, CommandLine: os.Args, Environment: append(tracker.Surroundings(),
			core.Fact{Key: "plugin.protocol", Value: fmt.Sprint(plugin.Protocol)}, core.Fact{Key: "threads", Value: fmt.Sprint(f.threads)})}
	spec := core.RunSpec{Recipe: recipe.Name, Params: params, DataDir: dataDir(), Threads: f.threads, Profile: f.profile}
	for _, p := range params {
		if p.Key == "seed" {
			seed, err := core.ParseInt(p.Value)
			if err != nil {
				return err
			}
			n.Seed = uint64(seed)
			spec.Seed = n.Seed
		}
	}
	if len(sources) > 0 {
		n.From, spec.From = sources, sources[0].Path
	}
	run, err := db.Start(n)
	if err != nil {
		return err
	}
	run.Capture("")
	if spec.Dir, err = filepath.Abs(run.Dir()); err != nil {
		return err
	}
	outcome := a.train(ctx, plugin, spec, run, newView(a, name+"/"+recipe.Name, recipe))
	x := tracker.Exit{Status: outcome.Status, Reason: outcome.Reason, Signal: outcome.Signal, PeakMemory: plugin.PeakMemory()}
	if outcome.Status == core.Crashed && outcome.Signal == "" {
		x.Code = &outcome.ExitCode
	}
	if err := run.Close(x); err != nil && !errors.Is(err, tracker.ErrSpooled) { // of a spool the user has been told
		a.warn(err)
	}
	return a.conclude(ctx, db, run.UID(), outcome, f.profile)
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
	outcome := p.Train(ctx, spec, tee{run, v})
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

// conclude says where the time went, if that was asked for, how the run ended and what
// to do next.
func (a *app) conclude(ctx context.Context, db *tracker.DB, uid string, o host.Outcome, profiled bool) error {
	d, err := db.Show(ctx, uid)
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printJSON(runJSON(d)); err != nil {
			return err
		}
	}
	if profiled {
		a.printProfile(d)
	}
	switch {
	case o.Err == nil && o.Status == core.Finished:
		if !a.quiet && !a.json {
			a.printResult(d)
		}
		return nil
	case o.Status == core.Cancelled:
		what := fmt.Sprintf("run %s was cancelled", d.UID)
		if c := checkpoint(d); c != "" {
			what += ", with a checkpoint: " + c
		}
		return &core.Error{Kind: core.Interrupted, Msg: what, Try: "lab show " + reference(d)}
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

// launch starts the family's plugin.
func (a *app) launch(ctx context.Context, name string, inProcess bool) (*host.Plugin, error) {
	finder := newFinder()
	if name == "" {
		return nil, &core.Error{Kind: core.Usage, Msg: "no plugin is given; there are " + strings.Join(finder.Names(), ", "), Try: "lab run plugin=" + finder.Names()[0]}
	}
	patience, err := host.Patience()
	if err != nil {
		return nil, err
	}
	if inProcess {
		for _, f := range bundled {
			if f.Name == name {
				return host.InProcess(name, f.Register, patience)
			}
		}
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--in-process: the family %q is not bundled", name), Try: "without --in-process"}
	}
	c, err := finder.Find(name)
	if err != nil {
		return nil, err
	}
	return host.Launch(ctx, c, patience)
}

func unknownRecipe(f *core.Family, name string) error {
	var names []string
	for _, r := range f.Recipes {
		names = append(names, r.Name)
	}
	e := &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("family %s has no recipe %q; it has %s", f.Name, name, strings.Join(names, ", ")), Try: "lab plugins " + f.Name}
	if near := core.Nearest(name, names); len(near) > 0 {
		e.Try = "recipe=" + near[0]
	}
	return e
}

// dataDir is where fetched datasets lie.
func dataDir() string {
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "lab", "data")
	}
	if h, err := os.UserHomeDir(); err == nil {
		return filepath.Join(h, ".local", "share", "lab", "data")
	}
	return ""
}

func (a *app) warn(err error) { fmt.Fprintln(a.err, "lab: warning: "+oneLine(err.Error())) }
