//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lab/core"
	"lab/tracker"
)

// killRun is a run with every phase in a second or two: start, steps, evaluations,
// pictures, checkpoints, the model.
var killRun = []string{"run", "plugin=gan", "epochs=3", "checkpoint_every=1", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "--threads", "1", "--quiet"}

// TestKilledAtAnyMoment kills lab, its plugin or both at random moments, with a report
// looking on. No point that a report had shown is missing afterwards, the run is told
// to be what became of it, no process or unfinished file is left, the database is sound.
// LAB_FULL=1: two hundred times.
func TestKilledAtAnyMoment(t *testing.T) {
	times := 3
	if os.Getenv("LAB_FULL") != "" {
		times = 200
	}
	var (
		home   = filepath.Join(t.TempDir(), "home")
		random = rand.New(rand.NewPCG(1, uint64(times)))
		fates  = map[string]int{}
	)
	whole := timeOf(t, home) // of a run that nobody kills, on this machine
	for i := range times {
		victim := []string{"lab", "the plugin", "both"}[i%3]
		after := time.Duration(random.Float64() * 1.1 * float64(whole))
		fates[killOnce(t, home, victim, after, i)]++
		if t.Failed() {
			t.Fatalf("%s killed after %v, %d of %d", victim, after, i+1, times)
		}
	}
	t.Logf("a whole run takes %v; %d kills: %v", whole.Round(time.Millisecond), times, fates)

	// A command that writes puts in order what the dead left behind.
	lab(t, home, "run", "plugin=gan", "--nothing") // fails before it opens the home
	lab(t, home, append([]string{"--name", "last"}, killRun...)...)
	db, err := tracker.Open(home, tracker.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if faults, err := db.Check(context.Background()); err != nil || len(faults) > 0 {
		t.Errorf("%v, %v", faults, err)
	}
	runs, err := db.Runs(context.Background(), tracker.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		audit, err := db.Audit(context.Background(), r.UID)
		if err != nil || len(audit.Faults) > 0 {
			t.Errorf("run %s, %s: %v, %v", r.UID, r.Status, audit.Faults, err)
		}
	}
	filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			t.Error(err)
		case strings.HasPrefix(name, ".tmp-"), strings.HasPrefix(name, ".lab-"), name == "spool.jsonl", name == "end.reserve":
			t.Errorf("left behind: %s", path)
		}
		return nil
	})
}

func timeOf(t *testing.T, home string) time.Duration {
	begin := time.Now()
	if out := lab(t, home, killRun...); out != "" && strings.Contains(out, "lab: run ") {
		t.Fatal(out)
	}
	return time.Since(begin)
}

// lab runs a command to its end and returns what it says.
func lab(t *testing.T, home string, args ...string) string {
	t.Helper()
	out, _ := exec.Command("lab", append(args, "--home", home)...).CombinedOutput()
	return string(out)
}

// killOnce starts a run, kills, and returns what became of it.
func killOnce(t *testing.T, home, victim string, after time.Duration, i int) string {
	t.Helper()
	mark := fmt.Sprintf("LAB_TEST_KILL=%d.%d", os.Getpid(), i)
	name := fmt.Sprintf("r%d", i)
	cmd := exec.Command("lab", append(killRun, "--home", home, "--name", name)...)
	cmd.Env = append(os.Environ(), mark)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() {
		for _, pid := range marked(mark) {
			if isLab := pid == cmd.Process.Pid; victim == "both" || isLab == (victim == "lab") {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	defer kill.Stop()
	shown := map[string]int64{} // points that a report has shown
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(5 * time.Millisecond):
			for _, r := range reported(t, home, name) {
				for _, m := range r.Metrics {
					shown[m.Name] = m.Points
				}
			}
		}
	}
	for deadline := time.Now().Add(5 * time.Second); len(marked(mark)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("processes are left: %v", marked(mark))
			for _, pid := range marked(mark) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			break
		}
	}
	if strings.Contains(said.String(), "goroutine ") {
		t.Errorf("lab said %s", said.String())
	}
	runs := reported(t, home, name)
	if len(runs) == 0 {
		if len(shown) > 0 {
			t.Errorf("the run is gone")
		}
		return "before it was recorded"
	}
	r := runs[0]
	for _, m := range r.Metrics {
		if m.Points < shown[m.Name] {
			t.Errorf("%s has %d points, a report had shown %d", m.Name, m.Points, shown[m.Name])
		}
		delete(shown, m.Name)
	}
	if len(shown) > 0 {
		t.Errorf("gone: %v", shown)
	}
	want := []core.Status{core.Finished, core.Lost} // perhaps it was quicker
	if victim == "the plugin" {
		want[1] = core.Crashed
	}
	if !slices.Contains(want, r.Status) {
		t.Errorf("the run is %s: %s; want %v", r.Status, r.Reason, want)
	}
	return string(r.Status)
}

// reported is what lab report shows of a name.
func reported(t *testing.T, home, name string) []tracker.Summary {
	t.Helper()
	if _, err := os.Stat(filepath.Join(home, "lab.db")); err != nil {
		return nil
	}
	db, err := tracker.Open(home, tracker.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs, err := db.Runs(context.Background(), tracker.Query{Filter: "name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// Eight runs at once on one database, a report in a loop beside them: no lock error, no
// run lost.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	plugin := buildHostile(t)
	home := filepath.Join(t.TempDir(), "home")
	env := append(os.Environ(), "LAB_PLUGIN_PATH="+filepath.Dir(plugin), "XDG_DATA_HOME="+t.TempDir(), "HOSTILE=")
	const at, each = 8, 1
	var (
		runs, reports sync.WaitGroup
		over          atomic.Bool
		looks         int
	)
	reports.Go(func() {
		for !over.Load() {
			cmd := exec.Command("lab", "report", "--home", home, "--json")
			cmd.Env = env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("report: %v: %s", err, out)
				return
			}
			looks++
		}
	})
	for range at {
		runs.Go(func() {
			for range each {
				cmd := exec.Command("lab", "run", "plugin=hostile", "--quiet", "--home", home)
				cmd.Env = env
				if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
					t.Errorf("run: %v: %s", err, out)
				}
			}
		})
	}
	runs.Wait()
	over.Store(true)
	reports.Wait()
	db, err := tracker.Open(home, tracker.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	finished, err := db.Runs(context.Background(), tracker.Query{Status: []core.Status{core.Finished}})
	if err != nil || len(finished) != at*each {
		t.Errorf("%d runs finished: %v", len(finished), err)
	}
	for _, r := range finished {
		if len(r.Metrics) == 0 || r.Metrics[0].Points != 1 {
			t.Errorf("%+v", r)
		}
	}
	t.Logf("%d reports meanwhile", looks)
}
