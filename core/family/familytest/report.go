package familytest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Result is how one check of [Check] went.
type Result struct {
	Check   string        `json:"check"`   // "walk/stop-and-resume"
	Verdict Verdict       `json:"verdict"` // Passed, Failed or Skipped
	Took    time.Duration `json:"-"`
	Notes   []string      `json:"notes,omitempty"` // what it said
}

// Verdict is how a check ended.
type Verdict string

const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped"
)

// report is the T of a command: it tells of each check when that has ended.
type report struct {
	tell   func(Result)
	ctx    context.Context
	name   string
	failed bool
	skip   string
	nested bool // it has checks of its own, which are told of by themselves

	mu       sync.Mutex
	said     []string
	cleanups []func()
}

func (r *report) Run(name string, f func(T)) bool {
	r.nested = true
	c := &report{tell: r.tell, name: strings.TrimPrefix(r.name+"/"+name, "/")}
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	c.ctx = ctx
	begin, end := time.Now(), make(chan struct{})
	go func() { // of its own, for Fatal to end
		defer close(end)
		defer func() {
			for i := len(c.cleanups) - 1; i >= 0; i-- {
				c.cleanups[i]()
			}
		}()
		defer func() {
			if v := recover(); v != nil {
				c.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		f(c)
	}()
	<-end
	c.end(time.Since(begin))
	r.failed = r.failed || c.failed
	return !c.failed
}

func (r *report) end(took time.Duration) {
	res := Result{Check: r.name, Verdict: Passed, Took: took}
	switch {
	case r.failed:
		res.Verdict = Failed
	case r.skip != "":
		res.Verdict = Skipped
		r.Logf("%s", r.skip)
	}
	if res.Notes = r.said; !r.nested || len(r.said) > 0 {
		r.tell(res)
	}
}

func (r *report) Helper()                  {}
func (r *report) Context() context.Context { return r.ctx }

func (r *report) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *report) TempDir() string {
	dir, err := os.MkdirTemp("", "lab-plugin-test-*")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (r *report) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

func (r *report) Errorf(format string, args ...any) {
	r.Logf(format, args...)
	r.failed = true
}

func (r *report) Error(args ...any) { r.Errorf("%s", strings.TrimRight(fmt.Sprintln(args...), "\n")) }

func (r *report) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *report) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *report) Skipf(format string, args ...any) {
	r.skip = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
