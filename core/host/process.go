package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// process is a plugin's process. It is the runner that go-plugin starts.
type process struct {
	cmd    *exec.Cmd
	out    *output
	alive  *os.File // the host's end of the liveness pipe
	stdout *os.File
	stderr *os.File

	handshake io.ReadCloser  // go-plugin reads the one line it waits for here
	quiet     sync.WaitGroup // both outputs are read to their end
	mark      string         // KEY=VALUE in the environment of no other plugin
	oomKills  int64          // of the whole machine, at the start

	mu      sync.Mutex
	started *os.Process
	doomed  bool      // kill came first
	greeted *greeting // once the handshake came
	exited  chan struct{}
	swept   chan struct{} // whatever it left running is dead, too
}

// greeting is what the plugin's handshake says that go-plugin does not tell.
type greeting struct {
	version   int  // of the contract
	certified bool // the plugin gave a certificate
}

var _ runner.Runner = (*process)(nil)

// leftOpen is how long after a plugin's death its output is still read: a child
// of its own may hold the pipe for ever.
const leftOpen = 300 * time.Millisecond

// newProcess prepares to start a plugin with standard input empty.
func newProcess(path string, args []string, out *output) *process {
	cmd := &exec.Cmd{Path: path, Args: args}
	return &process{cmd: cmd, out: out, exited: make(chan struct{}), swept: make(chan struct{})}
}

func (p *process) Start(context.Context) (err error) {
	var theirs []*os.File // ends that belong to the plugin
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			for _, f := range []*os.File{p.alive, p.stdout, p.stderr} {
				f.Close() // fine on nil
			}
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	stdout, w1 := pipe()
	stderr, w2 := pipe()
	watch, alive := pipe()
	p.stdout, p.stderr, p.alive = stdout, stderr, alive
	theirs = append(theirs, w1, w2, watch)
	if err != nil {
		return err
	}
	p.cmd.Stdout, p.cmd.Stderr = w1, w2
	ownGroup(p.cmd)
	leaveWatch(p.cmd, watch)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doomed {
		return errors.New("killed before its start")
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.started = p.cmd.Process
	r, w := io.Pipe()
	p.handshake = r
	p.quiet.Go(func() { p.readStdout(w) })
	p.quiet.Go(func() { p.out.copy(p.stderr) })
	spareOthers(p.started.Pid)
	p.oomKills = oomKills()
	go func() {
		_ = p.cmd.Wait() // ProcessState says it all
		killGroup(p.started.Pid)
		time.AfterFunc(leftOpen, func() { p.stdout.Close(); p.stderr.Close(); p.alive.Close() })
		close(p.exited)
		killMarked(p.mark)
		close(p.swept)
	}()
	return nil
}

// handshakeForm finds the handshake at the end of a line: something printed
// without a line break may stand before it.
var handshakeForm = regexp.MustCompile(`1\|(\d{1,9})\|(?:unix|tcp)\|[^|]+\|[a-z]+(?:\|([^|\s]*))?(?:\|[^|\s]*)?$`)

// readStdout passes the handshake on; whatever else a plugin prints is its log.
func (p *process) readStdout(to *io.PipeWriter) {
	shaken := false
	eachLine(p.stdout, func(line string) {
		if m := handshakeForm.FindStringSubmatchIndex(line); m != nil && !shaken {
			shaken = true
			version, _ := strconv.Atoi(line[m[2]:m[3]])
			p.mu.Lock()
			p.greeted = &greeting{version: version, certified: m[4] < m[5]}
			p.mu.Unlock()
			before, shake := line[:m[0]], line[m[0]:]+"\n"
			go func() {
				_, _ = io.WriteString(to, shake)
				to.Close()
			}()
			if line = before; line == "" {
				return
			}
		}
		p.out.line(line)
	})
	if !shaken {
		to.Close()
	}
}

// shake is the plugin's handshake, if it has come.
func (p *process) shake() (greeting, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.greeted == nil {
		return greeting{}, false
	}
	return *p.greeted, true
}

func (p *process) Wait(context.Context) error {
	<-p.exited
	if s := p.cmd.ProcessState; !s.Success() {
		return &exec.ExitError{ProcessState: s}
	}
	return nil
}

func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// kill ends the process and its children at once, or keeps it from starting.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doomed = true
	select {
	case <-p.exited:
	default:
		if p.started != nil {
			killGroup(p.started.Pid)
			_ = p.started.Kill()
		}
	}
}

// within waits until the process is dead and its output read, and reports
// whether it is dead.
func (p *process) within(d time.Duration) bool {
	limit := time.NewTimer(d)
	defer limit.Stop()
	read := make(chan struct{})
	select {
	case <-p.exited:
	case <-limit.C:
		return false
	}
	go func() { p.quiet.Wait(); close(read) }()
	select {
	case <-read:
	case <-limit.C:
	}
	return true
}

// end describes how the process ended; it must have.
func (p *process) end() (text string, code int, signal string) {
	s := p.cmd.ProcessState
	if sig, ok := signalOf(s); ok {
		text := "killed by signal " + sig
		if sig == "SIGKILL" && oomKills() > p.oomKills {
			text += " for want of memory"
			if peak := peakOf(s); peak > 0 {
				text += fmt.Sprintf("; it held %.1f GiB", float64(peak)/(1<<30))
			}
		}
		return text, -1, sig
	}
	return fmt.Sprintf("exit code %d", s.ExitCode()), s.ExitCode(), ""
}

func (p *process) Stdout() io.ReadCloser                            { return p.handshake }
func (p *process) Stderr() io.ReadCloser                            { return nothing{} }
func (p *process) Name() string                                     { return p.cmd.Path }
func (p *process) Diagnose(context.Context) string                  { return "" }
func (p *process) PluginToHost(n, a string) (string, string, error) { return n, a, nil }
func (p *process) HostToPlugin(n, a string) (string, string, error) { return n, a, nil }

func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started == nil {
		return ""
	}
	return strconv.Itoa(p.started.Pid)
}

// nothing stands for the standard error that go-plugin need not read.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }
