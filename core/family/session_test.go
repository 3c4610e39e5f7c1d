package family

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// heard is what a host would have heard of one run.
type heard struct {
	events []core.Event
	done   core.Done
	err    error
}

// play runs train as a recipe of its own, without a transport.
func play(t *testing.T, spec core.RunSpec, stop bool, train func(*Session) error) heard {
	t.Helper()
	if spec.Dir == "" {
		spec.Dir = t.TempDir()
	}
	r := core.Recipe{Name: "walk", Resume: true, Metrics: []core.MetricSpec{{Name: "loss", Goal: core.Lower}, {Name: "acc", Goal: core.Higher}}}
	s := newSession(context.Background(), Family{Name: "toy"}, r, spec)
	defer s.cancel()
	var h heard
	var reader wire.Reader
	s.open(func(m *pb.Event) error {
		e, err := reader.Event(m)
		h.events = append(h.events, e)
		if d, ok := e.(core.Done); ok {
			h.done, h.err = d, err
		} else if err != nil {
			t.Error(err)
		}
		return nil
	})
	stopped := make(chan struct{})
	if stop {
		close(stopped)
		s.cancel()
	}
	d, err := s.run(train, stopped)
	if err := s.close(d, err); err != nil {
		t.Error(err)
	}
	return h
}

func all[E core.Event](h heard) (out []E) {
	for _, e := range h.events {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

func TestLogInOrder(t *testing.T) {
	const n = 1000
	h := play(t, core.RunSpec{}, false, func(s *Session) error {
		for i := range n {
			s.Log(i, []string{"loss", "x/y"}[i%2], float64(i))
		}
		s.Printf("after\nall")
		return nil
	})
	seen := 0
	for _, e := range h.events {
		switch e := e.(type) {
		case core.Metrics:
			if len(e.Points) > maxBatch {
				t.Errorf("a batch of %d", len(e.Points))
			}
			for _, p := range e.Points {
				if p.Step != int64(seen) || p.Value != float64(seen) || p.Metric != []string{"loss", "x/y"}[seen%2] {
					t.Fatalf("point %d is %+v", seen, p)
				}
				seen++
			}
		case core.Log:
			if seen != n {
				t.Errorf("%q came before %d points", e.Text, n-seen)
			}
		}
	}
	if logs := all[core.Log](h); seen != n || len(logs) != 2 || h.done.Status != core.Finished {
		t.Errorf("%d points, %d lines, %+v", seen, len(logs), h.done)
	}
}

func TestBest(t *testing.T) {
	play(t, core.RunSpec{}, false, func(s *Session) error {
		if _, _, ok := s.Best("loss"); ok {
			t.Error("best of nothing")
		}
		for i, v := range []float64{math.NaN(), 3, 1, 1, 2} {
			s.Log(i, "loss", v)
			s.Log(i, "acc", v)
			s.Log(i, "other", v)
		}
		if v, step, ok := s.Best("loss"); v != 1 || step != 2 || !ok {
			t.Errorf("loss: %v at %d", v, step)
		}
		if v, step, ok := s.Best("acc"); v != 3 || step != 1 || !ok {
			t.Errorf("acc: %v at %d", v, step)
		}
		if _, _, ok := s.Best("other"); ok {
			t.Error("a metric without a direction has no best")
		}
		return nil
	})
}

func TestHowARunEnds(t *testing.T) {
	missing := &core.Error{Kind: core.Usage, Msg: "no dataset mnist", Try: "lab data get mnist"}
	for _, c := range []struct {
		name   string
		stop   bool
		train  func(*Session) error
		status core.Status
		reason string
		kind   core.Kind
	}{
		{"ends", false, func(*Session) error { return nil }, core.Finished, "", core.Other},
		{"fails", false, func(*Session) error { return errors.New("loss is NaN") }, core.Failed, "toy/walk: loss is NaN", core.RunFailed},
		{"usage", false, func(*Session) error { return fmt.Errorf("load: %w", missing) }, core.Failed, "load: no dataset mnist", core.Usage},
		{"stopped", true, func(s *Session) error { return s.Context().Err() }, core.Cancelled, "stopped", core.Other},
		{"asked and stopped", true, func(s *Session) error { s.Stopped(); return nil }, core.Cancelled, "stopped", core.Other},
		{"done before it asked", true, func(*Session) error { return nil }, core.Finished, "", core.Other},
		{"fails at stop", true, func(s *Session) error { return errors.New("disk full") }, core.Failed, "disk full", core.RunFailed},
		{"panics", false, func(s *Session) error { _ = s.spec.Params[s.Threads()]; return nil }, core.Failed, "panic: runtime error: index out of range [1] with length 0 (session_test.go:", core.RunFailed},
		{"goexit", false, func(*Session) error { runtime.Goexit(); return nil }, core.Failed, "ended its goroutine", core.RunFailed},
		{"bad metric", false, func(s *Session) error { s.Log(1, "a b", 1); return nil }, core.Failed, `"a b" is not a name for a metric`, core.RunFailed},
		{"bad step", false, func(s *Session) error { s.Log(-1, "a", 1); return nil }, core.Failed, "log a: step -1 is not between", core.RunFailed},
		{"bad fact", false, func(s *Session) error { s.Fact("A B", "x"); return nil }, core.Failed, "is not a key", core.RunFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := play(t, core.RunSpec{}, c.stop, c.train)
			if h.done.Status != c.status || !strings.Contains(h.done.Reason, c.reason) || strings.Contains(h.done.Reason, "\n") || core.KindOf(h.err) != c.kind {
				t.Errorf("got %+v, kind %v", h.done, core.KindOf(h.err))
			}
			if c.name == "usage" && core.TryOf(h.err) != missing.Try {
				t.Errorf("try %q", core.TryOf(h.err))
			}
			if c.name == "panics" && !strings.Contains(fmt.Sprint(all[core.Log](h)), "TestHowARunEnds") {
				t.Error("the stack is not in the log")
			}
		})
	}
}

func TestArtifacts(t *testing.T) {
	dir := t.TempDir()
	h := play(t, core.RunSpec{Dir: dir}, false, func(s *Session) error {
		write := func(w io.Writer) error { _, err := io.WriteString(w, "bytes"); return err }
		for _, err := range []error{
			s.Image("samples", 5, image.NewGray(image.Rect(0, 0, 4, 4))),
			s.Text("notes", 0, "hello"),
			s.Table("confusion", 1, []string{"a", "b"}, [][]string{{"1", "2"}}),
			s.File("heads/vectors.bin", 2, write),
			s.SaveModel("model", 0, write),
			s.SaveModel("model", 7, write),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		for want, err := range map[string]error{
			"already written":            s.Text("notes", 0, "again"),
			"not a name":                 s.Text("../up", 0, ""),
			"not a name for an":          s.Text("", 0, ""),
			"step -1 is not between":     s.Text("x", -1, ""),
			"cells":                      s.Table("t", 0, []string{"a"}, [][]string{{"1", "2"}}),
			"cannot write this":          s.File("f.x", 0, func(io.Writer) error { return errors.New("cannot write this") }),
			"not a name for an artifact": s.SaveModel("/etc/x", 0, write),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v; want %q", err, want)
			}
		}
		return nil
	})
	var paths []string
	for _, a := range all[core.Artifact](h) {
		b, err := os.ReadFile(filepath.Join(dir, a.Path))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(b)) != a.SHA256 || int64(len(b)) != a.Bytes {
			t.Errorf("%+v: %v", a, err)
		}
		paths = append(paths, a.Kind+" "+a.Name+" "+a.Path)
	}
	want := "image samples artifacts/samples-000005.png, text notes artifacts/notes.txt, table confusion artifacts/confusion-000001.csv, " +
		"file heads/vectors.bin artifacts/heads/vectors-000002.bin, model model model.onnx, model model model-000007.onnx"
	if got := strings.Join(paths, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "artifacts", ".tmp-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStorageErrors(t *testing.T) {
	play(t, core.RunSpec{Dir: "/proc/nothing"}, false, func(s *Session) error {
		if err := s.Text("x", 0, ""); core.KindOf(err) != core.Storage {
			t.Errorf("got %v, kind %v", err, core.KindOf(err))
		}
		return nil
	})
}

func TestCheckpointAndResume(t *testing.T) {
	dir := t.TempDir()
	var want []uint64
	draw := func(s *Session) []uint64 { return []uint64{s.Rand("noise").Uint64(), s.Rand("late").Uint64()} }
	first := play(t, core.RunSpec{Dir: dir, Seed: 3}, false, func(s *Session) error {
		s.Rand("init").Uint64()
		s.Rand("noise").Uint64()
		s.Log(1, "loss", math.Inf(-1))
		if err := s.Checkpoint(10, func(w io.Writer) error { _, err := io.WriteString(w, "weights"); return err }); err != nil {
			return err
		}
		want = draw(s)
		return s.Checkpoint(10, func(io.Writer) error { return errors.New("there is one of this step") })
	})
	if n := len(all[core.Checkpoint](first)); n != 1 || first.done.Status != core.Finished {
		t.Errorf("%d checkpoints, %+v", n, first.done)
	}
	c := all[core.Checkpoint](first)[0]
	from := core.RunSpec{Seed: 3, Resume: filepath.Join(dir, c.Path)}
	h := play(t, from, false, func(s *Session) error {
		s.Rand("init").Uint64()
		s.Rand("late").Uint64() // drawn before Resume: must not count
		var got string
		step, err := s.Resume(func(r io.Reader) error {
			b, err := io.ReadAll(r)
			got = string(b)
			return err
		})
		if err != nil || step != 10 || got != "weights" {
			t.Errorf("step %d, %q, %v", step, got, err)
		}
		if got := draw(s); got[0] != want[0] || got[1] != want[1] {
			t.Errorf("streams go on with %v; want %v", got, want)
		}
		if v, step, ok := s.Best("loss"); !math.IsInf(v, -1) || step != 1 || !ok {
			t.Errorf("best %v at %d", v, step)
		}
		return nil
	})
	if h.done.Status != core.Finished {
		t.Errorf("%+v", h.done)
	}
	from.Seed = 4
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("junk"), 0o644); err != nil {
		t.Fatal(err)
	}
	resume := func(s *Session) error { _, err := s.Resume(func(io.Reader) error { return nil }); return err }
	for want, h := range map[string]heard{
		"written with seed=3":     play(t, from, false, resume),
		"not a checkpoint of lab": play(t, core.RunSpec{Resume: junk}, false, resume),
		"no such file":            play(t, core.RunSpec{Resume: junk + "x"}, false, resume),
		"did not call Resume":     play(t, core.RunSpec{Resume: junk}, false, func(*Session) error { return nil }),
	} {
		if h.done.Status != core.Failed || !strings.Contains(h.done.Reason, want) {
			t.Errorf("got %+v; want %q", h.done, want)
		}
	}
}

func TestRandStreams(t *testing.T) {
	play(t, core.RunSpec{Seed: 1}, false, func(s *Session) error {
		a, b := s.Rand("a"), s.Rand("b")
		if a != s.Rand("a") {
			t.Error("one purpose, two streams")
		}
		if a.Uint64() == b.Uint64() {
			t.Error("two purposes, one stream")
		}
		return nil
	})
	// The first draw is part of what "same seed, same bits" means from one version of lab to the next.
	if got := newStream(1, "init").rand.Uint64(); got != 1379631202548210724 {
		t.Errorf("got %d", got)
	}
}

func BenchmarkLog(b *testing.B) {
	s := newSession(context.Background(), Family{}, core.Recipe{}, core.RunSpec{})
	s.open(func(*pb.Event) error { return nil })
	for i := range b.N {
		s.Log(i, "loss", 1)
	}
	_ = s.close(core.Done{}, nil)
}
