package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"lab/core"
	"lab/core/host"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

func TestRun(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	for range 2 { // a plugin serves one run after another
		r := &record{}
		s := spec(t, p, "walk", "steps=300", "seed=4")
		out := p.Train(t.Context(), s, r)
		if out != (host.Outcome{Status: core.Finished}) || r.points() != 300 {
			t.Fatalf("%+v, %d points", out, r.points())
		}
		if d, ok := r.events[len(r.events)-1].(core.Done); !ok || d.Status != core.Finished {
			t.Errorf("the last event is %+v", r.events[len(r.events)-1])
		}
		if _, err := os.Stat(filepath.Join(s.Dir, "model.onnx")); err != nil {
			t.Error(err)
		}
	}
}

func TestHowRunsEnd(t *testing.T) {
	for _, c := range []struct {
		trap, reason string
		status       core.Status
		kind         core.Kind
		code         int
		signal, log  string
	}{
		{trap: "panic", status: core.Failed, reason: "toy/walk: panic: boom (main_test.go:", kind: core.RunFailed, log: "host_test.spring"},
		{trap: "fail", status: core.Failed, reason: "toy/walk: loss is NaN", kind: core.RunFailed},
		{trap: "usage", status: core.Failed, reason: "no dataset mnist", kind: core.Usage},
		{trap: "exit", status: core.Crashed, reason: "plugin toy died: exit code 7", kind: core.PluginError, code: 7},
		{trap: "child", status: core.Crashed, reason: "plugin toy died: exit code 3", kind: core.PluginError, code: 3},
		{trap: "kill", status: core.Crashed, reason: "plugin toy died: killed by signal SIGKILL", kind: core.PluginError, code: -1, signal: "SIGKILL"},
		{trap: "routine", status: core.Crashed, reason: "plugin toy died: exit code 2: panic: boom aside", kind: core.PluginError, code: 2, log: "2 goroutine "},
		{trap: "print", status: core.Finished, log: "0 printed to stdout\n0 printed to stderr\n1 structured lr=0.5\n0 1|1|unix|/tmp/x|grpc|\n0 raw write to 1\n"},
		{trap: "hello", status: core.Finished, log: "0 hello from the test\n"},
	} {
		t.Run(c.trap, func(t *testing.T) {
			t.Parallel()
			p := launch(t, bundled(t), host.Options{Env: []string{"GREETING=the test"}})
			r := &record{}
			s := spec(t, p, "walk", "trap="+c.trap)
			begin := time.Now()
			out := p.Train(t.Context(), s, r)
			took := time.Since(begin)
			if out.Status != c.status || !strings.HasPrefix(out.Reason, c.reason) || strings.Contains(out.Reason, "\n") || core.KindOf(out.Err) != c.kind ||
				out.ExitCode != c.code || out.Signal != c.signal {
				t.Errorf("got %+v, kind %d", out, core.KindOf(out.Err))
			}
			if !strings.Contains(r.log(), c.log) {
				t.Errorf("log:\n%s\nwant: %s", r.log(), c.log)
			}
			if c.trap == "usage" && core.TryOf(out.Err) != "lab data get mnist" {
				t.Errorf("try %q", core.TryOf(out.Err))
			}
			if c.status == core.Crashed && took > 2*time.Second {
				t.Errorf("noticed after %v", took)
			}
		})
	}
}

func TestCrashIsNoticedAtOnce(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	var killed time.Time
	r := &record{}
	r.hear = func(core.Event) error {
		if killed.IsZero() {
			killed = time.Now()
			_ = syscall.Kill(p.PID(), syscall.SIGKILL)
		}
		return nil
	}
	out := p.Train(t.Context(), spec(t, p, "walk", "steps=1000000", "pause=1ms"), r)
	d := time.Since(killed)
	t.Logf("kill -9 to outcome: %v", d)
	if out.Status != core.Crashed || out.Signal != "SIGKILL" || d > time.Second {
		t.Errorf("%+v after %v", out, d)
	}
}

func TestMemoryOfLongLine(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := &record{}
	out := p.Train(t.Context(), spec(t, p, "walk", "trap=line"), r)
	if log := r.log(); out.Status != core.Finished || !strings.Contains(log, "bytes more)\n0 after the long line\n") {
		t.Errorf("%+v\n%.200s", out, log)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("a line of 200 MiB took %d MiB", used>>20)
	}
}

func TestRefused(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	good := spec(t, p, "walk")
	for want, spoil := range map[string]func(*core.RunSpec){
		`family toy has no recipe "wlak"`:           func(s *core.RunSpec) { s.Recipe = "wlak" },
		`parameter steps: 0 is out of range`:        func(s *core.RunSpec) { s.Params[0].Value = "0" },
		`toy/walk has no parameter "lr"`:            func(s *core.RunSpec) { s.Params[0].Key = "lr" },
		`toy/walk was not given the parameter seed`: func(s *core.RunSpec) { s.Params = s.Params[:3] },
		"toy/walk cannot start from a model":        func(s *core.RunSpec) { s.From = "x.onnx" },
		"toy/flood writes no checkpoints":           func(s *core.RunSpec) { *s = spec(t, p, "flood"); s.Resume = "x" },
		"checkpoint: open /nowhere: no such file":   func(s *core.RunSpec) { s.Resume = "/nowhere" },
	} {
		s := good
		s.Params = append([]core.Param(nil), good.Params...)
		spoil(&s)
		out := p.Train(t.Context(), s, &record{})
		if out.Status != core.Failed || !strings.HasPrefix(out.Reason, want) || core.KindOf(out.Err) != core.Usage {
			t.Errorf("got %+v (kind %d); want %s", out, core.KindOf(out.Err), want)
		}
	}
	good.Dir = "/nowhere"
	if out := p.Train(t.Context(), good, &record{}); core.KindOf(out.Err) != core.Storage {
		t.Errorf("got %+v", out)
	}
}

// stopAfter returns a context that is done once the sink heard n points.
func stopAfter(t *testing.T, n int) (context.Context, *record) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &record{}
	r.hear = func(core.Event) error {
		if r.points() >= n {
			cancel()
		}
		return nil
	}
	return ctx, r
}

func TestStopAndResume(t *testing.T) {
	inside, err := host.InProcess("toy", toy.Register, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	for _, p := range []*host.Plugin{launch(t, bundled(t), host.Options{}), inside} {
		values := func(r *record) (out []float64) {
			for _, e := range r.events {
				if m, ok := e.(core.Metrics); ok {
					for _, q := range m.Points {
						out = append(out, q.Value)
					}
				}
			}
			return out
		}
		ctx, first := stopAfter(t, 5)
		s := spec(t, p, "walk", "steps=200", "pause=2ms", "seed=9")
		begin := time.Now()
		out := p.Train(ctx, s, first)
		if out.Status != core.Cancelled || core.KindOf(out.Err) != core.Interrupted || time.Since(begin) > 2*time.Second {
			t.Fatalf("%+v after %v", out, time.Since(begin))
		}
		c, ok := first.events[len(first.events)-2].(core.Checkpoint)
		if !ok {
			t.Fatalf("no checkpoint before the end: %+v", first.events[len(first.events)-2])
		}
		s2 := spec(t, p, "walk", "steps=200", "seed=9")
		s2.Resume = filepath.Join(s.Dir, c.Path)
		second, whole := &record{}, &record{}
		s3 := spec(t, p, "walk", "steps=200", "seed=9")
		if out := p.Train(t.Context(), s2, second); out.Status != core.Finished {
			t.Fatalf("%+v", out)
		}
		if out := p.Train(t.Context(), s3, whole); out.Status != core.Finished {
			t.Fatalf("%+v", out)
		}
		if got := append(values(first), values(second)...); fmt.Sprint(got) != fmt.Sprint(values(whole)) {
			t.Errorf("a stop and a resumption change the walk: %d and %d points", len(got), len(values(whole)))
		}
		a, _ := os.ReadFile(filepath.Join(s2.Dir, "model.onnx"))
		b, _ := os.ReadFile(filepath.Join(s3.Dir, "model.onnx"))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("model %q; want %q", a, b)
		}
	}
}

func TestDeafPluginIsKilled(t *testing.T) {
	p := launch(t, bundled(t), host.Options{StopGrace: 100 * time.Millisecond})
	ctx, r := stopAfter(t, 5)
	begin := time.Now()
	out := p.Train(ctx, spec(t, p, "walk", "steps=100000", "pause=1ms", "trap=deaf"), r)
	if out.Status != core.Cancelled || out.Reason != "killed: it did not stop within 100ms" || time.Since(begin) > 3*time.Second {
		t.Errorf("%+v after %v", out, time.Since(begin))
	}
	if !gone(p.PID(), time.Second) {
		t.Error("still there")
	}
}

func TestKillDuringRun(t *testing.T) { // the second Ctrl-C
	p := launch(t, bundled(t), host.Options{})
	ctx, r := stopAfter(t, 5)
	context.AfterFunc(ctx, func() { time.AfterFunc(50*time.Millisecond, p.Kill) })
	out := p.Train(ctx, spec(t, p, "walk", "steps=100000", "pause=1ms", "trap=deaf"), r)
	if out.Status != core.Cancelled || out.Reason != "killed" {
		t.Errorf("%+v", out)
	}
}

func TestStopBeforeTheFirstStep(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := p.Train(ctx, spec(t, p, "walk", "steps=100000", "pause=1ms"), &record{})
	if out.Status != core.Cancelled {
		t.Errorf("%+v", out)
	}
}

func TestInterruptDoesNotReachThePlugin(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	if pgid, err := syscall.Getpgid(p.PID()); err != nil || pgid == syscall.Getpgrp() {
		t.Errorf("group %d, ours %d, %v", pgid, syscall.Getpgrp(), err)
	}
	_ = syscall.Kill(p.PID(), syscall.SIGINT)
	time.Sleep(20 * time.Millisecond)
	if out := p.Train(t.Context(), spec(t, p, "walk"), &record{}); out.Status != core.Finished {
		t.Errorf("%+v", out)
	}
}

func TestSinkFails(t *testing.T) {
	p := launch(t, bundled(t), host.Options{})
	r := &record{}
	r.hear = func(core.Event) error { return errors.New("disk full") }
	s := spec(t, p, "walk", "steps=100000", "pause=1ms")
	out := p.Train(t.Context(), s, r)
	if out.Status != core.Failed || out.Reason != "disk full" || core.KindOf(out.Err) != core.Storage || len(r.events) != 1 {
		t.Errorf("%+v, %d events", out, len(r.events))
	}
	if c, _ := filepath.Glob(filepath.Join(s.Dir, "checkpoints", "*")); len(c) != 1 {
		t.Errorf("no checkpoint was written: %v", c)
	}
}

// TestKilledHostLeavesNoPlugin kills a host in the middle of a run.
func TestKilledHostLeavesNoPlugin(t *testing.T) {
	for _, trap := range []string{"none", "deaf", "offspring"} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		tmp := t.TempDir()
		cmd := exec.Command(self, "__host", trap)
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var pid int
		if _, err := fmt.Fscan(out, &pid); err != nil {
			t.Fatal(err)
		}
		if !alive(pid) {
			t.Fatal("no plugin to begin with")
		}
		for end := time.Now().Add(5 * time.Second); trap == "offspring" && runtime.GOOS == "linux" && len(offspring("TMPDIR="+tmp)) < 3; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the plugin has no child to begin with")
			}
		}
		_ = cmd.Process.Kill()
		begin := time.Now()
		_ = cmd.Wait()
		if !gone(pid, 2*time.Second) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("%s: the plugin outlived its host", trap)
		}
		t.Logf("%s: gone %v after its host", trap, time.Since(begin))
		if left, _ := filepath.Glob(filepath.Join(tmp, "plugin-dir*")); len(left) > 0 {
			t.Errorf("%s: left behind: %v", trap, left)
		}
		for _, pid := range offspring("TMPDIR=" + tmp) {
			if !gone(pid, time.Second) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("%s: a child outlived plugin and host", trap)
			}
		}
	}
}

// TestLies has a plugin break the contract in every way that Train can see.
func TestLies(t *testing.T) {
	f := core.Family{Name: "liar", Recipes: []core.Recipe{{Name: "lie", Params: []core.ParamSpec{{Key: "seed", Type: core.Int, Default: "0"}}}}}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	artifact := func(path, sum string, size int64) func(string, func(*pb.Event)) error {
		return func(dir string, send func(*pb.Event)) error {
			outside := filepath.Join(filepath.Dir(dir), "outside")
			for _, err := range []error{
				os.WriteFile(filepath.Join(dir, "file"), nil, 0o644),
				os.WriteFile(outside, nil, 0o644),
				os.Mkdir(filepath.Join(dir, "sub"), 0o755),
				os.Symlink(outside, filepath.Join(dir, "link")),
				os.Symlink(filepath.Dir(dir), filepath.Join(dir, "up")),
				syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644),
			} {
				if err != nil {
					return err
				}
			}
			send(wire.FromEvent(core.Artifact{Name: "a", Kind: "file", Path: path, SHA256: sum, Bytes: size}))
			send(wire.FromDone(core.Done{Status: core.Finished}, nil))
			return nil
		}
	}
	say := func(e *pb.Event) func(string, func(*pb.Event)) error {
		return func(_ string, send func(*pb.Event)) error {
			send(e)
			send(wire.FromDone(core.Done{Status: core.Finished}, nil))
			return nil
		}
	}
	for _, c := range []struct {
		want  string
		train func(string, func(*pb.Event)) error
	}{
		{"", artifact("file", empty, 0)},
		{"not a path within", artifact("../outside", empty, 0)},
		{"not a path within", artifact("/etc/passwd", empty, 0)},
		{"not a path within", artifact("", empty, 0)},
		{"no such file", artifact("absent", empty, 0)},
		{"link is not a regular file", artifact("link", empty, 0)},
		{"path escapes from parent", artifact("up/outside", empty, 0)},
		{"sub is not a regular file", artifact("sub", empty, 0)},
		{"fifo is not a regular file", artifact("fifo", empty, 0)},
		{"not 5", artifact("file", empty, 5)},
		{"has the sha256 " + empty, artifact("file", strings.ToUpper(empty), 0)},
		{`"\x1b[2J" is not a name for an artifact`, say(wire.FromEvent(core.Artifact{Name: "\x1b[2J", Kind: "file", Path: "file"}))},
		{"unknown kind", say(wire.FromEvent(core.Artifact{Name: "a", Kind: "virus", Path: "file"}))},
		{"checkpoint at step 3", say(wire.FromEvent(core.Checkpoint{Path: "absent", Step: 3}))},
		{"is not the key of a fact", say(wire.FromEvent(core.Fact{Key: "A b"}))},
		{"metric number 0 of 0", say(&pb.Event{Kind: &pb.Event_Metrics{Metrics: &pb.Metrics{Name: []uint32{0}, Step: []int64{0}, TimeUs: []int64{0}, Value: []float64{0}}}})},
		{"without saying how", func(string, func(*pb.Event)) error { return nil }},
		{"unknown status", say(wire.FromDone(core.Done{Status: "great"}, nil))},
		{"more than 4 MiB", say(&pb.Event{Kind: &pb.Event_Log{Log: &pb.Log{Text: strings.Repeat("x", 5<<20)}}})},
		{"", say(&pb.Event{})}, // an event of a later version
	} {
		l := liar{describes: describes{f: f}, train: c.train}
		p, err := host.InProcess("liar", l.register, host.Options{StopGrace: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		s := spec(t, p, "lie")
		s.Dir = filepath.Join(s.Dir, "run")
		if err := os.Mkdir(s.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		out := p.Train(t.Context(), s, &record{})
		p.Close()
		switch {
		case c.want == "" && out.Status != core.Finished:
			t.Errorf("got %+v", out)
		case c.want != "" && (out.Status != core.Failed || core.KindOf(out.Err) != core.PluginError ||
			!strings.HasPrefix(out.Reason, "plugin liar broke the contract: ") || !strings.Contains(out.Reason, c.want)):
			t.Errorf("got %+v; want %s", out, c.want)
		}
	}
}

// TestFlood has a recipe log as fast as it can: every point arrives.
func TestFlood(t *testing.T) {
	const n = 200_000
	p := launch(t, bundled(t), host.Options{})
	c := &count{}
	if out := p.Train(t.Context(), spec(t, p, "flood", fmt.Sprint("points=", n)), c); out.Status != core.Finished || c.points != n {
		t.Errorf("%+v: %d points", out, c.points)
	}
}

type count struct{ points int }

func (c *count) Put(e core.Event) error {
	if m, ok := e.(core.Metrics); ok {
		c.points += len(m.Points)
	}
	return nil
}
