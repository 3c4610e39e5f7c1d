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
	flushEvery = 250 * time.Millisecond
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

	due    chan struct{} // a batch shall be sent before the tick
	quit   chan struct{}
	sender sync.WaitGroup
}

func newOutbox(send func(*pb.Event) error) *outbox {
	o := &outbox{send: send, due: make(chan struct{}, 1), quit: make(chan struct{})}
	o.sender.Go(func() {
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-o.due:
			case <-tick.C:
			case <-o.quit:
				return
			}
			o.flush()
		}
	})
	return o
}

func (o *outbox) point(name string, step int64, t time.Duration, value float64) {
	o.gather.Lock()
	n := o.columns.Add(name, step, t, value)
	o.gather.Unlock()
	switch {
	case n >= maxBatch:
		o.flush()
	case n == wire.BatchPoints:
		o.hurry()
	}
}

// hurry has the sender send now.
func (o *outbox) hurry() {
	select {
	case o.due <- struct{}{}:
	default:
	}
}

func (o *outbox) report(p core.Progress) {
	o.gather.Lock()
	o.progress = &p
	turn := p.Epoch != o.epoch && time.Since(o.drained) > epochGap
	o.epoch = p.Epoch
	o.gather.Unlock()
	if turn {
		o.hurry()
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
	o.progress, o.drained = nil, time.Now()
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
