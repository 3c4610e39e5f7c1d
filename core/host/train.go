package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// Train runs a recipe and puts what it says into the sink, in order. The spec's
// parameters are those of core.Recipe.Resolve; its folder must exist; its seed is
// taken from the parameter seed. When ctx is done the plugin is asked to stop,
// and killed if it does not within Options.StopGrace.
//
// A sink that fails and a plugin that breaks the contract stop the run; the sink
// hears no more then. One run at a time.
func (p *Plugin) Train(ctx context.Context, spec core.RunSpec, sink core.Sink) Outcome {
	spec, err := prepare(spec)
	if err != nil {
		return failed(err)
	}
	dir, err := os.OpenRoot(spec.Dir)
	if err != nil {
		return failed(&core.Error{Kind: core.Storage, Msg: "run folder", Err: err})
	}
	defer dir.Close()
	r := &run{plugin: p, ctx: ctx, dir: dir, sink: sink, stop: make(chan struct{}), over: make(chan struct{})}
	life, end := context.WithCancel(context.Background()) // ctx would cut the stream off before its last events
	defer end()
	stream, err := p.client.Train(life, wire.FromSpec(spec))
	if err != nil {
		return r.ended(err)
	}
	p.out.listen(r.put)
	defer p.out.listen(nil)
	var watch sync.WaitGroup
	watch.Go(func() { r.watch(end) })
	out := r.follow(stream)
	close(r.over)
	watch.Wait()
	return out
}

// prepare makes the spec hold wherever the plugin's working folder is.
func prepare(s core.RunSpec) (core.RunSpec, error) {
	for _, path := range []*string{&s.Dir, &s.DataDir, &s.From, &s.Resume} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return s, &core.Error{Kind: core.Storage, Err: err}
		}
		*path = abs
	}
	for _, v := range s.Params {
		if v.Key == "seed" {
			n, err := core.ParseInt(v.Value)
			if err != nil {
				return s, &core.Error{Kind: core.Usage, Msg: "parameter seed", Err: err}
			}
			s.Seed = uint64(n)
		}
	}
	s.Threads = max(1, s.Threads)
	return s, nil
}

// run is one run that is going on.
type run struct {
	plugin *Plugin
	ctx    context.Context // done when the user wants the run to end
	dir    *os.Root
	stop   chan struct{} // closed with the first fault
	over   chan struct{} // the stream has ended
	facts  int           // so far; files too
	files  int

	mu     sync.Mutex
	sink   core.Sink
	fault  error // of the sink or the plugin; the sink hears no more
	forced bool  // the plugin did not stop in time and was killed
	logged int   // bytes
}

// put is called with the plugin's events and with the lines it prints.
func (r *run) put(e core.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		return
	}
	if l, ok := e.(core.Log); ok {
		if r.logged > maxLog {
			return
		}
		if r.logged += len(l.Text) + 32; r.logged > maxLog { // a line takes more than its text
			e = core.Log{Level: core.Warn, Text: fmt.Sprintf("the log is longer than %d MiB; the rest is dropped", maxLog>>20)}
		}
	}
	if err := r.sink.Put(e); err != nil {
		if core.KindOf(err) == core.Other {
			err = &core.Error{Kind: core.Storage, Err: err}
		}
		r.fail(err)
	}
}

// fail stops the run for err, once. The caller holds r.mu.
func (r *run) fail(err error) {
	if r.fault == nil {
		r.fault = err
		close(r.stop)
	}
}

// faulty reports whether the sink hears no more.
func (r *run) faulty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault != nil
}

func (r *run) broken(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail(r.plugin.fault("plugin %s broke the contract: %v", r.plugin.name, err))
}

// follow reads the stream to its end.
func (r *run) follow(stream pb.Family_TrainClient) Outcome {
	var reader wire.Reader
	for {
		m, err := stream.Recv()
		if err != nil {
			return r.ended(err)
		}
		if m.GetDone() == nil && r.faulty() {
			continue // nobody hears it
		}
		e, err := reader.Event(m)
		if d, ok := e.(core.Done); ok {
			r.await(stream)
			return r.done(d, err)
		}
		if err == nil && e != nil {
			err = r.check(e)
		}
		switch {
		case errors.Is(err, errCut):
			return r.verdict(err)
		case err != nil:
			r.broken(err)
		case e != nil:
			r.put(e)
		}
	}
}

// await reads past Done, so that the plugin is free for another run when this one
// has ended, and what it printed is in the log.
func (r *run) await(stream pb.Family_TrainClient) {
	end := make(chan struct{})
	go func() {
		_, _ = stream.Recv()
		close(end)
	}()
	select {
	case <-end:
	case <-time.After(time.Second):
	}
	if r.plugin.proc != nil {
		r.plugin.proc.settle()
	}
}

// done is the outcome of a run whose plugin said how it ended.
func (r *run) done(d core.Done, cause error) Outcome {
	r.put(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fault != nil:
		return failed(r.fault)
	case d.Status == core.Finished:
		return Outcome{Status: core.Finished}
	case d.Status == core.Cancelled:
		return cancelled(d.Reason)
	case cause == nil:
		cause = &core.Error{Kind: core.RunFailed, Msg: d.Reason}
	}
	return Outcome{Status: core.Failed, Reason: d.Reason, Err: cause}
}
