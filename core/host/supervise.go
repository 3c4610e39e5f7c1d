package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// watch ends a run from outside: by Stop when the user or a fault asks for it, by
// a kill when that does not help. Cut ends the stream.
func (r *run) watch(cut func()) {
	p := r.plugin
	var exited chan struct{} // never, within this process
	if p.proc != nil {
		exited = p.proc.exited
	}
	select {
	case <-r.over:
		return
	case <-exited:
		r.cutLate(cut)
		return
	case <-r.ctx.Done():
	case <-r.stop:
	}
	grace := p.options.StopGrace
	if r.lied() { // what it saves now nobody would hear of
		grace = min(grace, brokenGrace)
	}
	limit := time.NewTimer(grace)
	defer limit.Stop()
	calls, cancel := context.WithCancel(context.Background())
	defer cancel()
	go r.askToStop(calls)
	select {
	case <-r.over:
	case <-exited:
		r.cutLate(cut)
	case <-limit.C:
		r.mu.Lock()
		r.forced = true
		r.mu.Unlock()
		if p.proc != nil {
			p.proc.kill()
			r.cutLate(cut)
		} else {
			cut()
		}
	}
}

// brokenGrace is how long after Stop a plugin may go on that broke the contract.
const brokenGrace = 3 * time.Second

// lied reports whether the run ends for a fault of the plugin's.
func (r *run) lied() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return core.KindOf(r.fault) == core.PluginError
}

// hurried reports whether the run has to end at once: the plugin was killed, or it
// is dead and the user waits.
func (r *run) hurried() bool {
	r.mu.Lock()
	forced := r.forced
	r.mu.Unlock()
	return forced || r.plugin.killed.Load() || r.ctx.Err() != nil && r.plugin.dead()
}

// cutLate ends the stream of a dead plugin, in case the connection does not
// notice: the last events may still be on their way.
func (r *run) cutLate(cut func()) {
	select {
	case <-r.over:
	case <-time.After(leftOpen):
		cut()
	}
}

// askToStop repeats Stop until there was a run to stop: the first may come before
// Train has begun on the other side.
func (r *run) askToStop(ctx context.Context) {
	for {
		reply, err := r.plugin.client.Stop(ctx, &pb.StopRequest{})
		if err != nil || reply.GetRunning() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ofThePlugin reports whether a code is one that the transport never makes up: the
// plugin answered, if not in the contract's form.
func ofThePlugin(c codes.Code) bool {
	switch c {
	case codes.OK, codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Internal, codes.Unavailable:
		return false
	}
	return true
}

// ended is the outcome of a run whose stream ended without Done.
func (r *run) ended(err error) Outcome {
	p := r.plugin
	said, refused := wire.FromStatus(err)
	switch {
	case refused:
		return failed(said)
	case errors.Is(err, io.EOF):
		r.broken(errors.New("it ended the stream without saying how the run ended"))
	case ofThePlugin(status.Code(err)):
		return failed(p.fault("plugin %s: %v", p.name, said))
	case status.Code(err) == codes.ResourceExhausted:
		r.broken(fmt.Errorf("it sent a message of more than %d MiB", wire.MaxMessage>>20))
	}
	return r.verdict(said)
}

// verdict is the outcome of a run that is over without a word of the plugin's; said
// is what is known besides.
func (r *run) verdict(said error) Outcome {
	p := r.plugin
	r.mu.Lock()
	fault, forced := r.fault, r.forced
	r.mu.Unlock()
	switch {
	case fault != nil:
		return failed(fault)
	case p.killed.Load():
		return cancelled("killed")
	case forced:
		return cancelled(fmt.Sprintf("killed: it did not stop within %v", p.options.StopGrace))
	case p.proc != nil && p.proc.within(2*time.Second): // the stream breaks a moment before the process is known to be dead
		return p.crashed()
	}
	return failed(p.fault("plugin %s: lost the connection: %s", p.name, wire.OneLine(said.Error())))
}
