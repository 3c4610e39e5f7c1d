package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
)

func (a *app) pluginsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plugins [FAMILY [RECIPE]]",
		Short: "List families, their recipes, and a recipe's parameters",
		Example: `  lab plugins
  lab plugins gan dcgan`,
		Args:              args(0, 2, "a family and a recipe at the most"),
		ValidArgsFunction: completePlugins,
		RunE: func(cmd *cobra.Command, args []string) error {
			patience, err := host.Patience()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.listFamilies(cmd.Context(), patience)
			}
			f, err := describe(cmd.Context(), newFinder(), args[0], patience)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if a.json {
					return a.printJSON(familyJSON(f))
				}
				fmt.Fprintf(a.out, "%s %s — %s\n\n", f.Name, f.Version, f.Doc)
				a.listRecipes([]*core.Family{f})
				fmt.Fprintf(a.out, "\nparameters: lab plugins %s RECIPE\n", f.Name)
				return nil
			}
			r, ok := f.Recipe(args[1])
			if !ok {
				return unknownRecipe(f, args[1])
			}
			if a.json {
				return a.printJSON(recipeJSON(r))
			}
			a.describeRecipe(f, r)
			return nil
		},
	}
}

// newFinder finds bundled families and plugins.
func newFinder() *host.Finder {
	f := &host.Finder{Dirs: host.Dirs()}
	for _, b := range bundled {
		f.Bundled = append(f.Bundled, b.Name)
	}
	return f
}

// describe asks a family what it offers. A bundled one needs no process for that.
func describe(ctx context.Context, finder *host.Finder, name string, o host.Options) (*core.Family, error) {
	c, err := finder.Find(name)
	if err != nil {
		return nil, err
	}
	for _, f := range bundled {
		if c.Bundled && f.Name == name {
			d, err := f.Describe()
			return &d, err
		}
	}
	p, err := host.Launch(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return &p.Family, nil
}

// described is what a family answered.
type described struct {
	*core.Family
	err error
}

// describeAll asks every family at once: one that hangs costs its own time alone.
func describeAll(ctx context.Context, finder *host.Finder, o host.Options) []described {
	names := finder.Names()
	all := make([]described, len(names))
	var wait sync.WaitGroup
	for i, n := range names {
		wait.Go(func() { all[i].Family, all[i].err = describe(ctx, finder, n, o) })
	}
	wait.Wait()
	return all
}

func (a *app) listFamilies(ctx context.Context, o host.Options) error {
	var families []*core.Family
	for _, d := range describeAll(ctx, newFinder(), o) {
		if d.err != nil { // the others are worth showing
			a.warn(d.err)
			continue
		}
		families = append(families, d.Family)
	}
	if a.json {
		all := []any{}
		for _, f := range families {
			all = append(all, familyJSON(f))
		}
		return a.printJSON(all)
	}
	a.listRecipes(families)
	return nil
}

// listRecipes prints a line a recipe.
func (a *app) listRecipes(families []*core.Family) {
	t := newTable("FAMILY", "RECIPE", "WHAT IT IS", "DATA")
	for _, f := range families {
		for i, r := range f.Recipes {
			name := r.Name
			if i == 0 {
				name += " (default)"
			}
			t.AppendRow(table.Row{f.Name, name, r.Doc, strings.Join(r.Data, ", ")})
		}
	}
	printWithin(a.out, t, columnsOf(a.out))
}

func (a *app) describeRecipe(f *core.Family, r *core.Recipe) {
	fmt.Fprintf(a.out, "%s/%s — %s\n", f.Name, r.Name, r.Doc)
	var can []string
	if r.From {
		can = append(can, "starts from a run or an ONNX file (from=)")
	}
	if r.Resume {
		can = append(can, "resumes to the same bits")
	}
	if len(can) > 0 {
		fmt.Fprintln(a.out, strings.Join(can, "; "))
	}
	fmt.Fprintln(a.out)
	t := newTable("PARAMETER", "TYPE", "DEFAULT", "RANGE", "WHAT IT IS")
	for _, p := range r.Params {
		t.AppendRow(table.Row{p.Key, string(p.Type), p.Default, rangeOf(p), p.Doc})
	}
	printTable(a.out, t)
	fmt.Fprintln(a.out)
	t = newTable("METRIC", "UNIT", "BETTER", "WHAT IT IS")
	for _, m := range r.Metrics {
		better := m.Goal.String()
		if m.Goal == core.Neutral {
			better = ""
		}
		t.AppendRow(table.Row{m.Name, m.Unit, better, m.Doc})
	}
	printTable(a.out, t)
}

func rangeOf(p core.ParamSpec) string {
	switch {
	case len(p.Choices) > 0:
		return strings.Join(p.Choices, " | ")
	case p.Min != "" && p.Max != "":
		return p.Min + " … " + p.Max
	case p.Min != "":
		return "≥ " + p.Min
	case p.Max != "":
		return "≤ " + p.Max
	}
	return ""
}
