package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
	"lab/tracker"
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a script that lets the shell complete families, recipes and parameters",
		Example: `  source <(lab completion bash)                              # in ~/.bashrc
  lab completion fish > ~/.config/fish/completions/lab.fish`,
		Args:      args(1, 1, "one shell"),
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch root := cmd.Root(); args[0] {
			case "bash":
				return bashCompletion(root, a.out)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			}
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no completion for %q", args[0]), Try: "lab completion bash, zsh or fish"}
		},
	}
}

// bashCompletion is cobra's script, which knows of "=" in flags alone: bash takes what
// follows it for a word of its own, so that key=value would become key=key=value.
func bashCompletion(root *cobra.Command, out io.Writer) error {
	const last = "    __lab_process_completion_results\n}\n"
	var b bytes.Buffer
	if err := root.GenBashCompletionV2(&b, true); err != nil {
		return err
	}
	script := strings.Replace(b.String(), last, strings.TrimSuffix(last, "}\n")+`    if [[ ${cur} == *=* && ${cur} != -* && ${COMP_WORDBREAKS} == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%=*}="}")
    fi
}
`, 1)
	_, err := io.WriteString(out, script)
	return err
}

// completionTime is how long a family may take to describe itself when someone waits
// for the shell.
const completionTime = 2 * time.Second

// ask is describe for completions: at once, or nothing.
func ask(cmd *cobra.Command, family string) *core.Family {
	f, err := describe(cmd.Context(), newFinder(), family, host.Options{StartTimeout: completionTime})
	if err != nil {
		return nil
	}
	return f
}

// completedRuns is how many runs a completion offers.
const completedRuns = 30

// completeRuns completes up to n runs, any number for 0: @1 and so on, names, ids.
func (a *app) completeRuns(n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if n > 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.runsLike(cmd, "", word), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// runsLike are the newest runs by number and name, or by id once one is begun.
func (a *app) runsLike(cmd *cobra.Command, prefix, word string) (out []cobra.Completion) {
	db, err := a.records()
	if err != nil {
		return nil
	}
	defer db.Close()
	runs, err := db.Runs(cmd.Context(), tracker.Query{Limit: completedRuns, Headlines: 1})
	if err != nil {
		return nil
	}
	named := map[string]bool{}
	for i := range runs {
		r := &runs[i]
		what := fmt.Sprintf("%s/%s %s, %s", r.Family, r.Recipe, r.Status, humanize.Time(r.Started))
		out = append(out, cobra.CompletionWithDesc(fmt.Sprintf("%s@%d", prefix, r.Number), strings.TrimSpace(r.Name+" "+what)))
		if r.Name != "" && !named[r.Name] {
			named[r.Name] = true
			out = append(out, cobra.CompletionWithDesc(prefix+r.Name, what))
		}
		if word != "" && strings.HasPrefix(r.UID, word) {
			out = append(out, cobra.CompletionWithDesc(prefix+r.UID, what))
		}
	}
	return out
}

// completeRemoved completes the ids of runs in the bin.
func (a *app) completeRemoved(cmd *cobra.Command, _ []string, _ string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	db, err := a.records()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer db.Close()
	runs, _ := db.Runs(cmd.Context(), tracker.Query{Removed: true, Headlines: 1})
	for i := range runs {
		out = append(out, cobra.CompletionWithDesc(runs[i].UID, fmt.Sprintf("%s/%s %s", runs[i].Family, runs[i].Recipe, runs[i].Name)))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeRun completes plugin=, recipe= and the parameters of lab run.
func (a *app) completeRun(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	given := map[string]string{}
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		given[key] = value
	}
	key, value, hasValue := strings.Cut(word, "=")
	if key == "from" && hasValue {
		if strings.ContainsAny(value, "/.") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return a.runsLike(cmd, "from=", value), cobra.ShellCompDirectiveKeepOrder
	}
	if given["plugin"] == "" {
		return families("plugin="), cobra.ShellCompDirectiveNoFileComp
	}
	f := ask(cmd, given["plugin"])
	if f == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, ok := f.Recipe(given["recipe"])
	switch {
	case key == "recipe" && hasValue:
		return recipes(f, "recipe="), cobra.ShellCompDirectiveNoFileComp
	case !ok:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case hasValue:
		return values(r, key), cobra.ShellCompDirectiveNoFileComp
	}
	out := []cobra.Completion{}
	if _, ok := given["recipe"]; !ok && len(f.Recipes) > 1 {
		out = append(out, cobra.CompletionWithDesc("recipe=", "default "+f.Recipes[0].Name))
	}
	for _, p := range r.Params {
		if _, ok := given[p.Key]; !ok {
			out = append(out, cobra.CompletionWithDesc(p.Key+"=", fmt.Sprintf("%s (%s, default %s)", p.Doc, p.Type, p.Default)))
		}
	}
	if _, ok := given["from"]; !ok && r.From {
		out = append(out, cobra.CompletionWithDesc("from=", "a run or an ONNX file to start from"))
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// values are those that a parameter can have, or its default.
func values(r *core.Recipe, key string) (out []cobra.Completion) {
	p, ok := r.Param(key)
	switch {
	case !ok:
	case p.Type == core.Enum:
		for _, c := range p.Choices {
			out = append(out, key+"="+c)
		}
	case p.Type == core.Bool:
		out = append(out, key+"=true", key+"=false")
	default:
		out = append(out, cobra.CompletionWithDesc(key+"="+p.Default, strings.TrimSpace("default "+rangeOf(*p))))
	}
	return out
}

func families(prefix string) (out []cobra.Completion) {
	for _, n := range newFinder().Names() {
		out = append(out, prefix+n)
	}
	return out
}

func recipes(f *core.Family, prefix string) (out []cobra.Completion) {
	for _, r := range f.Recipes {
		out = append(out, cobra.CompletionWithDesc(prefix+r.Name, r.Doc))
	}
	return out
}

// completePlugins completes a family and its recipe.
func completePlugins(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return families(""), cobra.ShellCompDirectiveNoFileComp
	case 1:
		if f := ask(cmd, args[0]); f != nil {
			return recipes(f, ""), cobra.ShellCompDirectiveNoFileComp
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeInstalled completes the names of installed plugins.
func completeInstalled(_ *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	dir, err := host.Dir()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return host.Records(dir), cobra.ShellCompDirectiveNoFileComp
}
