package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/family/familytest"
	"lab/core/host"
	"lab/core/onnx/trial"
)

func (a *app) pluginTestCommand() *cobra.Command {
	var long, varies []string
	var from, modelless string
	cmd := &cobra.Command{
		Use:   "test PATH|NAME [recipe=NAME] [key=value …]",
		Short: "Run the conformance suite on a plugin, whatever it is written in",
		Long: `Test starts the plugin as lab does and checks what every family promises: it describes
itself; a run logs the metrics it promises and saves a model that loads again; the same
seed gives the same bits, on any number of threads; a stop ends a run soon and leaves a
checkpoint from which it goes on to the same bits; nothing is left when lab is killed.
Each recipe, or the one given, runs about six times: give parameters that make a run
end within a second or two, and others by --long where that is too short to be stopped.`,
		Example: `  lab plugin test ./lab-plugin-walker epochs=1
  lab plugin test torch-mlp recipe=mlp epochs=1 hidden=16 --long epochs=4`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &core.Error{Kind: core.Usage, Msg: "which plugin?", Try: "lab plugin test --help"}
			}
			c, err := candidate(args[0])
			if err != nil {
				return err
			}
			overrides, err := parseOverrides(args[1:])
			if err != nil {
				return err
			}
			only, overrides, err := take(overrides, "recipe")
			if err != nil {
				return err
			}
			longer, err := parseOverrides(long)
			if err != nil {
				return err
			}
			patience, err := host.Patience()
			if err != nil {
				return err
			}
			p, err := host.Launch(cmd.Context(), c, patience)
			if err != nil {
				return err
			}
			f := p.Family
			p.Close()
			c.Name = f.Name
			options := []familytest.Option{familytest.Varies(varies...), familytest.Reload(trial.Check), familytest.DataDir(dataDir())}
			if only != "" {
				if _, ok := f.Recipe(only); !ok {
					return unknownRecipe(&f, only)
				}
				options = append(options, familytest.Only(only))
			}
			for _, r := range f.Recipes {
				if only != "" && r.Name != only {
					continue
				}
				for _, given := range [][]core.Override{overrides, longer} {
					if _, err := r.Resolve(f.Name, given); err != nil {
						return err
					}
				}
				options = append(options, familytest.Short(r.Name, pairs(overrides)...))
				if len(longer) > 0 {
					options = append(options, familytest.Long(r.Name, pairs(longer)...))
				}
				if modelless != "" {
					options = append(options, familytest.NoModel(r.Name, modelless))
				}
				if from != "" && r.From {
					options = append(options, familytest.From(r.Name, from))
				}
			}
			return a.check(cmd, c, patience, options)
		},
	}
	cmd.Flags().StringArrayVar(&long, "long", nil, "key=value for the run that is stopped; may be repeated")
	cmd.Flags().StringArrayVar(&varies, "varies", nil, "a metric that differs from run to run, such as a speed; may be repeated")
	cmd.Flags().StringVar(&from, "from", "", "an ONNX file for the recipes that start from one")
	cmd.Flags().StringVar(&modelless, "no-model", "", "why the recipes save no model")
	return cmd
}

// check runs the suite and says how each check went.
func (a *app) check(cmd *cobra.Command, c host.Candidate, o host.Options, options []familytest.Option) error {
	results := []familytest.Result{}
	failed := 0
	familytest.Check(cmd.Context(), c, o, func(r familytest.Result) {
		if results = append(results, r); r.Verdict == familytest.Failed {
			failed++
		}
		if a.json {
			return
		}
		fmt.Fprintf(a.out, "%-7s  %s  %s\n", r.Verdict, r.Check, duration(r.Took))
		for _, n := range r.Notes {
			fmt.Fprintln(a.out, "         "+strings.ReplaceAll(n, "\n", "\n         "))
		}
	}, options...)
	if a.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	}
	if failed > 0 {
		return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf("plugin %s failed %d of %d checks", c.Name, failed, len(results))}
	}
	return nil
}

// candidate is the plugin at a path, or the one that lab would start by that name.
func candidate(arg string) (host.Candidate, error) {
	if !strings.ContainsRune(arg, os.PathSeparator) && slices.Contains(newFinder().Names(), arg) {
		return newFinder().Find(arg)
	}
	return host.At(arg)
}

// pairs writes overrides as key=value.
func pairs(overrides []core.Override) (out []string) {
	for _, o := range overrides {
		out = append(out, o.Key+"="+o.Value)
	}
	return out
}
