package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// Options say how long to wait for a plugin. The zero value is good.
type Options struct {
	StartTimeout time.Duration // from the start to its description; 10 s if 0
	StopGrace    time.Duration // from Stop to the end of a run, before the kill; 30 s if 0
	Env          []string      // more environment for the process, KEY=VALUE
}

const (
	startEnv = "LAB_PLUGIN_START_TIMEOUT"
	stopEnv  = "LAB_PLUGIN_STOP_GRACE"
)

// Patience are the options that the environment asks for, durations like 30s:
// LAB_PLUGIN_START_TIMEOUT, LAB_PLUGIN_STOP_GRACE.
func Patience() (o Options, err error) {
	for name, d := range map[string]*time.Duration{startEnv: &o.StartTimeout, stopEnv: &o.StopGrace} {
		raw, ok := os.LookupEnv(name)
		if !ok {
			continue
		}
		if *d, err = time.ParseDuration(raw); err != nil || *d <= 0 {
			return o, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s=%q is not a duration", name, raw), Try: name + "=30s"}
		}
	}
	return o, nil
}

func (o Options) filled() Options {
	if o.StartTimeout == 0 {
		o.StartTimeout = 10 * time.Second
	}
	if o.StopGrace == 0 {
		o.StopGrace = 30 * time.Second
	}
	return o
}

// Plugin is a plugin that runs and has described itself. Close it.
type Plugin struct {
	Family   core.Family
	Protocol int // version of the contract that both sides speak

	name    string
	options Options
	client  pb.FamilyClient
	out     *output
	proc    *process // nil within this process
	close   func()
	killed  atomic.Bool // by Kill
}

// closeGrace is how long a plugin without a run may take to exit.
const closeGrace = 500 * time.Millisecond

// Launch starts a plugin and asks what it offers. A candidate without a name may be
// any family. The error is one line that names the plugin; nothing is left running.
// Ctx ends the start, not the plugin.
func Launch(ctx context.Context, c Candidate, o Options) (*Plugin, error) {
	if err := c.Verify(); err != nil {
		return nil, err
	}
	o = o.filled()
	out := &output{}
	proc := newProcess(c.file(), c.args(), out)
	p := &Plugin{name: cmp.Or(c.Name, filepath.Base(c.Path)), options: o, out: out, proc: proc}
	cert, tlsConfig, err := certificate()
	if err != nil {
		return nil, p.fault("plugin %s: certificate: %v", p.name, err)
	}
	sockets := "" // go-plugin makes the folder, and forgets it when a start fails
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  wire.Handshake,
		VersionedPlugins: wire.Calling(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        tlsConfig,
		SkipHostEnv:      true, // added below, where what go-plugin sets comes after it
		Logger:           hclog.NewNullLogger(),
		StartTimeout:     o.StartTimeout + time.Minute, // ours, below, comes first and kills
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage))},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			sockets = dir
			proc.mark = plugin.EnvUnixSocketDir + "=" + dir
			proc.cmd.Env = slices.Concat(os.Environ(), o.Env, cmd.Env, []string{wire.HostCertEnv + "=" + string(cert)})
			return proc, nil
		},
	})
	p.close = func() {
		limit := time.AfterFunc(closeGrace, proc.kill) // go-plugin would wait for 2 s
		client.Kill()
		limit.Stop()
		if proc.ID() != "" {
			<-proc.swept
		}
		if sockets != "" {
			os.RemoveAll(sockets)
		}
	}
	// One limit for everything up to the description, whatever it hangs in: every
	// wait ends when the process is dead. It is no deadline that gRPC knows: that
	// one the plugin's side might report first, in words of its own.
	start, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(ctx.Err()) })()
	defer time.AfterFunc(o.StartTimeout, func() { cancel(errSlow) }).Stop()
	unwatch := context.AfterFunc(start, proc.kill)
	defer unwatch()
	if err := p.connect(start, client, c.Name); err != nil {
		late := context.Cause(start)
		unwatch()
		proc.kill()
		p.close()
		return nil, p.startError(err, late)
	}
	return p, nil
}

var errSlow = errors.New("too slow")

// connect brings p up from a started process.
func (p *Plugin) connect(ctx context.Context, client *plugin.Client, family string) error {
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	p.Protocol = client.NegotiatedVersion()
	if p.client, err = wire.Dispense(protocol); err != nil {
		return err
	}
	return p.describe(ctx, family)
}

// badDescription is what a plugin offers that breaks the contract.
type badDescription struct{ error }

// describe asks for the description, of the family of that name if it is not "".
func (p *Plugin) describe(ctx context.Context, family string) error {
	d, err := p.client.Describe(ctx, &pb.DescribeRequest{}, grpc.MaxCallRecvMsgSize(wire.MaxDescription))
	switch {
	case status.Code(err) == codes.ResourceExhausted:
		return badDescription{fmt.Errorf("its description is larger than %d MiB", wire.MaxDescription>>20)}
	case status.Code(err) == codes.Internal:
		return badDescription{fmt.Errorf("its description cannot be read: %s", status.Convert(err).Message())}
	case err != nil:
		return err
	}
	f := wire.ToFamily(d)
	if err := wire.CheckFamily(f); err != nil {
		return badDescription{err}
	}
	if family != "" && f.Name != family {
		return badDescription{fmt.Errorf("it says that it is the family %q", f.Name)}
	}
	p.Family, p.name = f, f.Name
	return nil
}

// startError says in one line why a plugin did not come up. The process is dead.
func (p *Plugin) startError(err, late error) error {
	var bad badDescription
	said, refused := wire.FromStatus(err)
	shake, shaken := p.proc.shake()
	if !shaken {
		p.proc.within(leftOpen) // what it says about its end is read
	}
	theirs := p.out.versions()
	if shaken && !slices.Contains(wire.Versions, shake.version) {
		theirs = fmt.Sprint(shake.version)
	}
	switch {
	case errors.As(err, &bad):
		return p.fault("plugin %s: %v", p.name, bad.error)
	case theirs != "":
		return &core.Error{Kind: core.PluginError, Msg: wire.OneLine(fmt.Sprintf("plugin %s speaks %s of the plugin protocol; this lab speaks %s",
			p.name, versions(theirs), versions(wire.List(wire.Versions)))), Try: "a build of the plugin for " + versions(wire.List(wire.Versions))}
	case late == errSlow:
		return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf("plugin %s did not come up within %v", p.name, p.options.StartTimeout),
			Try: startEnv + "=1m, if it is slow to start"}
	case late != nil:
		return &core.Error{Kind: core.Interrupted, Msg: "start of plugin " + p.name, Err: late}
	case refused:
		return p.fault("plugin %s: %v", p.name, said)
	case p.proc.ID() == "":
		return p.fault("plugin %s: %v", p.name, err)
	case !shaken:
		_, last := p.out.words()
		if last != "" {
			last = "; its last words: " + last
		}
		return p.fault("plugin %s ended before its handshake%s", p.name, last)
	case !shake.certified:
		return p.fault("plugin %s gave no certificate in its handshake", p.name)
	}
	return p.fault("plugin %s: %v", p.name, said)
}

// versions is a list of versions in words.
func versions(list string) string {
	if !strings.Contains(list, ",") {
		return "version " + list
	}
	return "versions " + strings.ReplaceAll(list, ",", ", ")
}

// PID is the plugin's process, or 0 within this process.
func (p *Plugin) PID() int {
	if p.proc == nil {
		return 0
	}
	pid, _ := strconv.Atoi(p.proc.ID())
	return pid
}

// dead reports whether the plugin's process has ended.
func (p *Plugin) dead() bool {
	if p.proc == nil {
		return false
	}
	select {
	case <-p.proc.exited:
		return true
	default:
		return false
	}
}

// Kill ends the plugin at once. A run that is going on ends cancelled.
func (p *Plugin) Kill() {
	p.killed.Store(true)
	if p.proc != nil {
		p.proc.kill()
	} else {
		p.close()
	}
}

// Close ends a plugin that has no run going on, and waits for its end.
func (p *Plugin) Close() { p.close() }
