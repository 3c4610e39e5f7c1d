package tracker

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// partTrain records a run, files included, and says what has been acknowledged.
// Now and then it ends, and begins another.
func partTrain(home string) error {
	db, err := Open(home, Options{})
	if err != nil {
		return err
	}
	for {
		r, err := db.Start(NewRun{Family: "gan", Recipe: "dcgan", Environment: Surroundings()})
		if err != nil {
			return err
		}
		fmt.Println("run", r.UID())
		r.Capture("")
		step := int64(0)
		for range 10 + rand.IntN(200) {
			var ps []core.Point
			for range 1 + rand.IntN(40) {
				ps = append(ps, pt("m", step, float64(step)))
				step++
			}
			if err := r.Put(core.Metrics{Points: ps}); err != nil {
				return err
			}
			fmt.Println("points", step)
			if rand.IntN(10) == 0 {
				name := fmt.Sprintf("a%d", step)
				text := bytes.Repeat([]byte(name), 1000)
				if err := writeWhole(filepath.Join(r.Dir(), name), text); err != nil {
					return err
				}
				sum := sha256.Sum256(text)
				if err := r.Put(core.Artifact{Name: name, Kind: "text", Path: name, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(text)), Step: step}); err != nil {
					return err
				}
				fmt.Println("file", name)
			}
		}
		if err := r.Close(Exit{Status: core.Finished}); err != nil {
			return err
		}
		fmt.Println("ended")
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

// heard is what a killed process was told of one run.
type heard struct {
	uid    string
	points int64
	files  []string
	ended  bool
}

func hear(out string) (runs []heard) {
	for line := range strings.Lines(out) {
		what, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !strings.HasSuffix(line, "\n") {
			break // cut off by the kill
		}
		if what == "run" {
			runs = append(runs, heard{uid: value})
			continue
		}
		r := &runs[len(runs)-1]
		switch what {
		case "points":
			fmt.Sscan(value, &r.points)
		case "file":
			r.files = append(r.files, value)
		case "ended":
			r.ended = true
		}
	}
	return runs
}

// A killed process loses nothing it was told is safe, its run is found lost, and
// nothing half-written stays. LAB_FULL kills 200 times.
func TestKilled(t *testing.T) {
	rounds := 20
	if os.Getenv("LAB_FULL") != "" {
		rounds = 200
	} else if testing.Short() {
		rounds = 4
	}
	home := filepath.Join(t.TempDir(), "home")
	lost, finished := 0, 0
	for round := range rounds {
		cmd := play("train", home)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		within := 200 // milliseconds: in the middle of a run, or while it opens and starts
		if round%4 == 0 {
			within = 20
		}
		time.Sleep(time.Duration(rand.IntN(within*1000)) * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		// Half the time a reader sees it first, which must not write.
		for _, readOnly := range []bool{round%2 == 0, false} {
			db := openTest(t, home, Options{ReadOnly: readOnly})
			for _, h := range hear(out.String()) {
				d, err := db.Show(ctx, h.uid)
				if err != nil {
					t.Fatal(err)
				}
				m, _ := d.Metric("m")
				if d.Ended.IsZero() || h.ended && d.Status != core.Finished || d.Status == core.Lost && d.Reason == "" ||
					d.Status != core.Lost && d.Status != core.Finished {
					t.Fatalf("round %d: heard %+v; got %+v", round, h, d.Summary)
				}
				if m.Points < h.points || h.points > 0 && m.LastStep != m.Points-1 {
					t.Fatalf("round %d: %d points acknowledged; got %+v", round, h.points, d.Summary)
				}
				if ps := points(t, db, h.uid, "m"); int64(len(ps)) != m.Points {
					t.Fatalf("round %d: %d points, but latest says %d", round, len(ps), m.Points)
				}
				if !readOnly && len(d.Hash) != 32 {
					t.Errorf("a run that is over has no hash")
				}
				have := map[string]bool{}
				for _, a := range d.Artifacts {
					have[a.Name] = true
					sum, err := hashFile(ctx, filepath.Join(d.Dir, a.Path))
					if err != nil || sum != a.SHA256 {
						t.Errorf("round %d: %s: %v", round, a.Path, err)
					}
				}
				for _, f := range h.files {
					if !have[f] {
						t.Errorf("round %d: file %s was acknowledged", round, f)
					}
				}
			}
			if runs := mustRuns(t, db, Query{Filter: "status=running"}); len(runs) != 0 {
				t.Fatalf("round %d: %+v", round, runs)
			}
			lost, finished = len(mustRuns(t, db, Query{Filter: "status=lost"})), len(mustRuns(t, db, Query{Filter: "status=finished"}))
			db.Close()
		}
		for _, pattern := range []string{tempPrefix + "*", spoolName, reserveName} {
			if left, _ := filepath.Glob(filepath.Join(home, runsDir, "*", pattern)); len(left) > 0 {
				t.Fatalf("round %d: left behind: %v", round, left)
			}
		}
	}
	if t.Logf("%d kills: %d runs lost, %d finished", rounds, lost, finished); rounds > 4 && lost == 0 {
		t.Error("no kill met a run")
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
