package family

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

func newSession(ctx context.Context, f Family, r core.Recipe, spec core.RunSpec) *Session {
	s := &Session{family: f, recipe: r, spec: spec, start: time.Now(),
		streams: map[string]stream{}, series: map[string]*best{}, written: map[string]bool{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// open begins to send. A host that takes no more events ends the run.
func (s *Session) open(send func(*pb.Event) error) {
	s.out = newOutbox(func(e *pb.Event) error {
		err := send(e)
		if err != nil {
			s.cancel()
		}
		return err
	})
}

// close sends the last event with all that is still waiting.
func (s *Session) close(d core.Done, err error) error {
	return s.out.close(wire.FromDone(d, err))
}

// run calls the recipe and says how it ended; stopped is closed by Stop.
func (s *Session) run(train func(*Session) error, stopped <-chan struct{}) (core.Done, error) {
	err := s.profiled(train)
	s.mu.Lock()
	misuse, resumed := s.misuse, s.resumed
	s.mu.Unlock()
	stop := false
	select {
	case <-stopped:
		stop = true
	default:
	}
	var p *panicked
	switch {
	case errors.As(err, &p):
		s.log(core.Fail, p.stack)
	case misuse != nil:
		err = misuse
	case stop && (err == nil && s.heard.Load() || errors.Is(err, context.Canceled)):
		return core.Done{Status: core.Cancelled, Reason: "stopped"}, nil
	case err == nil && s.spec.Resume != "" && !resumed:
		err = errors.New("the recipe promises to resume and did not call Resume")
	}
	if err == nil {
		return core.Done{Status: core.Finished}, nil
	}
	name := s.family.Name + "/" + s.recipe.Name
	if core.KindOf(err) == core.Other {
		err = &core.Error{Kind: core.RunFailed, Msg: name, Err: err, Try: core.TryOf(err)}
	}
	return core.Done{Status: core.Failed, Reason: err.Error()}, err
}

// panicked is what is left of a recipe that panicked.
type panicked struct {
	value any
	at    string // file:line
	stack string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v (%s)", p.value, p.at) }

// call runs the recipe in a goroutine of its own, so that one that ends its
// goroutine (runtime.Goexit, as testing's FailNow does) ends no more than itself.
func (s *Session) call(train func(*Session) error) error {
	end := make(chan error, 1)
	go func() {
		err := errors.New("the recipe ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				err = &panicked{value: v, at: panicSite(), stack: fmt.Sprintf("panic: %v\n%s", v, debug.Stack())}
			}
			end <- err
		}()
		err = train(s)
	}()
	return <-end
}

// panicSite is where the panic that is being recovered came from: the first
// frame below the runtime's own.
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicking := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if inRuntime {
			panicking = true
		} else if panicking {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}
