package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"lab/core"
	"lab/core/host"
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
