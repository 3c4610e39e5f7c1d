// Command lab runs machine-learning experiments, records them and compares them.
//
// It is where the parts meet: command lines become overrides (override.go), a
// plugin is found and asked what it takes (run.go), the tracker records what it
// says, and tables, curves and JSON come out (report.go, show.go). Every command
// is one file. Nothing imports this package, and it computes nothing itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/family"
	"lab/core/family/familytest"
	"lab/tracker"
)

func main() {
	family.ServeBundled(bundled...) // when this process was started as a plugin it ends here
	familytest.BeHost()             // or here, as the host that lab plugin test kills
	a := &app{out: os.Stdout, err: os.Stderr}
	os.Exit(a.main(os.Args[1:]))
}

// app is what the commands share.
type app struct {
	out, err io.Writer // data goes to out, everything else to err
	home     string    // folder of database and runs
	json     bool
	quiet    bool
	view     *view // of the run that trains, if one does
}

// main runs one command line and returns the exit code.
func (a *app) main(args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(a.err, "lab: "+oneLine(err.Error()))
		if try := core.TryOf(err); try != "" {
			fmt.Fprintln(a.err, "try: "+oneLine(try))
		}
	}
	return exitCode(err)
}

// errSaid marks an error whose line the user has seen already.
var errSaid = errors.New("said")

// oneLine folds white space, and the control characters that a plugin may have sent.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func exitCode(err error) int {
	switch core.KindOf(err) {
	case core.Usage:
		return 2
	case core.PluginError:
		return 3
	case core.Differs:
		return 4
	case core.Interrupted:
		return 130
	}
	return 1
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "A laboratory for machine-learning experiments",
		Long: `lab runs machine-learning experiments, records every run, and compares them.
Model families run as plugins; weights go in and out as ONNX.`,
		Example: `  lab run plugin=gan                  # train on real images, a minute or so
  lab report                          # the runs so far, newest first`,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		RunE: subcommandNeeded,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &core.Error{Kind: core.Usage, Msg: err.Error(), Try: cmd.CommandPath() + " --help"}
	})
	f := root.PersistentFlags()
	f.StringVar(&a.home, "home", "", "folder of the database and the runs (default $LAB_HOME, or .lab)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	cobra.EnableCommandSorting = false
	for i, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Train:", []*cobra.Command{a.runCommand(), a.resumeCommand(), a.verifyCommand(), a.configCommand()}},
		{"Compare:", []*cobra.Command{a.reportCommand(), a.showCommand(), a.diffCommand()}},
		{"Keep order:", []*cobra.Command{a.nameCommand(), a.tagCommand(), a.noteCommand(), a.rmCommand(), a.restoreCommand(), a.gcCommand()}},
		{"Models, data and plugins:", []*cobra.Command{a.exportCommand(), a.importCommand(), a.onnxCommand(), a.dataCommand(), a.pluginsCommand(), a.pluginCommand()}},
		{"About lab:", []*cobra.Command{a.doctorCommand(), a.completionCommand(), a.versionCommand()}},
	} {
		id := fmt.Sprint(i)
		root.AddGroup(&cobra.Group{ID: id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = id
			root.AddCommand(c)
		}
		root.SetHelpCommandGroupID(id)
	}
	return root
}

// homeDir is the folder of the database and the runs.
func (a *app) homeDir() string {
	if a.home != "" {
		return a.home
	}
	if h := os.Getenv("LAB_HOME"); h != "" {
		return h
	}
	return ".lab"
}

// records opens the home for reading; one that is not there is empty.
func (a *app) records() (*tracker.DB, error) {
	return tracker.Open(a.homeDir(), tracker.Options{ReadOnly: true, Version: version()})
}

// args checks the number of arguments in the same words everywhere.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s takes %s, not %s", cmd.CommandPath(), what, count(len(args), "argument")), Try: cmd.CommandPath() + " --help"}
	}
}
