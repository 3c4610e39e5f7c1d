package host_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"lab/core"
	"lab/core/family"
	"lab/core/host"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// TestMain makes this test program every plugin the tests need: by its hidden
// first argument a bundled family, by its file's name a third-party plugin.
func TestMain(m *testing.M) {
	family.ServeBundled(toy)
	if len(os.Args) > 2 && os.Args[1] == "__host" {
		beHost(os.Args[2])
		return
	}
	if name, ok := strings.CutPrefix(filepath.Base(os.Args[0]), "lab-plugin-"); ok {
		bePlugin(name)
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // the race detector would keep every plugin for a second
	os.Exit(m.Run())
}

var toy = family.Family{Name: "toy", Version: "1.0.0", Doc: "falls into every trap", Recipes: []family.Recipe{
	family.NewRecipe("walk", "a random walk", walk, family.Metric("pos", "", core.Neutral, "where it is"), family.Resumes()),
	family.NewRecipe("flood", "many points", flood, family.Metric("x", "", core.Neutral, "")),
}}

type walkParams struct {
	Steps int           `default:"5" min:"1" doc:"how many"`
	Pause time.Duration `default:"0s" doc:"after every step"`
	Trap  string        `default:"none" enum:"none,panic,routine,exit,kill,deaf,print,line,child,offspring,usage,fail,hello" doc:"what to fall into"`
}

func walk(s *family.Session, p walkParams) error {
	pos := 0.0
	start, err := s.Resume(func(r io.Reader) error { _, err := fmt.Fscan(r, &pos); return err })
	if err != nil {
		return err
	}
	for step := start; step < p.Steps; step++ {
		if s.Stopped() && p.Trap != "deaf" {
			return s.Checkpoint(step, func(w io.Writer) error { _, err := fmt.Fprintln(w, core.FormatFloat(pos)); return err })
		}
		pos += s.Rand("step").NormFloat64()
		s.Log(step, "pos", pos)
		s.Progress(core.Progress{Done: int64(step + 1), Total: int64(p.Steps)})
		if step == 2 {
			if err := spring(p.Trap); err != nil {
				return err
			}
		}
		time.Sleep(p.Pause)
	}
	return s.SaveModel("model", 0, func(w io.Writer) error { _, err := fmt.Fprintln(w, pos); return err })
}

func spring(trap string) error {
	switch trap {
	case "panic":
		panic("boom")
	case "routine":
		go func() { panic("boom aside") }()
		time.Sleep(time.Minute)
	case "exit":
		os.Exit(7)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	case "print":
		fmt.Println("printed to stdout")
		fmt.Fprintln(os.Stderr, "printed to stderr")
		fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"structured","lr":0.5}`)
		fmt.Print("1|1|unix|/tmp/x|grpc|\n")
		_ = syscallWrite(1, "raw write to 1\n")
	case "line":
		chunk := strings.Repeat("x", 1<<20)
		for range 200 {
			fmt.Fprint(os.Stderr, chunk)
		}
		fmt.Fprintln(os.Stderr)
		fmt.Fprintln(os.Stderr, "after the long line")
	case "child": // outlives this process and holds its output open
		if _, err := os.StartProcess("/bin/sleep", []string{"sleep", "60"}, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}}); err != nil {
			return err
		}
		os.Exit(3)
	case "offspring":
		return exec.Command("sleep", "60").Start()
	case "usage":
		return &core.Error{Kind: core.Usage, Msg: "no dataset mnist", Try: "lab data get mnist"}
	case "fail":
		return errors.New("loss is NaN")
	case "hello":
		fmt.Fprintln(os.Stderr, "hello from "+os.Getenv("GREETING"))
	}
	return nil
}

func syscallWrite(fd int, s string) error { _, err := syscall.Write(fd, []byte(s)); return err }

func flood(s *family.Session, p struct {
	Points int `default:"1000000" min:"1" doc:"how many"`
}) error {
	for i := range p.Points {
		s.Log(i>>2, [...]string{"x", "y", "z", "w"}[i&3], float64(i)*1.1)
	}
	return nil
}

// bePlugin is what a third-party plugin of that name does.
func bePlugin(name string) {
	toy := toy
	toy.Name = name
	switch name {
	case "noisy":
		fmt.Println("a banner")
		fmt.Print("progress 11")
	case "mute":
		time.Sleep(time.Minute)
	case "silent": // shakes hands, never describes itself
		raw(silent{}, 1)
		return
	case "future":
		raw(silent{}, 2)
		return
	case "newer": // as the SDK of another version does
		fmt.Fprintln(os.Stderr, wire.VersionsLine+wire.List([]int{2, 3}))
		os.Exit(1)
	case "both":
		toy := toy
		toy.Name = name
		d, err := toy.Describe()
		if err != nil {
			panic(err)
		}
		raw(describes{f: d}, 1, 2)
		return
	case "dead":
		fmt.Fprintln(os.Stderr, "cannot find libfoo.so")
		os.Exit(1)
	case "broken":
		toy.Recipes = append(toy.Recipes, toy.Recipes[0])
	case "impostor":
		toy.Name = "gan"
	case "undescribed":
		raw(describes{f: core.Family{Name: "undescribed"}}, 1)
		return
	}
	family.Serve(toy)
}

// raw serves without the SDK, and without watching the host.
func raw(s pb.FamilyServer, versions ...int) {
	sets := map[int]plugin.PluginSet{}
	for _, v := range versions {
		sets[v] = wire.Serving(s)[wire.Version]
	}
	plugin.Serve(&plugin.ServeConfig{HandshakeConfig: wire.Handshake, GRPCServer: plugin.DefaultGRPCServer, VersionedPlugins: sets})
}

type silent struct{ pb.UnimplementedFamilyServer }

func (silent) Describe(ctx context.Context, _ *pb.DescribeRequest) (*pb.Description, error) {
	time.Sleep(time.Minute)
	return nil, nil
}

type describes struct {
	pb.UnimplementedFamilyServer
	f core.Family
}

func (d describes) Describe(context.Context, *pb.DescribeRequest) (*pb.Description, error) {
	return wire.FromFamily(d.f), nil
}
func (describes) Train(*pb.RunSpec, grpc.ServerStreamingServer[pb.Event]) error { return nil }
func (describes) Stop(context.Context, *pb.StopRequest) (*pb.StopReply, error) {
	return &pb.StopReply{}, nil
}

// liar is a family that sends whatever a test wants.
type liar struct {
	describes
	train func(dir string, send func(*pb.Event)) error
}

func (l liar) register(to grpc.ServiceRegistrar) { pb.RegisterFamilyServer(to, l) }

func (l liar) Train(m *pb.RunSpec, s grpc.ServerStreamingServer[pb.Event]) error {
	return l.train(m.GetDir(), func(e *pb.Event) { _ = s.Send(e) })
}

// record is a sink that keeps everything.
type record struct {
	mu     sync.Mutex
	events []core.Event
	hear   func(core.Event) error
}

func (r *record) Put(e core.Event) error {
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	if r.hear != nil {
		return r.hear(e)
	}
	return nil
}

func (r *record) points() (n int) {
	for _, e := range r.events {
		if m, ok := e.(core.Metrics); ok {
			n += len(m.Points)
		}
	}
	return n
}

func (r *record) log() string {
	var b strings.Builder
	for _, e := range r.events {
		if l, ok := e.(core.Log); ok {
			fmt.Fprintf(&b, "%d %s\n", l.Level, l.Text)
		}
	}
	return b.String()
}

func bundled(t testing.TB) host.Candidate {
	t.Helper()
	c, err := (&host.Finder{Bundled: []string{"toy"}}).Find("toy")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// thirdParty makes this test program a plugin of another name.
func thirdParty(t testing.TB, name string) host.Candidate {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "lab-plugin-"+name)); err != nil {
		t.Fatal(err)
	}
	c, err := (&host.Finder{Dirs: []string{dir}}).Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func launch(t testing.TB, c host.Candidate, o host.Options) *host.Plugin {
	t.Helper()
	p, err := host.Launch(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func spec(t testing.TB, p *host.Plugin, recipe string, overrides ...string) core.RunSpec {
	t.Helper()
	r, ok := p.Family.Recipe(recipe)
	if !ok {
		t.Fatalf("no recipe %s", recipe)
	}
	var os []core.Override
	for _, o := range overrides {
		k, v, _ := strings.Cut(o, "=")
		os = append(os, core.Override{Key: k, Value: v})
	}
	params, err := r.Resolve(p.Family.Name, os)
	if err != nil {
		t.Fatal(err)
	}
	return core.RunSpec{Recipe: r.Name, Params: params, Dir: t.TempDir(), Threads: 1}
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	if runtime.GOOS != "linux" {
		return syscall.Kill(pid, 0) == nil
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// offspring are the processes with an entry in their environment, where that is known.
func offspring(entry string) (pids []int) {
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range found {
		b, err := os.ReadFile(path)
		var pid int
		if _, e := fmt.Sscanf(path, "/proc/%d/", &pid); err == nil && e == nil && strings.Contains(string(b), entry+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func gone(pid int, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if !alive(pid) {
			return true
		}
	}
	return false
}

// beHost launches the plugin, starts a run in it, says so and waits to be killed.
func beHost(trap string) {
	c, err := (&host.Finder{Bundled: []string{"toy"}}).Find("toy")
	if err != nil {
		panic(err)
	}
	p, err := host.Launch(context.Background(), c, host.Options{})
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "orphan")
	if err != nil {
		panic(err)
	}
	r, _ := p.Family.Recipe("walk")
	params, err := r.Resolve("toy", []core.Override{{Key: "steps", Value: "1000000"}, {Key: "pause", Value: "1ms"}, {Key: "trap", Value: trap}})
	if err != nil {
		panic(err)
	}
	said := sync.OnceFunc(func() { fmt.Println(p.PID()) })
	p.Train(context.Background(), core.RunSpec{Recipe: "walk", Params: params, Dir: dir}, &record{hear: func(core.Event) error { said(); return nil }})
}
