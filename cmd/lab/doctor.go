package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
	"lab/core/vm"
	"lab/tracker"
)

// finding is one line of lab doctor.
type finding struct {
	What  string `json:"what"`
	State string `json:"state"` // "ok", "note" or "fault"
	Text  string `json:"text"`
	Try   string `json:"try,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, the database and the plugins",
		Long: `Doctor looks at what lab needs: the program itself, CPU and instruction set, threads,
memory, the database (every page and index of it), disk space, plugins. It changes nothing
and ends with 1 when it finds a fault.`,
		Example: `  lab doctor
  lab doctor --json`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := program()
			all = append(all, machine()...)
			all = append(all, a.homeHealth(cmd.Context())...)
			all = append(all, pluginHealth(cmd.Context())...)
			faults := 0
			for _, f := range all {
				if f.State == "fault" {
					faults++
				}
			}
			if a.json {
				if err := a.printJSON(all); err != nil {
					return err
				}
			} else {
				t := newTable("", "", "")
				t.ResetHeaders()
				for _, f := range all {
					t.AppendRow(table.Row{f.State, f.What, f.Text})
					if f.Try != "" {
						t.AppendRow(table.Row{"", "", "try: " + f.Try})
					}
				}
				printTable(a.out, t)
			}
			if faults > 0 {
				return &core.Error{Kind: core.Other, Msg: "doctor found " + count(faults, "fault")}
			}
			return nil
		},
	}
}

// program is about this executable and what builds it.
func program() []finding {
	text := version()
	if r := revision(); r != "" {
		text += " (" + r + ")"
	}
	all := []finding{{What: "lab", State: "ok", Text: fmt.Sprintf("%s, %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
	kernels := finding{What: "kernels", State: "ok", Text: "C, " + vm.ISA()}
	if vm.ISA() == "go" {
		kernels = finding{What: "kernels", State: "note", Text: "pure Go, many times slower than C", Try: "a C compiler and CGO_ENABLED=1, without -tags purego"}
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	compiler := finding{What: "compiler", State: "note", Text: "no C compiler: needed to build lab, not to use it", Try: "apt install gcc, xcode-select --install"}
	if out, err := exec.Command(cc, "--version").Output(); err == nil {
		line, _, _ := strings.Cut(string(out), "\n")
		compiler = finding{What: "compiler", State: "ok", Text: oneLine(line)}
	}
	return append(all, kernels, compiler)
}

// machine is about CPU, threads and memory.
func machine() []finding {
	facts := map[string]string{}
	for _, f := range tracker.Surroundings() {
		facts[f.Key] = f.Value
	}
	cpu := finding{What: "cpu", State: "ok", Text: fmt.Sprintf("%s, %s", facts["host.cpu"], count(runtime.NumCPU(), "core"))}
	threads := finding{What: "threads", State: "ok", Text: fmt.Sprintf("%d by default", runtime.NumCPU())}
	if n := runtime.GOMAXPROCS(0); n < runtime.NumCPU() {
		threads = finding{What: "threads", State: "note", Text: fmt.Sprintf("%d by default, of which the Go runtime may use %d", runtime.NumCPU(), n), Try: fmt.Sprintf("--threads %d", n)}
	}
	all := []finding{cpu, threads}
	if bytes, err := core.ParseFloat(facts["host.memory"]); err == nil {
		all = append(all, finding{What: "memory", State: "ok", Text: humanize.Bytes(uint64(bytes))})
	}
	if limit := debug.SetMemoryLimit(-1); limit < 1<<62 {
		all = append(all, finding{What: "memory", State: "note", Text: "GOMEMLIMIT is " + humanize.Bytes(uint64(limit))})
	}
	return all
}

// leastDisk is the space below which a fault is told: a run may not find room for its
// model.
const leastDisk = 256 << 20

// homeHealth is about the database and the disk that it lies on.
func (a *app) homeHealth(ctx context.Context) (all []finding) {
	home := a.homeDir()
	path := filepath.Join(home, "lab.db")
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		all = append(all, finding{What: "database", State: "ok", Text: "none in " + home + " yet; the first run makes it"})
	case err != nil:
		return append(all, finding{What: "database", State: "fault", Text: err.Error()})
	default:
		all = append(all, a.databaseHealth(ctx, path, info.Size())...)
	}
	if free, ok := freeSpace(home); ok {
		f := finding{What: "disk", State: "ok", Text: humanize.Bytes(free) + " free for " + home}
		if free < leastDisk {
			f.State, f.Try = "fault", "lab gc, or --home on another disk"
		}
		all = append(all, f)
	}
	return all
}

func (a *app) databaseHealth(ctx context.Context, path string, size int64) (all []finding) {
	db, err := a.records()
	if err != nil {
		return []finding{{What: "database", State: "fault", Text: oneLine(err.Error()), Try: core.TryOf(err)}}
	}
	defer db.Close()
	faults, err := db.Check(ctx)
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, f := range faults {
		all = append(all, finding{What: "database", State: "fault", Text: path + ": " + oneLine(f), Try: "a copy, then: lab export RUN… -o runs.zip of what can still be read"})
	}
	runs, err := db.Runs(ctx, tracker.Query{Headlines: 1})
	if err != nil {
		return append(all, finding{What: "database", State: "fault", Text: oneLine(err.Error())})
	}
	states := map[core.Status]int{}
	for i := range runs {
		states[runs[i].Status]++
	}
	if len(faults) == 0 {
		all = append(all, finding{What: "database", State: "ok", Text: fmt.Sprintf("%s, %s, %s; every page and index is sound", path, humanize.Bytes(uint64(size)), count(len(runs), "run"))})
	}
	if n := states[core.Running]; n > 0 {
		all = append(all, finding{What: "runs", State: "ok", Text: count(n, "run") + " going on"})
	}
	if n := states[core.Lost] + states[core.Crashed]; n > 0 {
		all = append(all, finding{What: "runs", State: "note", Text: count(n, "run") + " lost or crashed", Try: "lab report 'status=lost or status=crashed', lab resume RUN"})
	}
	spools, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "runs", "*", "spool.jsonl"))
	if len(spools) > 0 {
		all = append(all, finding{What: "runs", State: "note", Text: fmt.Sprintf("events of %s wait beside the database, which would not take them", count(len(spools), "run")), Try: "any command that writes, such as lab tag"})
	}
	missing := 0
	for i := range runs {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "runs", runs[i].UID)); os.IsNotExist(err) {
			missing++
		}
	}
	if missing > 0 {
		all = append(all, finding{What: "runs", State: "note", Text: fmt.Sprintf("the folders of %s are gone: their models and pictures", count(missing, "run"))})
	}
	return all
}

// pluginHealth is about plugins, installed ones and others.
func pluginHealth(ctx context.Context) (all []finding) {
	if dir, err := host.Dir(); err == nil {
		all = append(all, finding{What: "plugins", State: "ok", Text: "folder " + dir})
	}
	for _, r := range thirdParty() {
		f := finding{What: "plugin", State: "ok", Text: r.Name + " " + r.state + ": " + r.Path}
		switch r.state {
		case intact, byHand:
			p, err := host.Launch(ctx, r.Candidate, host.Options{StartTimeout: 5 * completionTime})
			if err != nil {
				f.State, f.Text = "fault", oneLine(err.Error())
				break
			}
			f.Text = fmt.Sprintf("%s %s %s, protocol %d: %s", r.Name, p.Family.Version, r.state, p.Protocol, r.Path)
			p.Close()
		case changed, gone:
			f.State, f.Try = "fault", "lab plugin install once more, or lab plugin remove "+r.Name
		default:
			f.State = "fault"
		}
		all = append(all, f)
	}
	return all
}
