package family

import (
	"testing"
	"testing/synctest"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// What is logged is sent together, within a quarter of a second, and after a pause at
// once; so are a full batch and a new epoch, but not an epoch right after the one before.
func TestWhenAnOutboxSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var points, reports, messages int
		o := newOutbox(func(e *pb.Event) error {
			messages++
			points += len(e.GetMetrics().GetName())
			if e.GetProgress() != nil {
				reports++
			}
			return nil
		})
		expect := func(when string, wantPoints, wantReports, wantMessages int) {
			t.Helper()
			synctest.Wait()
			o.line.Lock() // send is called with it
			defer o.line.Unlock()
			if points != wantPoints || reports != wantReports || messages != wantMessages {
				t.Errorf("%s: %d points and %d reports in %d messages; want %d, %d and %d", when, points, reports, messages, wantPoints, wantReports, wantMessages)
			}
		}
		log := func(n int) {
			for i := range n {
				o.point("loss", int64(i), 0, 1)
			}
		}
		if err := o.event(wire.FromEvent(core.Fact{Key: "data", Value: "x"})); err != nil { // is sent by itself, and delays nothing
			t.Fatal(err)
		}
		o.line.Lock()
		messages = 0
		o.line.Unlock()
		log(10)
		expect("the first", 0, 0, 0)
		time.Sleep(company)
		expect("with those beside it", 10, 0, 1)
		log(10)
		time.Sleep(200 * time.Millisecond)
		log(10)
		expect("within a second", 10, 0, 1)
		time.Sleep(flushEvery - 200*time.Millisecond)
		expect("after it", 30, 0, 2)
		log(wire.BatchPoints)
		expect("a full batch", 30+wire.BatchPoints, 0, 3)
		time.Sleep(100 * time.Millisecond)
		log(5)
		o.report(core.Progress{Done: 1, Epoch: 1})
		expect("a new epoch", 35+wire.BatchPoints, 1, 5)
		log(5)
		o.report(core.Progress{Done: 2, Epoch: 2})
		o.report(core.Progress{Done: 3, Epoch: 3})
		expect("epochs in a hurry", 35+wire.BatchPoints, 1, 5)
		time.Sleep(flushEvery)
		expect("their turn", 40+wire.BatchPoints, 2, 7)
		time.Sleep(time.Hour)
		log(1)
		time.Sleep(company)
		expect("after a pause", 41+wire.BatchPoints, 2, 8)
		if err := o.close(wire.FromDone(core.Done{Status: core.Finished}, nil)); err != nil {
			t.Error(err)
		}
		expect("the end", 41+wire.BatchPoints, 2, 9)
	})
}
