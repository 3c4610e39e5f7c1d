package tracker

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"lab/core"
)

const (
	// A transaction takes at most so many requests: enough that its one fsync
	// is cheap a point, few enough that nobody waits long.
	groupRequests = 1024
	groupPoints   = 20_000

	tick         = time.Second     // how often progress may reach the database
	heartbeatGap = 5 * time.Second // how often a run that says nothing shows that it lives
)

var (
	errClosed = &core.Error{Kind: core.Storage, Msg: "the tracker is closed"}
	errGone   = errors.New("the database file was removed or replaced while it was in use")
)

// writer is the one goroutine of a process that writes. It takes whatever has
// queued up while the last commit waited for the disk and commits it together.
type writer struct {
	db      *DB
	c       *conn
	queue   chan *request
	quit    chan struct{}
	stopped chan struct{}
	once    sync.Once
	err     error // of closing; read after stopped

	// Of the goroutine.
	names map[string]int64 // metric name → id
	live  map[*Run]bool
	file  os.FileInfo // of lab.db when it was opened
	gone  bool
	rows  rowBuffer

	// Of recent, see points.
	recent  rowBuffer
	added   int   // rows since the last look
	clock   int64 // counts appends and settlings
	settled int64 // when recent was emptied last
}

// request asks for one thing to be written: points of a run, or whatever do does.
type request struct {
	run    *runState
	points []core.Point
	do     func(c *conn) error
	alone  func(c *conn) error // in no transaction
	done   chan error          // capacity 1
}

// runState is what the writer keeps of a run it has written to.
type runState struct {
	id     int64
	series map[string]*series
	offset time.Duration // of a resumed run: when it went on from
}

func startWriter(db *DB, c *conn) *writer {
	w := &writer{
		db: db, c: c,
		queue: make(chan *request, groupRequests),
		quit:  make(chan struct{}), stopped: make(chan struct{}),
		names: map[string]int64{}, live: map[*Run]bool{},
		rows: rowBuffer{inserts: insertPoints}, recent: rowBuffer{inserts: insertRecents},
	}
	w.file, _ = os.Stat(db.path)
	go w.loop()
	return w
}

// submit queues r and waits until it is committed or has failed.
func (w *writer) submit(r *request) error {
	if r.done == nil {
		r.done = make(chan error, 1)
	}
	select {
	case w.queue <- r:
	case <-w.stopped:
		return errClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-w.stopped:
		select {
		case err := <-r.done:
			return err
		default:
			return errClosed
		}
	}
}

// do runs f in a transaction of the writer.
func (w *writer) do(f func(c *conn) error) error { return w.submit(&request{do: f}) }

// outside runs f on the writer's connection between transactions.
func (w *writer) outside(f func(c *conn) error) error { return w.submit(&request{alone: f}) }

func (w *writer) stop() error {
	w.once.Do(func() { close(w.quit) })
	<-w.stopped
	return w.err
}

func (w *writer) loop() {
	defer close(w.stopped)
	beat := time.NewTicker(tick)
	defer beat.Stop()
	group := make([]*request, 0, groupRequests)
	for {
		select {
		case r := <-w.queue:
			group = w.gather(append(group[:0], r))
			w.write(group)
		case <-beat.C:
			w.heartbeats()
		case <-w.quit:
			for len(w.queue) > 0 {
				w.write(w.gather(group[:0]))
			}
			w.err = w.c.close()
			return
		}
	}
}

// gather adds what is queued already. When that runs out it lets others run for
// a moment, for as long as that brings more: the runs whose last commit has just
// been answered are about to ask for the next, and would wait for a whole fsync
// more if this one left without them.
func (w *writer) gather(group []*request) []*request {
	points := 0
	for _, r := range group {
		points += len(r.points)
	}
	for yielded := false; len(group) < groupRequests && points < groupPoints; {
		select {
		case r := <-w.queue:
			points += len(r.points)
			group = append(group, r)
			yielded = false
		default:
			if yielded {
				return group
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return group
}

// write commits the group and answers every request in it. When one request
// spoils the transaction for the others, each gets one of its own.
func (w *writer) write(group []*request) {
	group = slices.DeleteFunc(group, func(r *request) bool {
		if r.alone != nil {
			r.done <- r.alone(w.c)
		}
		return r.alone != nil
	})
	if len(group) == 0 {
		return
	}
	err := w.transact(group)
	if err != nil && len(group) > 1 && !failsAll(err) {
		for _, r := range group {
			r.done <- w.transact([]*request{r})
		}
		return
	}
	for _, r := range group {
		r.done <- err
	}
}

func (w *writer) transact(group []*request) (err error) {
	if w.gone {
		return errGone
	}
	if err := patiently(func() error { return w.c.exec("BEGIN IMMEDIATE") }); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			w.c.rollback()
			w.forget(group)
		}
	}()
	for _, r := range group {
		if r.do != nil {
			err = r.do(w.c)
		} else {
			err = w.points(r.run, r.points, r.run.offset)
		}
		if err != nil {
			return err
		}
	}
	for _, r := range group {
		if r.run != nil {
			if err := w.flush(w.c, r.run); err != nil {
				return err
			}
		}
	}
	if err := w.settleSome(); err != nil {
		return err
	}
	return w.c.exec("COMMIT")
}

// flush writes what points has kept back.
func (w *writer) flush(c *conn, r *runState) error {
	if err := w.rows.flush(c); err != nil {
		return err
	}
	if err := w.recent.flush(c); err != nil {
		return err
	}
	for _, s := range r.series {
		if err := s.flush(c, r.id); err != nil {
			return err
		}
	}
	return nil
}

// forget drops what was derived from a transaction that was rolled back.
func (w *writer) forget(group []*request) {
	w.rows.reset()
	w.recent.reset()
	w.settled = 0 // perhaps within that transaction
	clear(w.names)
	for _, r := range group {
		if r.run != nil {
			r.run.series = nil
		}
	}
}

// heartbeats writes the progress of live runs that have made some, and the time
// for those that have been silent for a while.
func (w *writer) heartbeats() {
	if now, err := os.Stat(w.db.path); err != nil || w.file == nil || !os.SameFile(now, w.file) {
		// SQLite would go on writing to a file without a name.
		w.gone = true
		return
	}
	now := w.db.opts.Now()
	var due []*Run
	for r := range w.live {
		if p := r.progress.Load(); p != r.told || now.Sub(r.beat).Abs() >= heartbeatGap {
			due = append(due, r)
		}
	}
	if len(due) == 0 {
		return
	}
	err := w.transact([]*request{{do: func(c *conn) error {
		for _, r := range due {
			p := r.progress.Load()
			if err := writeProgress(c, r.state.id, p, now); err != nil {
				return err
			}
			r.told, r.beat = p, now
		}
		return nil
	}}})
	_ = err // no loss: the next tick says it again, and the next event finds the trouble
}

// writeProgress also takes back what another machine concluded from a heartbeat
// that came late: a run that writes is not lost.
func writeProgress(c *conn, run int64, p *core.Progress, now time.Time) error {
	if p == nil {
		p = &core.Progress{}
	}
	return c.exec(`UPDATE run SET heartbeat=?,done=?,total=?,epoch=?,epochs=?,samples=?,doing=?,
		reason=iif(status='lost','',reason), ended=iif(status='lost',NULL,ended), status=iif(status='lost','running',status) WHERE id=?`,
		now.UnixMilli(), p.Done, p.Total, p.Epoch, p.Epochs, p.Samples, p.Note, run)
}
