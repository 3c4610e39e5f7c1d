package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/data"
	"lab/core/data/fetch"
)

func (a *app) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, fetch and look at data sets",
		Long: `Data sets are inside lab, or fetched once into a folder of their own, or yours: a
folder of images, one of IDX files like those of MNIST, NumPy arrays, a CSV file. Whatever
is fetched is checked by its SHA-256.`,
		Example: `  lab data list
  lab data get fashion-mnist`,
		Args: cobra.ArbitraryArgs,
		RunE: subcommandNeeded,
	}
	cmd.AddCommand(a.dataListCommand(), a.dataGetCommand(), a.dataPathCommand(), a.dataShowCommand())
	return cmd
}

func (a *app) dataListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the data sets, and where they are",
		Example: `  lab data list
  lab data list --json`,
		Args: args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			t := newTable("NAME", "WHAT IT IS", "WHERE", "LICENCE")
			all := []map[string]any{}
			for _, e := range data.Catalog() {
				where, dir := "inside lab", e.Locate(dataDir())
				switch {
				case dir != "":
					where = dir
				case !e.Embedded():
					where = "lab data get " + e.Name
				}
				t.AppendRow(table.Row{e.Name, e.Doc, where, e.Licence})
				all = append(all, map[string]any{"name": e.Name, "doc": e.Doc, "licence": e.Licence, "source": e.Source, "classes": len(e.Classes),
					"embedded": e.Embedded(), "path": dir})
			}
			if a.json {
				return a.printJSON(all)
			}
			printWithin(a.out, t, columnsOf(a.out))
			return nil
		},
	}
}

func (a *app) dataGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get NAME…",
		Short: "Fetch data sets",
		Long: `Get downloads a data set into lab's own folder and checks its SHA-256. A download that
broke off goes on where it stopped. LAB_DATA_MIRROR names an address to fetch from instead
of the published one; the files of a set lie below it in a folder of the set's name.`,
		Example: `  lab data get fashion-mnist
  lab data get mnist cifar-10`,
		Args:              args(1, 100, "the names of data sets"),
		ValidArgsFunction: completeData,
		RunE: func(cmd *cobra.Command, names []string) error {
			var entries []*data.Entry
			for _, name := range names {
				e, err := findData(name)
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			all := []map[string]any{}
			for _, e := range entries {
				dir, err := a.getData(ctx, e)
				if err != nil {
					return err
				}
				all = append(all, map[string]any{"name": e.Name, "path": dir})
				if !a.json && dir != "" {
					fmt.Fprintln(a.out, dir)
				}
			}
			if a.json {
				return a.printJSON(all)
			}
			return nil
		},
	}
}

// getData brings a set onto this machine, unless it is there, and returns its folder.
func (a *app) getData(ctx context.Context, e *data.Entry) (dir string, err error) {
	if e.Embedded() {
		fmt.Fprintf(a.err, "%s is inside lab\n", e.Name)
		return "", nil
	}
	into := filepath.Join(dataDir(), e.Name)
	if dir := e.Locate(dataDir()); dir != "" && dir != into && e.Readable() {
		if _, err := data.Open(e.Name, dataDir()); err == nil {
			fmt.Fprintf(a.err, "%s is on this machine\n", e.Name)
			return dir, nil
		}
	}
	if dataDir() == "" {
		return "", &core.Error{Kind: core.Usage, Msg: "there is no folder for data sets: neither HOME nor XDG_DATA_HOME is set", Try: "XDG_DATA_HOME=FOLDER lab data get " + e.Name}
	}
	m := &meter{a: a, live: onTerminal(a.err)}
	f := fetch.Fetcher{Mirror: os.Getenv("LAB_DATA_MIRROR"), Show: m.show}
	err = f.Set(ctx, e, into)
	m.end()
	if err != nil && core.TryOf(err) == "" && e.Package != "" {
		err = &core.Error{Kind: core.KindOf(err), Err: err, Try: "apt install " + e.Package}
	}
	return into, err
}

// meter shows how far a download is: a line that is written over on a terminal, a line
// a file elsewhere.
type meter struct {
	a     *app
	live  bool
	file  string
	shown time.Time
}

func (m *meter) show(p fetch.Progress) {
	whole := p.Bytes == p.Total
	switch {
	case m.live && (whole || time.Since(m.shown) > 100*time.Millisecond):
		line := fmt.Sprintf("%s  %s", p.File, humanize.Bytes(uint64(p.Bytes)))
		if p.Total > 0 {
			line = fmt.Sprintf("%s  %s %s", p.File, bar(float64(p.Bytes)/float64(p.Total), 24), humanize.Bytes(uint64(p.Total)))
		}
		if m.file != "" && m.file != p.File {
			fmt.Fprintln(m.a.err)
		}
		fmt.Fprintf(m.a.err, "\r%s\x1b[K", line)
		m.file, m.shown = p.File, time.Now()
	case !m.live && p.File != m.file:
		size := ""
		if p.Total > 0 {
			size = ", " + humanize.Bytes(uint64(p.Total))
		}
		fmt.Fprintf(m.a.err, "fetching %s%s\n", p.File, size)
		m.file = p.File
	}
}

func (m *meter) end() {
	if m.live && m.file != "" {
		fmt.Fprintln(m.a.err)
	}
}

func (a *app) dataPathCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "path NAME",
		Short: "Print the folder of a data set",
		Example: `  lab data path fashion-mnist
  ls $(lab data path fashion-mnist)`,
		Args:              args(1, 1, "the name of a data set"),
		ValidArgsFunction: completeData,
		RunE: func(_ *cobra.Command, names []string) error {
			e, err := findData(names[0])
			if err != nil {
				return err
			}
			dir := e.Locate(dataDir())
			switch {
			case e.Embedded():
				return &core.Error{Kind: core.Usage, Msg: e.Name + " is inside lab and has no folder"}
			case dir == "":
				return &core.Error{Kind: core.Usage, Msg: e.Name + " is not on this machine", Try: "lab data get " + e.Name}
			case a.json:
				return a.printJSON(map[string]string{"name": e.Name, "path": dir})
			}
			fmt.Fprintln(a.out, dir)
			return nil
		},
	}
}

func (a *app) dataShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME|PATH",
		Short: "Read a data set, and say what is in it",
		Example: `  lab data show fashion-mini
  lab data show ./photographs`,
		Args:              args(1, 1, "a data set or a path"),
		ValidArgsFunction: completeData,
		RunE: func(_ *cobra.Command, names []string) error {
			set, err := data.Open(names[0], dataDir())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"name": set.Name, "train": set.Train.Len(), "test": set.Test.Len(), "shape": set.Train.Shape,
					"classes": set.Classes, "sha256": set.SHA256, "licence": set.Licence, "source": set.Source})
			}
			fmt.Fprintf(a.out, "%s: %s + %s examples of shape %v\n", set.Name, humanize.Comma(int64(set.Train.Len())), humanize.Comma(int64(set.Test.Len())), set.Train.Shape)
			for _, line := range [][2]string{{"source", set.Source}, {"licence", set.Licence}, {"sha256", set.SHA256}} {
				if line[1] != "" {
					fmt.Fprintf(a.out, "%-8s %s\n", line[0], line[1])
				}
			}
			if set.Train.Labels == nil {
				return nil
			}
			t := newTable("CLASS", "TRAIN", "TEST")
			numbers(t, "TRAIN", "TEST")
			train, test := set.Train.PerClass(len(set.Classes)), set.Test.PerClass(len(set.Classes))
			for c, name := range set.Classes {
				t.AppendRow(table.Row{name, strconv.Itoa(train[c]), strconv.Itoa(test[c])})
			}
			fmt.Fprintln(a.out)
			printTable(a.out, t)
			return nil
		},
	}
}

// findData is the registry's entry, or an error that names near ones.
func findData(name string) (*data.Entry, error) {
	if e, ok := data.Find(name); ok {
		return e, nil
	}
	if strings.ContainsAny(name, `/\`) {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is a path, not the name of a data set", name), Try: "lab data show " + name}
	}
	var known []string
	for _, e := range data.Catalog() {
		known = append(known, e.Name)
	}
	try := strings.Join(known, ", ")
	if near := core.Nearest(name, known); len(near) > 0 {
		try = strings.Join(near, " or ")
	}
	return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no data set %q", name), Try: try}
}

func completeData(_ *cobra.Command, given []string, _ string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, e := range data.Catalog() {
		out = append(out, cobra.CompletionWithDesc(e.Name, e.Doc))
	}
	return out, cobra.ShellCompDirectiveDefault
}
