package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lab/core"
	"lab/core/host"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

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
