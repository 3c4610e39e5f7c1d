package profile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what a part of a run is. The strings are in files; never rename one.
type Kind string

const (
	Program   Kind = "program"
	Optimiser Kind = "optimiser" // and what else passes over a model's flat memory
	Compiling Kind = "compiling"
)

// Op is what is known of a call before it is timed.
type Op struct {
	Name         string  // the ops it computes, "Mul+Add+Tanh"
	Result       string  // the result's shape, "(32, 10)"
	Flops, Bytes float64 // of one call, as in vm.Cost; 0 where they are not counted
}

// Profile gathers times while it is on. Safe for concurrent use.
type Profile struct {
	start time.Time

	mu    sync.Mutex
	parts []*part
	peak  func() (threads int, flops float64)
}

// part gathers the calls of programs of one name, or of one other kind.
type part struct {
	kind  Kind
	name  string
	runs  int64
	calls []*call
}

// call gathers the times of equal calls.
type call struct {
	Op
	calls       int64
	total, best time.Duration
	some        sample
}

var current atomic.Pointer[Profile]

// Start turns a profile on. There is one at a time in a process.
func Start() (*Profile, error) {
	p := &Profile{start: time.Now()}
	if !current.CompareAndSwap(nil, p) {
		return nil, errors.New("another profile is on in this process")
	}
	return p, nil
}

// Current is the profile that is on, or nil.
func Current() *Profile { return current.Load() }

// Stop turns the profile off and reports. It takes a tenth of a second if any program
// was compiled meanwhile: the cores' peak is measured then.
func (p *Profile) Stop() *Report {
	whole := time.Since(p.start)
	current.CompareAndSwap(p, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &Report{Outside: whole}
	for _, x := range p.parts {
		part := Part{Kind: x.kind, Name: x.name, Runs: x.runs}
		for _, c := range x.calls {
			part.Calls = append(part.Calls, Call{Op: c.Op, Calls: c.calls, Total: c.total, Median: c.some.median(), Best: c.best})
		}
		slices.SortStableFunc(part.Calls, func(a, b Call) int { return cmp.Compare(b.Total, a.Total) })
		r.Parts = append(r.Parts, part)
		r.Outside -= part.Time()
	}
	r.Outside = max(0, r.Outside) // less, where programs ran at the same time
	slices.SortStableFunc(r.Parts, func(a, b Part) int { return cmp.Compare(b.Time(), a.Time()) })
	if p.peak != nil {
		r.Threads, r.Peak = p.peak()
	}
	return r
}

// SetPeak says how the cores' peak is measured, in operations a second, and on how many
// threads. The first one counts.
func (p *Profile) SetPeak(measure func() (threads int, flops float64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peak == nil {
		p.peak = measure
	}
}

// Recorder takes the times of a program's runs.
type Recorder struct {
	profile *Profile
	part    *part
	calls   []*call
}

// Program returns a recorder for a program that makes these calls, in order. Programs
// of the same name are one part of the run, and equal calls in it one call.
func (p *Profile) Program(name string, ops []Op) *Recorder {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &Recorder{profile: p, part: p.part(Program, name)}
	for _, op := range ops {
		r.calls = append(r.calls, r.part.call(op))
	}
	return r
}

// Add adds one run: how long each of the calls took.
func (r *Recorder) Add(took []time.Duration) {
	r.profile.mu.Lock()
	defer r.profile.mu.Unlock()
	r.part.runs++
	for i, d := range took {
		r.calls[i].add(d)
	}
}

func (p *Profile) part(kind Kind, name string) *part {
	for _, x := range p.parts {
		if x.kind == kind && x.name == name {
			return x
		}
	}
	p.parts = append(p.parts, &part{kind: kind, name: name})
	return p.parts[len(p.parts)-1]
}

func (x *part) call(op Op) *call {
	for _, c := range x.calls {
		if c.Op == op {
			return c
		}
	}
	x.calls = append(x.calls, &call{Op: op})
	return x.calls[len(x.calls)-1]
}

func (c *call) add(d time.Duration) {
	if c.calls == 0 || d < c.best {
		c.best = d
	}
	c.calls++
	c.total += d
	c.some.add(d)
}

// Span is something that is going on and may have to be recorded.
type Span struct {
	profile *Profile
	kind    Kind
	name    string
	values  int
	start   time.Time
}

// Begin begins what is no program, over so many values (0: over none):
//
//	defer profile.Begin(profile.Optimiser, "Adam", len(values)).End()
//
// While no profile is on it costs a nanosecond or two.
func Begin(kind Kind, name string, values int) Span {
	p := Current()
	if p == nil {
		return Span{}
	}
	return Span{p, kind, name, values, time.Now()}
}

// End ends it.
func (s Span) End() {
	if s.profile == nil {
		return
	}
	took := time.Since(s.start)
	op := Op{Name: s.name}
	if s.values > 0 {
		op.Result = fmt.Sprintf("(%d)", s.values)
	}
	s.profile.mu.Lock()
	defer s.profile.mu.Unlock()
	x := s.profile.part(s.kind, "")
	x.runs++
	x.call(op).add(took)
}

// sample keeps some of many durations, evenly spread, to tell their median.
type sample struct {
	kept           []time.Duration
	every, skipped int
}

const sampled = 512

func (s *sample) add(d time.Duration) {
	if s.skipped++; s.skipped < s.every {
		return
	}
	s.skipped = 0
	if len(s.kept) == sampled {
		for i := range sampled / 2 {
			s.kept[i] = s.kept[2*i+1]
		}
		s.kept = s.kept[:sampled/2]
		s.every = max(1, s.every) * 2
	}
	s.kept = append(s.kept, d)
}

func (s *sample) median() time.Duration {
	if len(s.kept) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.kept))
	return sorted[len(sorted)/2]
}
