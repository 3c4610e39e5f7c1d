package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
)

func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Install, check, remove and write plugins",
		Long: `A plugin is a program called lab-plugin-NAME that offers a model family of its own.
Installed ones lie in lab/plugins below $XDG_DATA_HOME (default ~/.local/share) with
their checksum, which every start verifies; those in a folder of LAB_PLUGIN_PATH are
taken as they are. What a plugin offers: lab plugins NAME.`,
		Example: `  lab plugin new walker               # a module that builds, passes its tests and trains
  lab plugin install ./lab-plugin-walker`,
		Args: cobra.ArbitraryArgs,
		RunE: subcommandNeeded,
	}
	cmd.AddCommand(a.pluginInstallCommand(), a.pluginListCommand(), a.pluginVerifyCommand(), a.pluginRemoveCommand(),
		a.pluginNewCommand(), a.pluginTestCommand(), a.pluginContractCommand())
	return cmd
}

// subcommandNeeded shows the help of a command that only has others below it, or says
// that there is none of that name.
func subcommandNeeded(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	e := &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no command %q", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], "lab ")), Try: cmd.CommandPath() + " --help"}
	if cmd.Parent() == nil {
		e.Try = "lab help"
	}
	if near := core.Nearest(args[0], names); len(near) > 0 {
		e.Try = cmd.CommandPath() + " " + near[0]
	}
	return e
}

func (a *app) pluginInstallCommand() *cobra.Command {
	var link, shadow bool
	cmd := &cobra.Command{
		Use:   "install PATH",
		Short: "Install a plugin and record its checksum",
		Long: `Install starts the program once, to hear which family it offers, and copies it into
the plugin folder, in the place of an older one of that family. From then on lab
refuses to start it when the file is another one than was installed.`,
		Example: `  lab plugin install ./lab-plugin-walker
  lab plugin install --link examples/python-plugin/lab-plugin-torch-mlp   # it needs the files beside it`,
		Args: args(1, 1, "one path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := host.Dir()
			if err != nil {
				return err
			}
			patience, err := host.Patience()
			if err != nil {
				return err
			}
			c, err := host.Install(cmd.Context(), args[0], host.Installation{Dir: dir, Bundled: newFinder().Bundled, Link: link, Shadow: shadow}, patience)
			if err != nil {
				return err
			}
			if _, err := newFinder().Find(c.Name); err != nil {
				a.warn(err) // another one of that name in LAB_PLUGIN_PATH
			}
			if a.json {
				return a.printJSON(pluginJSON(c, stateOf(c)))
			}
			fmt.Fprintf(a.out, "%s %s installed: %s\nnext: lab plugins %s\n      lab run plugin=%s\n", c.Name, c.Record.Version, c.Path, c.Name, c.Name)
			return nil
		},
	}
	cmd.Flags().BoolVar(&link, "link", false, "link to the file rather than copy it")
	cmd.Flags().BoolVar(&shadow, "shadow", false, "let it take the place of a bundled family of its name")
	return cmd
}

func (a *app) pluginListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the plugins that were installed or lie in LAB_PLUGIN_PATH",
		Example: `  lab plugin list
  lab plugin list --json`,
		Args: args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			rows := thirdParty()
			if a.json {
				all := []jsonPlugin{}
				for _, r := range rows {
					all = append(all, pluginJSON(r.Candidate, r.state))
				}
				return a.printJSON(all)
			}
			if len(rows) == 0 {
				fmt.Fprintln(a.err, "lab: no plugins besides the bundled ones")
				return nil
			}
			a.printPlugins(rows)
			return nil
		},
	}
}

func (a *app) pluginVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Compare installed plugins with their recorded checksums",
		Long: `Verify compares the executables of the plugins given, or of all that were installed,
with what was recorded at their installation. It ends with 4 when one differs or is gone.`,
		Example: `  lab plugin verify
  lab plugin verify walker`,
		ValidArgsFunction: completeInstalled,
		RunE: func(_ *cobra.Command, names []string) error {
			var rows []pluginRow
			all := thirdParty()
			for _, r := range all {
				if r.Record != nil && len(names) == 0 || slices.Contains(names, r.Name) {
					rows = append(rows, r)
				}
			}
			for _, n := range names {
				i := slices.IndexFunc(rows, func(r pluginRow) bool { return r.Name == n })
				if i < 0 || rows[i].state == byHand {
					return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no plugin %q was installed", n), Try: "lab plugin list"}
				}
			}
			var bad []string
			for _, r := range rows {
				if r.state != intact {
					bad = append(bad, r.Name)
				}
			}
			if a.json {
				out := []jsonPlugin{}
				for _, r := range rows {
					out = append(out, pluginJSON(r.Candidate, r.state))
				}
				if err := a.printJSON(out); err != nil {
					return err
				}
			} else if len(rows) > 0 {
				a.printPlugins(rows)
			}
			if len(bad) > 0 {
				return &core.Error{Kind: core.Differs, Msg: "not what was installed: " + strings.Join(bad, ", "), Try: "lab plugin install once more, if it was you who changed it"}
			}
			return nil
		},
	}
}

func (a *app) pluginRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove an installed plugin; its runs stay",
		Example: `  lab plugin remove walker
  lab plugin list`,
		Args:              args(1, 1, "one family"),
		ValidArgsFunction: completeInstalled,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := host.Dir()
			if err != nil {
				return err
			}
			return host.Remove(dir, args[0])
		},
	}
}

func (a *app) pluginContractCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "contract",
		Short: "Print the contract for plugins in any language, a .proto with comments",
		Example: `  lab plugin contract > lab.proto
  lab plugin contract | less`,
		Args: args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(a.out, host.Contract())
			return nil
		},
	}
}

// The states of a plugin's file.
const (
	intact  = "as installed"
	changed = "changed"
	gone    = "gone"
	byHand  = "not installed" // it lies in LAB_PLUGIN_PATH, or was put beside installed ones
)

// pluginRow is a plugin that is not bundled and how its file is.
type pluginRow struct {
	host.Candidate
	state string
}

func stateOf(c host.Candidate) string {
	switch {
	case c.Record == nil:
		return byHand
	case c.Verify() != nil:
		return changed
	}
	return intact
}

// thirdParty are all plugins that are not bundled, whether they can be started or not.
func thirdParty() (rows []pluginRow) {
	finder := &host.Finder{Dirs: host.Dirs()} // bundled names are as good as others here
	names := finder.Names()
	dir, err := host.Dir()
	if err == nil {
		names = append(names, host.Records(dir)...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	for _, n := range names {
		c, err := finder.Find(n)
		switch {
		case err == nil:
			rows = append(rows, pluginRow{c, stateOf(c)})
		case slices.Contains(finder.Names(), n):
			rows = append(rows, pluginRow{host.Candidate{Name: n}, oneLine(err.Error())})
		default:
			rows = append(rows, pluginRow{host.Candidate{Name: n, Path: dir, Record: &host.Installed{}}, gone})
		}
	}
	return rows
}

func (a *app) printPlugins(rows []pluginRow) {
	t := newTable("FAMILY", "VERSION", "STATE", "SHA256", "FILE")
	for _, r := range rows {
		version, sum := "", ""
		if r.Record != nil {
			version, sum = r.Record.Version, r.Record.SHA256[:min(12, len(r.Record.SHA256))]
		}
		t.AppendRow(table.Row{r.Name, version, r.state, sum, r.Path})
	}
	printTable(a.out, t)
}

type jsonPlugin struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	State   string `json:"state"`
	SHA256  string `json:"sha256,omitempty"`
	Path    string `json:"path,omitempty"`
	Source  string `json:"source,omitempty"`
	Shadow  bool   `json:"shadow,omitempty"`
}

func pluginJSON(c host.Candidate, state string) jsonPlugin {
	j := jsonPlugin{Name: c.Name, State: state, SHA256: c.SHA256, Path: c.Path}
	if c.Record != nil {
		j.Version, j.Source, j.Shadow = c.Record.Version, c.Record.Source, c.Record.Shadow
	}
	return j
}
