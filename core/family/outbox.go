package family

import (
	"errors"
	"sync"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

const (
	// flushEvery bounds how long a point or a progress waits for company. Each
	// batch costs a training that uses all cores a millisecond, in this process
	// and in the host's, however small it is.
	flushEvery = time.Second
	// company is how long the first point after a pause waits for those that are
	// logged with it.
	company = 20 * time.Millisecond
	// epochGap is how long after a batch a new epoch has the next one sent: who
	// follows the run gets a line an epoch.
	epochGap = 50 * time.Millisecond
	// maxBatch is where a recipe that logs faster than the host takes it has to
	// wait. Until then a batch grows, which makes points cheaper for both sides.
	maxBatch = 4 * wire.BatchPoints
)

// outbox sends the events of one run in order. Points are gathered into batches,
// and of the reports of progress within a tick only the last is sent: a recipe
// may call both at every step, however short its steps.
type outbox struct {
	gather   sync.Mutex // guards what is gathered; held for moments
	columns  wire.Columns
	progress *core.Progress
	epoch    int64     // last reported
	drained  time.Time // when a batch was taken last

	line sync.Mutex // a stream takes one message at a time; held while sending
	send func(*pb.Event) error
	err  error // the first failure to send; nothing is sent after it

	some   chan struct{} // something has been gathered
	due    chan struct{} // it shall be sent now
	quit   chan struct{}
	sender sync.WaitGroup
}

func newOutbox(send func(*pb.Event) error) *outbox {
	o := &outbox{send: send, some: make(chan struct{}, 1), due: make(chan struct{}, 1), quit: make(chan struct{})}
	o.sender.Go(func() {
		for {
			select {
			case <-o.some:
			case <-o.quit:
				return
			}
			select {
			case <-o.due:
			case <-time.After(o.patience()):
			case <-o.quit:
				return
			}
			o.flush()
		}
	})
	return o
}

// patience is how long what has begun to gather may wait.
func (o *outbox) patience() time.Duration {
	o.gather.Lock()
	defer o.gather.Unlock()
	return max(company, flushEvery-time.Since(o.drained))
}

func (o *outbox) point(name string, step int64, t time.Duration, value float64) {
	o.gather.Lock()
	n := o.columns.Add(name, step, t, value)
	o.gather.Unlock()
	switch {
	case n == 1:
		wake(o.some)
	case n >= maxBatch:
		o.flush()
	case n == wire.BatchPoints:
		wake(o.due)
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (o *outbox) report(p core.Progress) {
	o.gather.Lock()
	first := o.progress == nil
	o.progress = &p
	turn := p.Epoch != o.epoch && time.Since(o.drained) > epochGap
	o.epoch = p.Epoch
	o.gather.Unlock()
	if first {
		wake(o.some)
	}
	if turn {
		wake(o.due)
	}
}

// event sends everything gathered so far, then e.
func (o *outbox) event(e *pb.Event) error {
	o.line.Lock()
	defer o.line.Unlock()
	o.drain()
	o.put(e)
	return o.err
}

func (o *outbox) flush() {
	o.line.Lock()
	o.drain()
	o.line.Unlock()
}

// drain sends what is gathered. The caller holds o.line.
func (o *outbox) drain() {
	o.gather.Lock()
	batch, progress := o.columns.Take(), o.progress
	o.progress = nil
	if batch != nil || progress != nil {
		o.drained = time.Now()
	}
	o.gather.Unlock()
	o.put(batch)
	if progress != nil {
		o.put(wire.FromEvent(*progress))
	}
}

func (o *outbox) put(e *pb.Event) {
	if e != nil && o.err == nil {
		o.err = o.send(e)
	}
}

// close sends everything gathered and the last event. What a goroutine that the
// recipe left behind says after that is dropped: the stream is no longer ours.
func (o *outbox) close(last *pb.Event) error {
	close(o.quit)
	o.sender.Wait()
	o.line.Lock()
	defer o.line.Unlock()
	o.drain()
	o.put(last)
	err := o.err
	o.err = errClosed
	return err
}

var errClosed = errors.New("the run has ended")
