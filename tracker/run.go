package tracker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lab/core"
)

// ErrSpooled is returned, wrapped, by [Run.Close] when the database would not
// take everything to the end; the rest is in the spool, or lost when the error
// says so.
var ErrSpooled = errors.New("not everything is in the database")

// Run is a run being recorded. It is a [core.Sink].
type Run struct {
	db    *DB
	head  started
	dir   string
	began time.Time // of a resumed run as if it had never stopped
	state runState

	attempt int // from 1

	progress atomic.Pointer[core.Progress]
	told     *core.Progress // of the writer: what the database has
	beat     time.Time      // of the writer: the last heartbeat

	background sync.WaitGroup // captures still under way

	mu      sync.Mutex // everything below
	log     *os.File
	metrics map[string]bool // names found fit
	points  request         // reused
	spool   *spool          // non-nil while the database takes nothing
	trouble error           // the first
	logless bool            // the log could not be written, and that was told
	done    *core.Done
	closed  bool
}

// UID is the run's name in every database, 16 characters.
func (r *Run) UID() string { return r.head.UID }

// Dir is the folder for the files of the run.
func (r *Run) Dir() string { return r.dir }

// Trouble returns why events went to a spool at any time of the run, or nil.
func (r *Run) Trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble
}

// Put records one event; see the package comment for what it waits for. When the
// database fails, Put spools the event and returns nil: a run is not stopped for
// its tracker. An error means that the event itself is wrong (kind PluginError:
// a metric without a name, a path outside the run's folder) or came too late.
func (r *Run) Put(ev core.Event) error {
	switch e := ev.(type) {
	case core.Metrics:
		return r.putPoints(e.Points)
	case core.Progress:
		r.progress.Store(&e)
		return nil
	case core.Log:
		return r.putLog(e)
	case core.Fact:
		if !isPrintable(e.Key) {
			return badEvent("a fact's key is %q", e.Key)
		}
		return r.put(record{Fact: &e})
	case core.Artifact:
		if !filepath.IsLocal(filepath.FromSlash(e.Path)) || !isPrintable(e.Name) {
			return badEvent("artifact %q has the path %q, which is not below the run's folder", e.Name, e.Path)
		}
		return r.put(record{Artifact: &e})
	case core.Checkpoint:
		if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
			return badEvent("a checkpoint has the path %q, which is not below the run's folder", e.Path)
		}
		return r.put(record{Artifact: &core.Artifact{Name: checkpointKind, Kind: checkpointKind,
			Path: e.Path, SHA256: e.SHA256, Bytes: e.Bytes, Step: e.Step}})
	case core.Done:
		if e.Status == core.Running || e.Status == "" {
			return badEvent("a run cannot end as %q", e.Status)
		}
		r.mu.Lock()
		r.done = &e
		r.mu.Unlock()
		return r.put(record{End: r.ending(e.Status, e.Reason)})
	}
	return badEvent("unknown event %T", ev)
}

func badEvent(format string, args ...any) error {
	return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf(format, args...)}
}

func isPrintable(s string) bool {
	return s != "" && len(s) <= 200 && strings.IndexFunc(s, func(c rune) bool { return !strconv.IsPrint(c) }) < 0
}

// putPoints is put for points, without an allocation in the ordinary case.
func (r *Run) putPoints(ps []core.Point) error {
	if len(ps) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.tooLate()
	}
	for i := range ps {
		if name := ps[i].Metric; !r.metrics[name] {
			if !isPrintable(name) {
				return badEvent("a metric is called %q", name)
			}
			if r.metrics == nil {
				r.metrics = map[string]bool{}
			}
			r.metrics[name] = true
		}
	}
	if r.spool == nil {
		r.points.run, r.points.points = &r.state, ps
		err := r.db.w.submit(&r.points)
		r.points.points = nil
		if err == nil || err == errClosed {
			return err
		}
		r.degrade(err)
	}
	r.keep(record{Points: pointRecords(ps, r.state.offset)})
	return nil
}

// put writes a record to the database or, failing that, to the spool.
func (r *Run) put(rec record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.tooLate()
	}
	if r.spool == nil {
		err := r.db.w.do(func(c *conn) error { return rec.apply(r.db.w, c, &r.state) })
		if err == nil || err == errClosed {
			return err
		}
		r.degrade(err)
	}
	r.keep(rec)
	return nil
}

func (r *Run) tooLate() error {
	return &core.Error{Kind: core.PluginError, Msg: "run " + r.head.UID + " is closed and takes no more events"}
}

// putLog appends a line: seconds since the start, level, text.
func (r *Run) putLog(l core.Log) error {
	level := "info"
	switch l.Level {
	case core.Warn:
		level = "warn"
	case core.Fail:
		level = "fail"
	}
	text := strings.ReplaceAll(strings.TrimRight(l.Text, "\n"), "\n", "\n\t") // a line that goes on is indented
	line := fmt.Sprintf("%10.3f %s %s\n", r.elapsed().Seconds(), level, text)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.tooLate()
	}
	if _, err := r.log.WriteString(line); err != nil {
		r.tellOfLog(err)
	}
	return nil
}

func (r *Run) elapsed() time.Duration { return max(0, r.db.opts.Now().Sub(r.began)) }

// Exit is how a run ended, as seen by the host.
type Exit struct {
	Status     core.Status // "" means as the run's own Done said, else Crashed
	Reason     string      // one line; "" for the reason of Done
	Code       *int        // exit code of the plugin's process, nil when it has none
	Signal     string      // the signal that killed it, or ""
	PeakMemory int64       // bytes, 0 when unknown
}

// Close waits for captures under way, writes the final state and ends the
// recording. A second Close does nothing. The error wraps [ErrSpooled] when the
// database would not take everything.
func (r *Run) Close(x Exit) error {
	r.waitBackground()
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	done := r.done
	r.mu.Unlock()
	if x.Status == "" {
		x.Status = core.Crashed
		if done != nil {
			x.Status = done.Status
		}
	}
	if x.Reason == "" && done != nil && done.Status == x.Status {
		x.Reason = done.Reason
	}
	end := r.ending(x.Status, x.Reason)
	end.Code, end.Signal, end.PeakMemory, end.Progress = x.Code, x.Signal, x.PeakMemory, r.progress.Load()
	err := r.put(record{End: end}) // only errClosed: the database was closed first

	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.db.w.do(func(*conn) error { delete(r.db.w.live, r); return nil })
	if r.spool == nil || r.recover() {
		r.log.Close()
		if err == nil {
			r.db.tidy(r.state.id, r.dir) // or else the next command will
		}
		return err
	}
	r.log.Close()
	err = r.spool.abandon(r)
	r.db.unwritten.Store(r.state.id, true)
	return err
}

func (r *Run) ending(s core.Status, reason string) *ending {
	elapsed := r.elapsed()
	return &ending{Status: s, Reason: reason, Elapsed: elapsed.Milliseconds(), At: r.db.opts.Now().UnixMilli()}
}
