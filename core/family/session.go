package family

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lab/core"
	"lab/core/internal/wire"
)

// Session is one run as its recipe sees it. Its methods may be called from
// several goroutines.
type Session struct {
	family Family
	recipe core.Recipe
	spec   core.RunSpec
	ctx    context.Context // done at Stop, and when nobody listens any more
	cancel context.CancelFunc
	start  time.Time
	out    *outbox
	heard  atomic.Bool // the recipe may know of a stop: it was told, or it watches the context

	mu      sync.Mutex
	streams map[string]stream // by purpose
	series  map[string]*best  // every metric logged so far
	written map[string]bool   // paths of artifacts and checkpoints
	resumed bool              // Resume was called
	misuse  error             // the first wrong call that had no error to return
	full    bool              // a file found no room, and that was told
}

// best is the best point of one metric.
type best struct {
	goal  core.Direction
	step  int64
	value float64
	ok    bool
}

// Log records one value of a metric at a step, counted from 0. A step may come
// twice, and the last value counts. Names are made of letters, digits and
// _ . / @ % + -. NaN and infinities are values like any other.
func (s *Session) Log(step int, name string, value float64) {
	s.mu.Lock()
	if err := wire.CheckStep(int64(step)); err != nil {
		s.blame(fmt.Errorf("log %s: %w", name, err))
		s.mu.Unlock()
		return
	}
	b, ok := s.series[name]
	if !ok {
		if !wire.ValidMetric(name) {
			s.blame(fmt.Errorf("log: %q is not a name for a metric", name))
			s.mu.Unlock()
			return
		}
		b = &best{goal: s.goal(name)}
		s.series[name] = b
	}
	if b.beatenBy(value) {
		b.step, b.value, b.ok = int64(step), value, true
	}
	s.mu.Unlock()
	s.out.point(name, int64(step), time.Since(s.start), value)
}

func (b *best) beatenBy(v float64) bool {
	switch {
	case b.goal == core.Neutral || math.IsNaN(v):
		return false
	case !b.ok:
		return true
	case b.goal == core.Lower:
		return v < b.value
	}
	return v > b.value
}

// Best returns the best value logged so far of a metric that the recipe declared
// with a direction, and the first step that reached it. It is false for other
// metrics and before the first value that is a number. A resumed run remembers.
func (s *Session) Best(name string) (value float64, step int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.series[name]
	if b == nil || !b.ok {
		return 0, 0, false
	}
	return b.value, int(b.step), true
}

func (s *Session) goal(metric string) core.Direction {
	for _, m := range s.recipe.Metrics {
		if m.Name == metric {
			return m.Goal
		}
	}
	return core.Neutral
}

// Progress tells how far the run is. It costs next to nothing: call it at every
// step.
func (s *Session) Progress(p core.Progress) { s.out.report(p) }

// Printf adds to the run's log.
func (s *Session) Printf(format string, args ...any) { s.log(core.Info, fmt.Sprintf(format, args...)) }

// Warnf adds a warning to the run's log.
func (s *Session) Warnf(format string, args ...any) { s.log(core.Warn, fmt.Sprintf(format, args...)) }

func (s *Session) log(l core.Level, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		_ = s.out.event(wire.FromEvent(core.Log{Level: l, Text: line})) // a host that is gone has ended ctx
	}
}

// Fact records something about the run that is not a metric. Keys are dotted
// lower case: "data.sha256", "model.parameters".
func (s *Session) Fact(key, value string) {
	if !wire.ValidFact(key) {
		s.mu.Lock()
		s.blame(fmt.Errorf("fact: %q is not a key (dotted lower case)", key))
		s.mu.Unlock()
		return
	}
	_ = s.out.event(wire.FromEvent(core.Fact{Key: key, Value: value}))
}

// blame keeps the first wrong call and ends the run for it: the recipe has no
// other way to hear of it. The caller holds s.mu.
func (s *Session) blame(err error) {
	if s.misuse == nil {
		s.misuse = err
		s.cancel()
	}
}

// Context is done when the run shall end soon: the user stopped it, or the host
// is gone. Finish the step, write a checkpoint, return nil.
func (s *Session) Context() context.Context {
	s.heard.Store(true)
	return s.ctx
}

// Stopped reports whether the run shall end soon, as [Session.Context] does. A
// recipe that asks it at every step, and ends before it once was true, has
// finished, even if a stop was on its way.
func (s *Session) Stopped() bool {
	if s.ctx.Err() == nil {
		return false
	}
	s.heard.Store(true)
	return true
}

// Seed is the parameter seed. Prefer [Session.Rand].
func (s *Session) Seed() uint64 { return s.spec.Seed }

// Threads is the number of worker threads to use, at least 1.
func (s *Session) Threads() int { return max(1, s.spec.Threads) }

// Dir is the run's folder. Write to it through the session's methods.
func (s *Session) Dir() string { return s.spec.Dir }

// DataDir is the folder of fetched datasets; it may not exist.
func (s *Session) DataDir() string { return s.spec.DataDir }

// From is the path of the ONNX file to start from, or "".
func (s *Session) From() string { return s.spec.From }
