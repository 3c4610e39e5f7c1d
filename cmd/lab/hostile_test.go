//go:build linux

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"lab/core"
)

// TestHostile runs every bad plugin of core/host/hostile by lab itself. Whatever one
// does, the user sees one line, the run is closed with what truly happened, lab's own
// memory stays bounded, no process is left and the database is sound.
func TestHostile(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(buildHostile(t))
	broke := "run ID failed: plugin hostile broke the contract: "
	for _, c := range []hostile{
		// At the start: nothing is recorded.
		{mode: "exit", line: "plugin hostile ended before its handshake; its last words: cannot find libfoo.so"},
		{mode: "mute", start: "500ms", line: "plugin hostile did not come up within 500ms"},
		{mode: "silent", start: "500ms", line: "plugin hostile did not come up within 500ms"},
		{mode: "chatter", start: "500ms", line: "plugin hostile did not come up within 500ms"},
		{mode: "garbage", line: "plugin hostile: its description cannot be read: "},
		{mode: "duplicate", line: `plugin hostile: recipe "attack": parameter "seed" is declared twice`},
		{mode: "10000 params", line: `plugin hostile: recipe "attack": 10001 parameters; at most 1000 are allowed`},
		{mode: "long key", line: `plugin hostile: recipe "attack": parameter "KeyKey`},
		{mode: "escapes", line: "plugin hostile: family hostile: doc and version must be one line"},
		{mode: "huge", line: "plugin hostile: its description is larger than 1 MiB"},
		{mode: "impostor", line: `plugin hostile: it says that it is the family "gan"`},
		{mode: "no certificate", line: "plugin hostile gave no certificate in its handshake"},
		{mode: "version 7", line: "plugin hostile speaks version 7 of the plugin protocol; this lab speaks version 1"},
		{mode: "future", line: "plugin hostile speaks versions 2, 3 of the plugin protocol; this lab speaks version 1"},
		// Unpleasant, and no harm done.
		{mode: "banner", status: core.Finished, log: "loading 99%"},
		{mode: "versions 1 and 2", status: core.Finished},
		{mode: "nan", status: core.Finished},
		{mode: "wrong order", status: core.Finished},
		{mode: "wrong progress", status: core.Finished},
		{mode: "flood", status: core.Finished},
		{mode: "long line printed", status: core.Finished, log: "bytes more)"},
		{mode: "flood of words", status: core.Finished, line: "warning: the log is longer than 64 MiB", log: "the log is longer than 64 MiB; the rest is dropped"},
		{mode: "escapes sent", status: core.Finished, line: "warning: [2J [1;1Hyour disk is being erased"},
		{mode: "child", status: core.Finished},
		{mode: "daemon", status: core.Finished},
		{mode: "leak", status: core.Finished, room: 8 << 30},
		// Lies.
		{mode: "flood of names", status: core.Failed, line: broke + "more than 10000 different metrics"},
		{mode: "flood of facts", status: core.Failed, line: broke + "more than 1000 facts"},
		{mode: "negative step", status: core.Failed, line: broke + "metric loss: step -1 is not between 0 and 2^53"},
		{mode: "endless step", status: core.Failed, line: broke + "metric loss: step 9223372036854775807 is not"},
		{mode: "outside", status: core.Failed, line: broke + `artifact loot: "../loot" is not a path within the run's folder`},
		{mode: "absolute", status: core.Failed, line: broke + `artifact loot: "/etc/hostname" is not a path`},
		{mode: "symlink", status: core.Failed, line: broke + "artifact loot: loot is not a regular file"},
		{mode: "symlinked folder", status: core.Failed, line: broke + "artifact loot: statat etc/passwd: path escapes from parent"},
		{mode: "named pipe", status: core.Failed, line: broke + "artifact loot: loot is not a regular file"},
		{mode: "lying hash", status: core.Failed, line: broke + "artifact loot: loot has the sha256 "},
		{mode: "long line sent", status: core.Failed, line: broke + "it sent a message of more than 4 MiB"},
		{mode: "no end", status: core.Failed, line: broke + "it ended the stream without saying how the run ended"},
		{mode: "no such mode", status: core.Failed, line: "run ID failed: plugin hostile: hostile: there is no mode"},
		// Deaths.
		{mode: "child and crash", status: core.Crashed, line: "run ID crashed: plugin hostile died: exit code 3"},
		{mode: "panic", status: core.Crashed, line: "run ID crashed: plugin hostile died: exit code 2: panic: boom aside", log: "goroutine "},
		{mode: "starve", status: core.Crashed, line: "run ID crashed: plugin hostile died: exit code 2: panic: out of memory: cannot allocate memory"},
		{mode: "killed", status: core.Crashed, line: "run ID crashed: plugin hostile died: killed by signal SIGKILL"},
		// Deaf ones, that the user interrupts.
		{mode: "deaf", status: core.Cancelled, interrupt: true, line: "run ID was cancelled"},
		{mode: "deaf with an endless file", status: core.Cancelled, interrupt: true, line: "run ID was cancelled"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			c.dir = dir
			c.run(t)
		})
	}
}

type hostile struct {
	mode      string
	status    core.Status // "" where no run is to begin
	line      string      // that lab says, ID for the run's; "" for none
	log       string      // that is in the run's log
	start     string      // how long lab waits
	interrupt bool        // by Ctrl-C once the run goes on
	room      uint64      // bytes of memory that the machine must have to spare

	dir, home, tmp string
}

// maxHost bounds lab's own memory, in bytes.
const maxHost = 128 << 20

func (c *hostile) run(t *testing.T) {
	if free := available(t); free < c.room {
		t.Skipf("needs %d GiB of memory, the machine has %.1f to spare", c.room>>30, float64(free)/(1<<30))
	}
	c.home, c.tmp = filepath.Join(t.TempDir(), "home"), t.TempDir()
	mark := "HOSTILE_TEST=" + c.tmp
	cmd := exec.Command("lab", "run", "plugin=hostile", "--home", c.home)
	cmd.Env = append(os.Environ(), mark, "HOSTILE="+c.mode, "LAB_PLUGIN_PATH="+c.dir, "XDG_DATA_HOME="+c.tmp, "TMPDIR="+c.tmp, "LAB_PLUGIN_STOP_GRACE=300ms")
	if c.start != "" {
		cmd.Env = append(cmd.Env, "LAB_PLUGIN_START_TIMEOUT="+c.start)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := make(chan uint64)
	go watchMemory(cmd.Process.Pid, peak)
	if c.interrupt {
		c.waitForRun(t)
		_ = cmd.Process.Signal(os.Interrupt)
	}
	begin := time.Now()
	_ = cmd.Wait()
	if took := time.Since(begin); c.interrupt && took > 10*time.Second {
		t.Errorf("it took %v to end", took)
	}

	// No process is left, but for the moment that the system takes to bury one, and nothing in
	// the folder of temporary files.
	for end := time.Now().Add(2 * time.Second); len(marked(mark)) > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	for _, pid := range marked(mark) {
		t.Errorf("process %d is left", pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if left, _ := filepath.Glob(filepath.Join(c.tmp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	most := <-peak
	t.Logf("lab held %d MiB at the most", most>>20)
	if most > maxHost && !raceDetector {
		t.Errorf("lab held %d MiB", most>>20)
	}
	c.checkWords(t, errs.String(), cmd.ProcessState.ExitCode())
	c.checkRecord(t)
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", out.String(), errs.String())
	}
}

var (
	uid  = regexp.MustCompile(`run [0-9a-hjkmnp-tv-z]{16} `)
	says = regexp.MustCompile(`(?m)^(?:lab|panic|fatal error|goroutine)\b.*\n`)
)

// checkWords looks at what the user saw: one line, but for one that says that Ctrl-C
// was heard, and perhaps one that says what to try.
func (c *hostile) checkWords(t *testing.T, errs string, code int) {
	t.Helper()
	if strings.ContainsFunc(errs, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Error("control characters on standard error")
	}
	errs = strings.Replace(errs, "lab: stopping after this step; once more to stop at once\n", "", 1)
	var want int
	switch {
	case c.status == "" || c.status == core.Crashed:
		want = 3
	case c.status == core.Failed:
		want = 1
	case c.status == core.Cancelled:
		want = 130
	}
	if code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	lines := says.FindAllString(uid.ReplaceAllString(errs, "run ID "), -1)
	switch {
	case c.line == "" && len(lines) > 0:
		t.Errorf("it says %q", lines)
	case c.line != "" && (len(lines) != 1 || !strings.HasPrefix(lines[0], "lab: "+c.line)):
		t.Errorf("it says %q\nwant      %q", lines, "lab: "+c.line)
	}
	for _, l := range lines {
		if len(l) > 1100 {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
}

// checkRecord looks into the database and the log.
func (c *hostile) checkRecord(t *testing.T) {
	t.Helper()
	path := filepath.Join(c.home, "lab.db")
	if c.status == "" {
		if _, err := os.Stat(path); err == nil {
			t.Error("something was recorded")
		}
		return
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sound, status, reason, id string
	var runs, ended int
	for query, to := range map[string][]any{
		`PRAGMA integrity_check`: {&sound},
		`SELECT count(*),count(ended),max(status),max(reason),max(uid) FROM run`: {&runs, &ended, &status, &reason, &id},
	} {
		if err := db.QueryRow(query).Scan(to...); err != nil {
			t.Fatal(err)
		}
	}
	if rows, err := db.Query(`PRAGMA foreign_key_check`); err != nil || rows.Next() {
		t.Errorf("foreign keys are broken: %v", err)
	} else {
		rows.Close()
	}
	if sound != "ok" || runs != 1 || ended != 1 || core.Status(status) != c.status || (reason == "") != (c.status == core.Finished) {
		t.Errorf("integrity %s, %d runs, %d ended, %s: %s", sound, runs, ended, status, reason)
	}
	log, err := os.ReadFile(filepath.Join(c.home, "runs", id, "log.txt"))
	if err != nil || !strings.Contains(string(log), c.log) || len(log) > 80<<20 {
		t.Errorf("log of %d bytes lacks %q: %v", len(log), c.log, err)
	}
}

// waitForRun waits until the plugin has been told to train.
func (c *hostile) waitForRun(t *testing.T) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if logs, _ := filepath.Glob(filepath.Join(c.home, "runs", "*", "log.txt")); len(logs) > 0 {
			time.Sleep(200 * time.Millisecond)
			return
		}
	}
	t.Error("no run began")
}

// watchMemory sends the most memory that a process held, when it is gone.
func watchMemory(pid int, peak chan<- uint64) {
	var most uint64
	for {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		kb, there := number64(b, "VmHWM:")
		if err != nil || !there { // a zombie has none
			peak <- most
			return
		}
		most = kb << 10
		time.Sleep(5 * time.Millisecond)
	}
}

func available(t *testing.T) uint64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	kb, _ := number64(b, "MemAvailable:")
	return kb << 10
}

func number64(b []byte, field string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(string(b), field)
	if ok {
		_, err := fmt.Sscan(rest, &n)
		ok = err == nil
	}
	return n, ok
}

// marked are the processes with an entry in their environment.
func marked(entry string) (pids []int) {
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, append([]byte(entry), 0)) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
