package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// watch ends a run from outside: by Stop when the user or a fault asks for it, by
// a kill when that does not help. Cut ends the stream.
func (r *run) watch(ctx context.Context, cut func()) {
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
	case <-ctx.Done():
	case <-r.stop:
	}
	limit := time.NewTimer(p.options.StopGrace)
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

// ended is the outcome of a run whose stream ended without Done.
func (r *run) ended(err error) Outcome {
	p := r.plugin
	said, refused := wire.FromStatus(err)
	switch {
	case refused:
		return failed(said)
	case errors.Is(err, io.EOF):
		r.broken(errors.New("it ended the stream without saying how the run ended"))
	case status.Code(err) == codes.ResourceExhausted:
		r.broken(fmt.Errorf("it sent a message of more than %d MiB", wire.MaxMessage>>20))
	}
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
