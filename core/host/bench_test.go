package host_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lab/core"
	"lab/core/host"
)

// BenchmarkStart is from nothing to a plugin's description: a process, certificates on
// both sides, the handshake, Describe; for an installed one the checksum, too. The
// family in lab itself is the same program as the host; the other one is a program of
// its own, of 19 MB.
func BenchmarkStart(b *testing.B) {
	start := func(b *testing.B, c host.Candidate) {
		for b.Loop() {
			p, err := host.Launch(b.Context(), c, host.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			p.Close()
			b.StartTimer()
		}
	}
	b.Run("bundled", func(b *testing.B) { start(b, bundled(b)) })
	b.Run("installed", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "lab-plugin-hostile")
		if out, err := exec.Command("go", "build", "-o", path, "lab/core/host/hostile").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		c, err := host.Install(b.Context(), path, host.Installation{Dir: b.TempDir()}, host.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if info, err := os.Stat(c.Path); err == nil {
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		}
		start(b, c)
	})
}

// BenchmarkStream is one point from Session.Log in a recipe's process to the sink in
// the host's, in the batches that the tracker hands to SQLite.
func BenchmarkStream(b *testing.B) {
	p := launch(b, bundled(b), host.Options{})
	c := &tally{}
	s := spec(b, p, "flood", fmt.Sprint("points=", b.N))
	b.ResetTimer()
	out := p.Train(b.Context(), s, c)
	b.StopTimer()
	if out.Status != core.Finished || c.points != b.N {
		b.Fatalf("%+v: %d points", out, c.points)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
	b.ReportMetric(float64(c.points)/float64(c.batches), "points/batch")
}

// tally looks at every point, as a tracker does.
type tally struct {
	points, batches int
	sum             float64
	steps           map[string]int64
}

func (t *tally) Put(e core.Event) error {
	m, ok := e.(core.Metrics)
	if !ok {
		return nil
	}
	if t.steps == nil {
		t.steps = map[string]int64{}
	}
	t.batches++
	t.points += len(m.Points)
	for i := range m.Points {
		p := &m.Points[i]
		t.steps[p.Metric] = p.Step
		t.sum += p.Value
	}
	return nil
}
