package familytest

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// report is the T of a command: it writes a line when a check ends, and what the
// check said below it.
type report struct {
	out    io.Writer
	ctx    context.Context
	name   string
	failed bool
	skip   string
	nested bool // it has checks of its own, which have lines of their own

	mu       sync.Mutex
	said     []string
	cleanups []func()
}

func newReport(ctx context.Context, out io.Writer) *report { return &report{ctx: ctx, out: out} }

func (r *report) Run(name string, f func(T)) bool {
	r.nested = true
	c := &report{out: r.out, name: strings.TrimPrefix(r.name+"/"+name, "/")}
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
	c.write(time.Since(begin))
	r.failed = r.failed || c.failed
	return !c.failed
}

func (r *report) write(took time.Duration) {
	verdict := "ok"
	switch {
	case r.skip != "":
		verdict = "skip"
		r.Logf("%s", r.skip)
	case r.failed:
		verdict = "FAIL"
	}
	if r.name != "" && (!r.nested || len(r.said) > 0) {
		fmt.Fprintf(r.out, "%-4s  %s  %.1fs\n", verdict, r.name, took.Seconds())
	}
	for _, s := range r.said {
		fmt.Fprintln(r.out, "      "+strings.ReplaceAll(s, "\n", "\n      "))
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
