package tracker

import (
	"testing"
	"time"

	"lab/core"
)

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
