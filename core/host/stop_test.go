package host_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"lab/core"
	"lab/core/host"
)

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
