package tracker

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lab/core"
)

// The tests that need other processes run this very binary again, with the part
// to play and its arguments in LAB_TRACKER_TEST.
func TestMain(m *testing.M) {
	if part, arg, ok := strings.Cut(os.Getenv("LAB_TRACKER_TEST"), " "); ok {
		if err := parts[part](arg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var parts map[string]func(home string) error

func init() { // not in the declaration: the parts refer to functions that refer to it
	parts = map[string]func(string) error{"write": partWrite, "train": partTrain, "open": partOpen}
}

func play(part, arg string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LAB_TRACKER_TEST="+part+" "+arg)
	return cmd
}

// partOpen opens a home and closes it.
func partOpen(home string) error {
	db, err := Open(home, Options{})
	if err != nil {
		return err
	}
	return db.Close()
}

const writes = 200 // batches of ten points

// partWrite records one whole run.
func partWrite(home string) error {
	db, err := Open(home, Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := db.Start(NewRun{Family: "gan", Recipe: "dcgan"})
	if err != nil {
		return err
	}
	for i := range int64(writes) {
		var ps []core.Point
		for k := range int64(10) {
			ps = append(ps, pt("m", i*10+k, float64(i)))
		}
		if err := r.Put(core.Metrics{Points: ps}); err != nil {
			return err
		}
	}
	if r.Trouble() != nil {
		return r.Trouble()
	}
	return r.Close(Exit{Status: core.Finished})
}

// partTrain records a run without end and says what has been acknowledged.
func partTrain(home string) error {
	db, err := Open(home, Options{})
	if err != nil {
		return err
	}
	r, err := db.Start(NewRun{Family: "gan", Recipe: "dcgan"})
	if err != nil {
		return err
	}
	fmt.Println(r.UID())
	for step := int64(0); ; {
		var ps []core.Point
		for range 1 + rand.IntN(40) {
			ps = append(ps, pt("m", step, float64(step)))
			step++
		}
		if err := r.Put(core.Metrics{Points: ps}); err != nil {
			return err
		}
		fmt.Println(step)
	}
}

func TestManyProcessesOpenAFreshHome(t *testing.T) {
	for range 3 {
		home := filepath.Join(t.TempDir(), "home")
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if out, err := play("open", home).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		wg.Wait()
	}
}

func TestEightProcessesWriteWhileOneReads(t *testing.T) {
	home := t.TempDir()
	openTest(t, home, Options{}).Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if out, err := play("write", home).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		db := openTest(t, home, Options{ReadOnly: true})
		for {
			select {
			case <-stop:
				return
			default:
			}
			runs, err := db.Runs(ctx, Query{Filter: "not status=lost"})
			if err != nil {
				t.Error(err)
				return
			}
			for _, s := range runs {
				if m, ok := s.Metric("m"); ok && m.Points%10 != 0 {
					t.Errorf("half a batch is visible: %d points", m.Points)
				}
			}
		}
	})
	wg.Wait()
	close(stop)
	reader.Wait()
	runs := mustRuns(t, openTest(t, home, Options{}), Query{Status: []core.Status{core.Finished}})
	if len(runs) != 8 {
		t.Fatalf("%d runs", len(runs))
	}
	for _, s := range runs {
		if m, _ := s.Metric("m"); m.Points != writes*10 || string(s.Hash) != string(runs[0].Hash) {
			t.Errorf("got %+v", s)
		}
	}
}

// A killed process loses nothing it was told is safe, and its run is found lost.
func TestKilled(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	home := t.TempDir()
	for round := range rounds {
		cmd := play("train", home)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		uid, _ := lines.ReadString('\n')
		time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { cmd.Process.Kill() })
		rest, _ := io.ReadAll(lines)
		cmd.Wait()
		var acked int64
		if all := strings.Split(string(rest), "\n"); len(all) > 1 {
			fmt.Sscan(all[len(all)-2], &acked)
		}
		uid = strings.TrimSpace(uid)
		if uid == "" {
			t.Fatal("the process said nothing")
		}
		// Half the time a reader sees it first, which must not write.
		for _, readOnly := range []bool{round%2 == 0, false} {
			db := openTest(t, home, Options{ReadOnly: readOnly})
			d, err := db.Show(ctx, uid)
			if err != nil {
				t.Fatal(err)
			}
			m, _ := d.Metric("m")
			if d.Status != core.Lost || d.Reason == "" || d.Ended.IsZero() || m.Points < acked || acked > 0 && m.LastStep != m.Points-1 {
				t.Fatalf("round %d: %d points acknowledged; got %+v", round, acked, d.Summary)
			}
			if ps := points(t, db, uid, "m"); int64(len(ps)) != m.Points {
				t.Fatalf("round %d: %d points, but latest says %d", round, len(ps), m.Points)
			}
			if !readOnly && len(d.Hash) != 32 {
				t.Errorf("a lost run has no hash")
			}
			if runs := mustRuns(t, db, Query{Filter: "status=lost"}); len(runs) != round+1 {
				t.Fatalf("%d runs are lost after %d kills", len(runs), round+1)
			}
			db.Close()
		}
	}
	c, err := dial(dsn(filepath.Join(home, fileName), ""))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if v, err := c.one("PRAGMA integrity_check"); err != nil || v != "ok" {
		t.Errorf("integrity check: %v, %v", v, err)
	}
	if v, err := c.one("SELECT count(*) FROM pragma_foreign_key_check"); err != nil || v != int64(0) {
		t.Errorf("foreign keys: %v, %v", v, err)
	}
}

func TestAlive(t *testing.T) {
	self := thisProcess()
	now := newClock().Now()
	other := func(f func(*process)) process {
		p := self
		f(&p)
		return p
	}
	for _, c := range []struct {
		name string
		p    process
		beat time.Duration // ago
		want bool
	}{
		{"itself, silent for a day", self, 24 * time.Hour, true},
		{"a pid that was reused", other(func(p *process) { p.Started = "1" }), 0, self.Started == ""},
		{"a pid that is gone", other(func(p *process) { p.PID = 1 << 22 }), 0, false},
		{"before a reboot", other(func(p *process) { p.BootID = "x" }), 0, false},
		{"another machine, fresh", other(func(p *process) { p.Host, p.BootID = "h", "x" }), time.Minute, true},
		{"another machine, stale", other(func(p *process) { p.Host, p.BootID = "h", "x" }), 2 * time.Minute, false},
		{"another machine, far in the future", other(func(p *process) { p.Host, p.BootID = "h", "x" }), -time.Hour, false},
		{"another container, fresh", other(func(p *process) { p.Host, p.PIDSpace, p.PID = "c", "pid:[1]", 1<<22 }), 0, true},
		{"another container, stale", other(func(p *process) { p.Host, p.PIDSpace = "c", "pid:[1]" }), time.Hour, false},
	} {
		if got := self.alive(c.p, now.Add(-c.beat), now); got != c.want {
			t.Errorf("%s: alive %v", c.name, got)
		}
	}
}

func TestHeartbeatTakesBackLost(t *testing.T) {
	home := t.TempDir()
	clk := newClock()
	db := openTest(t, home, Options{Now: clk.Now})
	r := startTest(t, db, NewRun{})
	far := process{Host: "far", BootID: "x", PIDSpace: "y", PID: 7}
	elsewhere := openTest(t, home, Options{Now: func() time.Time { return clk.Now().Add(time.Hour) }, process: &far})
	if s := mustRuns(t, elsewhere, Query{})[0]; s.Status != core.Lost {
		t.Fatalf("got %+v", s)
	}
	put(t, r, core.Progress{Done: 3, Total: 9})
	db.w.do(func(c *conn) error { return writeProgress(c, r.state.id, r.progress.Load(), clk.Now()) })
	if s := mustRuns(t, db, Query{})[0]; s.Status != core.Running || s.Progress.Done != 3 || s.Reason != "" || !s.Ended.IsZero() {
		t.Errorf("got %+v", s)
	}
	closeTest(t, r, core.Finished)
}
