package family

import (
	"testing"
	"testing/synctest"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// What is logged is sent within a quarter of a second, together; a full batch and a
// new epoch are sent at once, but not an epoch right after the one before.
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
			if points != wantPoints || reports != wantReports || messages != wantMessages {
				t.Errorf("%s: %d points and %d reports in %d messages; want %d, %d and %d", when, points, reports, messages, wantPoints, wantReports, wantMessages)
			}
		}
		log := func(n int) {
			for i := range n {
				o.point("loss", int64(i), 0, 1)
			}
		}
		log(10)
		time.Sleep(200 * time.Millisecond)
		log(10)
		expect("before the tick", 0, 0, 0)
		time.Sleep(60 * time.Millisecond)
		expect("after it", 20, 0, 1)
		log(wire.BatchPoints)
		expect("a full batch", 20+wire.BatchPoints, 0, 2)
		time.Sleep(100 * time.Millisecond)
		log(5)
		o.report(core.Progress{Done: 1, Epoch: 1})
		expect("a new epoch", 25+wire.BatchPoints, 1, 4)
		log(5)
		o.report(core.Progress{Done: 2, Epoch: 2})
		o.report(core.Progress{Done: 3, Epoch: 3})
		expect("epochs in a hurry", 25+wire.BatchPoints, 1, 4)
		time.Sleep(250 * time.Millisecond)
		expect("their tick", 30+wire.BatchPoints, 2, 6)
		if err := o.close(wire.FromDone(core.Done{Status: core.Finished}, nil)); err != nil {
			t.Error(err)
		}
		expect("the end", 30+wire.BatchPoints, 2, 7)
	})
}
