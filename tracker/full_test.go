package tracker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// The database fills up in the middle of a run: training goes on, the user is
// told once, and nothing is lost.
func TestFullDatabase(t *testing.T) {
	for _, end := range []string{"room again", "closed while full", "killed while full"} {
		t.Run(end, func(t *testing.T) {
			home, clk := t.TempDir(), newClock()
			var told []error
			db := openTest(t, home, Options{Now: clk.Now, maxPages: 40, OnTrouble: func(err error) { told = append(told, err) }})
			r := startTest(t, db, NewRun{Metrics: []core.MetricSpec{{Name: "m", Goal: core.Lower}}})
			reference := startTest(t, openTest(t, t.TempDir(), Options{}), NewRun{})
			fill := func(from, to int64) {
				for i := from; i < to; i++ {
					var ps []core.Point
					for k := range int64(100) {
						ps = append(ps, pt("m", i*100+k, 1/float64(i*k+1)))
					}
					put(t, r, core.Metrics{Points: ps}, core.Progress{Done: i})
					put(t, reference, core.Metrics{Points: ps})
				}
				put(t, r, core.Fact{Key: "k", Value: fmt.Sprint(to)}, core.Artifact{Name: "model", Kind: "model", Path: "m", SHA256: "aa", Step: to})
				put(t, reference, core.Artifact{Name: "model", Kind: "model", Path: "m", SHA256: "aa", Step: to})
			}
			fill(0, 100)
			if len(told) != 1 || r.Trouble() == nil {
				t.Fatalf("told %v", told)
			}
			wantError(t, told[0], core.Storage, "goes on and its metrics are kept in", "free some space")
			if end != "closed while full" {
				clk.add(time.Minute) // and still full
			}
			fill(100, 120)
			room := func() {
				db.w.do(func(c *conn) error { return c.script("PRAGMA max_page_count=100000") })
				clk.add(time.Minute)
			}
			switch end {
			case "room again":
				room()
				fill(120, 130)
				if fileExists(filepath.Join(r.Dir(), spoolName)) || r.spool != nil {
					t.Error("the spool is still there")
				}
				fill(130, 140)
				closeTest(t, r, core.Finished)
			case "closed while full":
				err := r.Close(Exit{Status: core.Finished, Reason: "done"})
				if !errors.Is(err, ErrSpooled) {
					t.Errorf("Close: %v", err)
				}
				wantError(t, err, core.Storage, "are in "+filepath.Join(r.Dir(), spoolName), "merges them")
				for who, db := range map[string]*DB{"the process itself": db, "a reader": asDead(t, home, Options{ReadOnly: true})} {
					if d, err := db.Show(ctx, "@1"); err != nil || d.Status != core.Finished || d.Reason != "done" || d.Ended.IsZero() {
						t.Errorf("%s sees %+v, %v", who, d, err)
					}
				}
			case "killed while full":
				// What is acknowledged ends with a torn line, as a kill may leave it.
				r.spool.f.WriteString(`{"points":[{"m":"m","s":99`)
			}
			closeTest(t, reference, core.Finished)
			if end != "room again" {
				db.Close()
				// A process with another start: this one counts as dead to it.
				p := thisProcess()
				c, _ := dial(dsn(db.path, ""))
				c.script("UPDATE run SET pid_started='0'")
				c.close()
				db = openTest(t, home, Options{Now: clk.Now, process: &p})
			}
			d, err := db.Show(ctx, "@1")
			if err != nil {
				t.Fatal(err)
			}
			want := mustRuns(t, reference.db, Query{})[0]
			status := core.Finished
			if end == "killed while full" {
				status = core.Lost
			}
			if d.Status != status || string(d.Hash) != string(want.Hash) || d.Metrics[0].Points != want.Metrics[0].Points ||
				d.Metrics[0].Best != want.Metrics[0].Min || len(d.Artifacts) != len(d.Facts)+1 && len(d.Artifacts) < 2 {
				t.Errorf("got %+v; want %+v", d.Summary, want)
			}
			if fileExists(filepath.Join(r.Dir(), spoolName)) {
				t.Error("the merged spool is still there")
			}
		})
	}
}

// smallDisk mounts a disk of so many bytes; room makes it big.
func smallDisk(t *testing.T, size string) (disk string, room func()) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("needs root to mount a small disk")
	}
	disk = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no small disk to be had: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", disk).Run() })
	return disk, func() {
		if out, err := exec.Command("mount", "-o", "remount,size=64m", disk).CombinedOutput(); err != nil {
			t.Fatalf("%s", out)
		}
	}
}

// asDead opens a home as a process to which all others are dead.
func asDead(t *testing.T, home string, opts Options) *DB {
	t.Helper()
	self := thisProcess()
	self.BootID = "after a reboot"
	opts.process = &self
	return openTest(t, home, opts)
}

// A disk that is full holds no spool either: memory does, until there is room.
// Where there is none to the end of the run, what it set aside at its start holds
// how it ended.
func TestFullDisk(t *testing.T) {
	for _, end := range []string{"room again", "ended while full", "killed while full"} {
		t.Run(end, func(t *testing.T) {
			disk, room := smallDisk(t, "1m")
			home := filepath.Join(disk, "home")
			clk := newClock()
			var told []error
			db := openTest(t, home, Options{Now: clk.Now, OnTrouble: func(err error) { told = append(told, err) }})
			r := startTest(t, db, NewRun{})
			var n int64
			log := func(batches int64) {
				for range batches {
					var ps []core.Point
					for range 100 {
						ps = append(ps, pt("m", n, float64(n)))
						n++
					}
					put(t, r, core.Metrics{Points: ps})
				}
			}
			log(5)
			fill(t, disk)
			log(300)
			if len(told) != 1 || len(r.spool.mem) == 0 {
				t.Fatalf("told %v; the disk is not full", told)
			}
			fill(t, disk)
			_, err := db.Start(NewRun{Family: "gan", Recipe: "dcgan"})
			wantError(t, err, core.Storage, "the disk is full", "free some space")
			if d, err := db.Show(ctx, r.UID()); err != nil || d.Status != core.Running {
				t.Errorf("reading: %v, %v", d, err)
			}
			put(t, r, core.Artifact{Name: "model", Kind: "model", Path: "model.onnx", SHA256: "ff"}, core.Done{Status: core.Finished})
			want, reason, points := core.Finished, "", n
			switch end {
			case "room again":
				os.Remove(filepath.Join(disk, "ballast"))
				room()
				clk.add(time.Minute)
				log(1)
				points = n
				closeTest(t, r, core.Finished)
			case "ended while full":
				err := r.Close(Exit{})
				wantError(t, err, core.Storage, "are lost, neither the database", "free some space")
				if !errors.Is(err, ErrSpooled) {
					t.Errorf("Close: %v", err)
				}
				reason, points = "points are lost: the disk was full", -1
			case "killed while full":
				want, reason, points = core.Lost, lostReason, -1
			}
			see := func(who string, db *DB) {
				t.Helper()
				d, err := db.Show(ctx, r.UID())
				if err != nil {
					t.Fatal(err)
				}
				if d.Status != want || !strings.Contains(d.Reason, reason) || d.Ended.IsZero() {
					t.Errorf("%s sees %s: %s, ended %v", who, d.Status, d.Reason, d.Ended)
				}
			}
			if end != "killed while full" {
				see("the process itself", db)
			}
			see("a reader", asDead(t, home, Options{ReadOnly: true}))
			db.Close()
			os.Remove(filepath.Join(disk, "ballast"))
			room()
			db = asDead(t, home, Options{})
			see("the next command", db)
			d, err := db.Show(ctx, r.UID())
			if err != nil {
				t.Fatal(err)
			}
			m := d.Metrics[0]
			if m.Points == 0 || m.Last != float64(m.Points-1) || points >= 0 && m.Points != points {
				t.Errorf("%d points of %d, the last %v", m.Points, n, m.Last)
			}
			if want == core.Finished && len(d.Artifacts) != 1 || len(d.Hash) != 32 {
				t.Errorf("got %+v", d)
			}
			if left, _ := filepath.Glob(filepath.Join(r.Dir(), "*")); len(left) != 1 || filepath.Base(left[0]) != logName {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// fill writes ballast until the disk takes no more.
func fill(t *testing.T, disk string) {
	f, err := os.OpenFile(filepath.Join(disk, "ballast"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
