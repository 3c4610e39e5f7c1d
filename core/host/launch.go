package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

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

// Launch starts a plugin and asks what it offers. The error is one line that
// names the plugin; nothing is left running. Ctx ends the start, not the plugin.
func Launch(ctx context.Context, c Candidate, o Options) (*Plugin, error) {
	if err := verify(c); err != nil {
		return nil, err
	}
	o = o.filled()
	out := &output{}
	proc := newProcess(c.file(), c.args(), out)
	p := &Plugin{name: c.Name, options: o, out: out, proc: proc}
	cert, tlsConfig, err := certificate()
	if err != nil {
		return nil, p.fault("plugin %s: certificate: %v", c.Name, err)
	}
	sockets := "" // go-plugin makes the folder, and forgets it when a start fails
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  wire.Handshake,
		VersionedPlugins: wire.Calling(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        tlsConfig,
		SkipHostEnv:      true, // added below, where what go-plugin sets comes after it
		Logger:           hclog.NewNullLogger(),
		StartTimeout:     o.StartTimeout,
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage))},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			sockets = dir
			proc.cmd.Env = slices.Concat(os.Environ(), o.Env, cmd.Env, []string{wire.HostCertEnv + "=" + string(cert)})
			return proc, nil
		},
	})
	p.close = func() {
		limit := time.AfterFunc(closeGrace, proc.kill) // go-plugin would wait for 2 s
		client.Kill()
		limit.Stop()
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
	if err := p.connect(start, client); err != nil {
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
func (p *Plugin) connect(ctx context.Context, client *plugin.Client) error {
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	p.Protocol = client.NegotiatedVersion()
	if p.client, err = wire.Dispense(protocol); err != nil {
		return err
	}
	return p.describe(ctx)
}

// badDescription is what a plugin offers that breaks the contract.
type badDescription struct{ error }

func (p *Plugin) describe(ctx context.Context) error {
	d, err := p.client.Describe(ctx, &pb.DescribeRequest{})
	if err != nil {
		return err
	}
	f := wire.ToFamily(d)
	if err := wire.CheckFamily(f); err != nil {
		return badDescription{err}
	}
	if f.Name != p.name {
		return badDescription{fmt.Errorf("it says that it is the family %q", f.Name)}
	}
	p.Family = f
	return nil
}

// startError says in one line why a plugin did not come up. The process is dead.
func (p *Plugin) startError(err, late error) error {
	var bad badDescription
	said, refused := wire.FromStatus(err)
	theirs, shaken := p.proc.speaks()
	switch {
	case errors.As(err, &bad):
		return p.fault("plugin %s: %v", p.name, bad.error)
	case shaken && theirs != wire.Version:
		return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf("plugin %s speaks version %d of the plugin protocol; this lab speaks version %d",
			p.name, theirs, wire.Version), Try: "a build of the plugin for version " + fmt.Sprint(wire.Version)}
	case late == errSlow:
		return p.fault("plugin %s did not come up within %v", p.name, p.options.StartTimeout)
	case late != nil:
		return &core.Error{Kind: core.Interrupted, Msg: "start of plugin " + p.name, Err: late}
	case refused:
		return p.fault("plugin %s: %v", p.name, said)
	case p.proc.ID() == "":
		return p.fault("plugin %s: %v", p.name, err)
	case !shaken:
		p.proc.within(leftOpen)
		_, last := p.out.words()
		if last != "" {
			last = "; its last words: " + wire.OneLine(last)
		}
		return p.fault("plugin %s ended before its handshake%s", p.name, last)
	}
	return p.fault("plugin %s: %s", p.name, wire.OneLine(said.Error()))
}

// verify checks the executable against the hash that is expected of it.
func verify(c Candidate) error {
	if c.SHA256 == "" {
		return nil
	}
	fail := func(err error) error {
		return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf("plugin %s (%s)", c.Name, c.Path), Err: err,
			Try: "install it again if it was you who changed it"}
	}
	sum, err := hex.DecodeString(c.SHA256)
	if err != nil {
		return fail(fmt.Errorf("%q is not a sha256", c.SHA256))
	}
	same, err := (&plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}).Check(c.file())
	if err != nil {
		return fail(err)
	}
	if !same {
		return fail(errors.New("the file is not the one that was installed: its sha256 differs"))
	}
	return nil
}

// PID is the plugin's process, or 0 within this process.
func (p *Plugin) PID() int {
	if p.proc == nil {
		return 0
	}
	pid, _ := strconv.Atoi(p.proc.ID())
	return pid
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
