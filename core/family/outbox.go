package family

import (
	"errors"
	"sync"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// flushEvery bounds how long a point or a progress waits for company.
const flushEvery = 50 * time.Millisecond

// outbox sends the events of one run in order. Points are gathered into batches,
// and of the reports of progress within a tick only the last is sent: a recipe
// may call both at every step, however short its steps.
type outbox struct {
	mu       sync.Mutex
	send     func(*pb.Event) error
	columns  wire.Columns
	progress *core.Progress
	err      error // the first failure to send; nothing is sent after it
	quit     chan struct{}
	ticked   sync.WaitGroup
}

func newOutbox(send func(*pb.Event) error) *outbox {
	o := &outbox{send: send, quit: make(chan struct{})}
	o.ticked.Go(func() {
		t := time.NewTicker(flushEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				o.flush()
			case <-o.quit:
				return
			}
		}
	})
	return o
}

func (o *outbox) point(name string, step int64, t time.Duration, value float64) {
	o.mu.Lock()
	if o.columns.Add(name, step, t, value) >= wire.BatchPoints {
		o.put(o.columns.Take())
	}
	o.mu.Unlock()
}

func (o *outbox) report(p core.Progress) {
	o.mu.Lock()
	o.progress = &p
	o.mu.Unlock()
}

// event sends everything gathered so far, then e.
func (o *outbox) event(e *pb.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drain()
	o.put(e)
	return o.err
}

func (o *outbox) flush() {
	o.mu.Lock()
	o.drain()
	o.mu.Unlock()
}

func (o *outbox) drain() {
	o.put(o.columns.Take())
	if o.progress != nil {
		o.put(wire.FromEvent(*o.progress))
		o.progress = nil
	}
}

// put sends under the lock: a stream takes one message at a time, and a host
// that is slow slows the recipe down instead of filling memory.
func (o *outbox) put(e *pb.Event) {
	if e != nil && o.err == nil {
		o.err = o.send(e)
	}
}

// close sends everything gathered and the last event. What a goroutine that the
// recipe left behind says after that is dropped: the stream is no longer ours.
func (o *outbox) close(last *pb.Event) error {
	close(o.quit)
	o.ticked.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drain()
	o.put(last)
	err := o.err
	o.err = errClosed
	return err
}

var errClosed = errors.New("the run has ended")
