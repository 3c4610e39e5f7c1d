package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lab/core/family"
)

// part measures some promises and adds them to the table.
type part struct {
	name string
	run  func(*bench) error
}

var parts = []part{
	{"commits", (*bench).commits},
	{"points", (*bench).points},
	{"step", (*bench).step},
	{"report", (*bench).report},
	{"mlflow", (*bench).mlflow},
}

// bench is one run of this command.
type bench struct {
	ctx    context.Context
	dir    string // where databases are made; on the disk to be measured
	rounds int
	rows   []row
	own    map[string]float64 // lab's figures by what MLflow is compared in
}

// row is a line of the table.
type row struct {
	what, bar string
	values    []float64 // of the rounds
	unit      string
	kept      func(v float64) bool // whether the median keeps the promise; nil when nothing is promised
	lower     bool                 // whether the least is the best
}

func main() {
	family.ServeBundled(steps) // when this process was started as a plugin it ends here
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/tracker:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	f := flag.NewFlagSet("bench/tracker", flag.ExitOnError)
	dir := f.String("dir", os.TempDir(), "`folder` on the disk to measure")
	rounds := f.Int("rounds", 5, "`rounds` of every measurement")
	which := f.String("part", strings.Join(names, ","), "what to measure, a `list`")
	f.Parse(args)
	b := &bench{ctx: context.Background(), rounds: max(1, *rounds), own: map[string]float64{}}
	var err error
	if b.dir, err = os.MkdirTemp(*dir, "lab-bench-*"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fsync, err := b.fsync()
	if err != nil {
		return err
	}
	fmt.Printf("%s · %d cores · %s · fsync of a page %.2f ms · load %s\n", cpuName(), runtime.NumCPU(), runtime.Version(), fsync, load())
	for _, name := range strings.Split(*which, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			return fmt.Errorf("-part: there is no %q; there are %s", name, strings.Join(names, ", "))
		}
		fmt.Fprintf(os.Stderr, "%s …\n", name)
		if err := parts[i].run(b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	b.print()
	fmt.Printf("load %s afterwards\n", load())
	return nil
}

func (b *bench) add(r row) { b.rows = append(b.rows, r) }

func (b *bench) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tpromise\tmedian\tbest\t")
	for _, r := range b.rows {
		v := slices.Sorted(slices.Values(r.values))
		middle, best := median(v), v[len(v)-1]
		if r.lower {
			best = v[0]
		}
		verdict := ""
		if r.kept != nil {
			verdict = map[bool]string{true: "kept", false: "MISSED"}[r.kept(middle)]
		}
		fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\n", r.what, r.bar, figure(middle), r.unit, figure(best), verdict)
	}
	w.Flush()
}

// figure has three significant digits, large ones in thousands.
func figure(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.1fk", v/1000)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func atLeast(bar float64) func(float64) bool { return func(v float64) bool { return v >= bar } }
func atMost(bar float64) func(float64) bool  { return func(v float64) bool { return v <= bar } }

// timed returns how many milliseconds f takes.
func timed(f func() error) (float64, error) {
	begin := time.Now()
	err := f()
	return float64(time.Since(begin).Microseconds()) / 1e3, err
}

// fsync returns the milliseconds that an fsync of one written page takes: what
// bounds every commit.
func (b *bench) fsync() (float64, error) {
	f, err := os.CreateTemp(b.dir, "fsync-*")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var times []float64
	page := make([]byte, 4096)
	for range 50 {
		t, err := timed(func() error {
			if _, err := f.Write(page); err != nil {
				return err
			}
			return f.Sync()
		})
		if err != nil {
			return 0, err
		}
		times = append(times, t)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}

func load() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
