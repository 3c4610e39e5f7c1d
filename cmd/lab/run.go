package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
	"lab/tracker"
)

// runFlags are the flags of lab run.
type runFlags struct {
	trainFlags
	name, note string
	tags       []string
	profile    bool
	config     string
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
  lab run plugin=gan epochs=1 --profile   # and where the time went, op by op
  lab config @1 > slow.yaml && lab run --config slow.yaml epochs=2`,
		ValidArgsFunction: a.completeRun,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.run(cmd, args, f) },
	}
	fl := cmd.Flags()
	a.addTrainFlags(cmd, &f.trainFlags)
	fl.StringVarP(&f.config, "config", "c", "", "a YAML `FILE` of parameters, as lab config writes it; key=value come after it")
	fl.StringVar(&f.name, "name", "", "a name to find the run by")
	fl.StringVar(&f.note, "note", "", "a note to keep with the run")
	fl.StringArrayVar(&f.tags, "tag", nil, "a tag to filter by; may be repeated")
	fl.BoolVar(&f.profile, "profile", false, "time every op, print where the time went, keep it as profile.csv; the result does not depend on it")
	return cmd
}

func (a *app) run(cmd *cobra.Command, args []string, f runFlags) error {
	ctx := cmd.Context()
	if err := f.check(); err != nil {
		return err
	}
	overrides, err := parseOverrides(args)
	if err != nil {
		return err
	}
	if f.config != "" {
		base, err := readConfig(f.config)
		if err != nil {
			return err
		}
		overrides = over(base, overrides)
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

	db, err := a.store()
	if err != nil {
		return err
	}
	defer db.Close()
	n := tracker.NewRun{Family: name, FamilyVersion: plugin.Family.Version, Recipe: recipe.Name, Params: params, Metrics: recipe.Metrics,
		Name: f.name, Note: f.note, Tags: f.tags, CommandLine: os.Args, Environment: surroundings(plugin.Plugin, f.threads)}
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
	if f.config != "" {
		run.CaptureFile("config", f.config)
	}
	outcome, err := a.record(ctx, plugin, spec, run, recipe)
	if err != nil {
		return err
	}
	return a.conclude(ctx, db, run.UID(), outcome, f.profile, false)
}

// launch starts the family's plugin.
func (a *app) launch(ctx context.Context, name string, inProcess bool) (*launched, error) {
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
				p, err := host.InProcess(name, f.Register, patience)
				return &launched{Plugin: p}, err
			}
		}
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--in-process: the family %q is not bundled", name), Try: "without --in-process"}
	}
	c, err := finder.Find(name)
	if err != nil {
		return nil, err
	}
	p, err := host.Launch(ctx, c, patience)
	if c.Bundled {
		c.Path = ""
	}
	return &launched{p, c.Path}, err
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

// trouble tells of what the database could not do while a run goes on.
func (a *app) trouble(err error) {
	text := "warning: " + oneLine(err.Error())
	if try := core.TryOf(err); try != "" {
		text += "\ntry: " + oneLine(try)
	}
	if a.view != nil {
		a.view.say(text)
	} else {
		fmt.Fprintln(a.err, "lab: "+text)
	}
}

func (a *app) warn(err error) { fmt.Fprintln(a.err, "lab: warning: "+oneLine(err.Error())) }
