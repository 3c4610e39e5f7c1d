package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"lab/bench/protocol"
)

// contender is a child process that builds workloads and times them; see
// bench/protocol.
type contender struct {
	name     string
	versions []string

	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	said   *tail // on stderr
	steps  int   // of one timing
	warm   int   // before it
	broken error
}

// patience is for the slowest answer: a compilation by torch.compile.
const patience = 10 * time.Minute

// start starts the process and asks for its versions.
func start(name string, cmd *exec.Cmd) (*contender, error) {
	c := &contender{name: name, cmd: cmd, said: &tail{}}
	cmd.Stderr = c.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	a, err := c.ask(protocol.Request{Do: protocol.Hello})
	if err != nil {
		c.close()
		return nil, err
	}
	c.versions = a.Versions
	return c, nil
}

// errMissing is what a contender says that it cannot do.
type errMissing string

func (e errMissing) Error() string { return string(e) }

// ask sends a request and waits for the answer. After a contender broke off every
// request fails.
func (c *contender) ask(r protocol.Request) (protocol.Reply, error) {
	if c.broken != nil {
		return protocol.Reply{}, c.broken
	}
	line, err := json.Marshal(r)
	if err != nil {
		return protocol.Reply{}, err
	}
	late := time.AfterFunc(patience, func() { c.cmd.Process.Kill() })
	defer late.Stop()
	var a protocol.Reply
	if _, err = c.in.Write(append(line, '\n')); err == nil {
		if line, err = c.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &a)
		}
	}
	switch {
	case err != nil:
		c.close() // and all that it said is there
		c.broken = fmt.Errorf("%s broke off: %s", c.name, c.said.last(err.Error()))
		return a, c.broken
	case a.Missing != "":
		return a, errMissing(a.Missing)
	case a.Error != "":
		return a, fmt.Errorf("%s: %s: %s", c.name, r.Do, a.Error)
	}
	return a, nil
}

// close ends the process, if it still runs.
func (c *contender) close() {
	c.in.Close()
	late := time.AfterFunc(2*time.Second, func() { c.cmd.Process.Kill() })
	c.cmd.Wait()
	late.Stop()
}

// calibrate finds how many steps take about the given time.
func (c *contender) calibrate(seconds float64) error {
	for steps := 1; ; {
		a, err := c.ask(protocol.Request{Do: protocol.Time, Steps: steps, Warm: 1})
		if err != nil {
			return err
		}
		if a.Seconds > seconds/4 || steps > 1<<28 {
			c.steps = max(1, int(float64(steps)*seconds/a.Seconds))
			c.warm = c.steps/20 + 1
			return nil
		}
		steps = min(steps*8, max(steps+1, int(float64(steps)*seconds/2/max(a.Seconds, 1e-9))))
	}
}

// timing is what a step took, in seconds, and the share of all cores that other
// processes used meanwhile.
type timing struct{ step, others float64 }

// time times a step now.
func (c *contender) time() (timing, error) {
	time.Sleep(settle)
	busy, all := machineTicks()
	own := processTicks(c.cmd.Process.Pid)
	a, err := c.ask(protocol.Request{Do: protocol.Time, Steps: c.steps, Warm: c.warm})
	t := timing{step: a.Seconds / float64(c.steps)}
	if busyNow, allNow := machineTicks(); allNow > all {
		t.others = max(0, float64(busyNow-busy-processTicks(c.cmd.Process.Pid)+own)/float64(allNow-all))
	}
	return t, err
}

// settle lets the threads of the contender before fall asleep: OpenMP's spin for a
// few milliseconds.
const settle = 30 * time.Millisecond

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 8192 {
		t.b = append([]byte(nil), t.b[len(t.b)-4096:]...)
	}
	return len(p), nil
}

// last is the last line that says something, or otherwise.
func (t *tail) last(otherwise string) string {
	lines := bytes.Split(bytes.TrimSpace(t.b), []byte("\n"))
	if l := strings.TrimSpace(string(lines[len(lines)-1])); l != "" {
		return l
	}
	return otherwise
}
