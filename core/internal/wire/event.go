package wire

import (
	"fmt"
	"math"
	"time"

	"lab/core"
	"lab/core/internal/wire/pb"
)

// FromEvent carries every kind of event but [core.Metrics], which needs the
// stream's table of names: see [Columns].
func FromEvent(e core.Event) *pb.Event {
	switch e := e.(type) {
	case core.Progress:
		return &pb.Event{Kind: &pb.Event_Progress{Progress: &pb.Progress{Done: e.Done, Total: e.Total,
			Epoch: e.Epoch, Epochs: e.Epochs, Samples: e.Samples, Note: text(e.Note)}}}
	case core.Log:
		return &pb.Event{Kind: &pb.Event_Log{Log: &pb.Log{Level: int32(e.Level), Text: text(e.Text)}}}
	case core.Fact:
		return &pb.Event{Kind: &pb.Event_Fact{Fact: &pb.Fact{Key: text(e.Key), Value: text(e.Value)}}}
	case core.Artifact:
		return &pb.Event{Kind: &pb.Event_Artifact{Artifact: &pb.Artifact{Name: text(e.Name), Kind: text(e.Kind),
			Path: e.Path, Sha256: e.SHA256, Bytes: e.Bytes, Step: e.Step}}}
	case core.Checkpoint:
		return &pb.Event{Kind: &pb.Event_Checkpoint{Checkpoint: &pb.Checkpoint{Path: e.Path, Sha256: e.SHA256,
			Bytes: e.Bytes, Step: e.Step}}}
	}
	panic(fmt.Sprintf("wire: no message for %T", e))
}

// FromDone carries the last event; err, which may be nil, is what went wrong.
func FromDone(d core.Done, err error) *pb.Event {
	return &pb.Event{Kind: &pb.Event_Done{Done: &pb.Done{Status: string(d.Status), Reason: OneLine(text(d.Reason)), Error: FromError(err)}}}
}

// Reader turns the messages of one stream back into events.
type Reader struct {
	names []string // the stream's table
}

const (
	// maxNames bounds the table of names: a recipe that makes up a new metric at
	// every step would fill the database with names.
	maxNames = 10_000
	// maxStep is the greatest integer that every reader of the records (JSON,
	// spreadsheets, float64) tells from its neighbours.
	maxStep = 1 << 53
	// maxMicroseconds keeps a time within a time.Duration: 292 years.
	maxMicroseconds = math.MaxInt64 / int64(time.Microsecond)
)

// Event returns the event in m, or nil for a kind this side does not know. Only
// for [core.Done] the error may be what the run failed with; any other error
// means that the plugin broke the contract.
func (r *Reader) Event(m *pb.Event) (core.Event, error) {
	switch k := m.GetKind().(type) {
	case *pb.Event_Metrics:
		return r.metrics(k.Metrics)
	case *pb.Event_Progress:
		return progress(k.Progress), nil
	case *pb.Event_Log:
		return core.Log{Level: level(k.Log.GetLevel()), Text: text(k.Log.GetText())}, nil
	case *pb.Event_Fact:
		return core.Fact{Key: k.Fact.GetKey(), Value: flat(text(k.Fact.GetValue()))}, nil
	case *pb.Event_Artifact:
		a := k.Artifact
		return core.Artifact{Name: a.GetName(), Kind: a.GetKind(), Path: a.GetPath(), SHA256: a.GetSha256(),
			Bytes: a.GetBytes(), Step: a.GetStep()}, nil
	case *pb.Event_Checkpoint:
		c := k.Checkpoint
		return core.Checkpoint{Path: c.GetPath(), SHA256: c.GetSha256(), Bytes: c.GetBytes(), Step: c.GetStep()}, nil
	case *pb.Event_Done:
		d := core.Done{Status: core.Status(k.Done.GetStatus()), Reason: OneLine(k.Done.GetReason())}
		switch d.Status {
		case core.Finished, core.Failed, core.Cancelled:
			return d, ToError(k.Done.GetError())
		}
		return nil, fmt.Errorf("done with the unknown status %q", d.Status)
	}
	return nil, nil
}

func level(n int32) core.Level {
	return min(max(core.Level(n), core.Info), core.Fail)
}

// progress takes what cannot be for unknown: it is shown, and decides nothing.
func progress(p *pb.Progress) core.Progress {
	known := func(n int64) int64 { return max(n, 0) }
	return core.Progress{Done: known(p.GetDone()), Total: known(p.GetTotal()), Epoch: known(p.GetEpoch()), Epochs: known(p.GetEpochs()),
		Samples: known(p.GetSamples()), Note: OneLine(p.GetNote())}
}

// CheckStep tests the step of a point, an artifact or a checkpoint.
func CheckStep(n int64) error {
	if n < 0 || n > maxStep {
		return fmt.Errorf("step %d is not between 0 and 2^53", n)
	}
	return nil
}

func (r *Reader) metrics(m *pb.Metrics) (core.Event, error) {
	if len(r.names)+len(m.GetNames()) > maxNames {
		return nil, fmt.Errorf("more than %d different metrics", maxNames)
	}
	for _, name := range m.GetNames() {
		if !ValidMetric(name) {
			return nil, fmt.Errorf("%q is not a name for a metric", name)
		}
		r.names = append(r.names, name)
	}
	n := len(m.Name)
	if len(m.Step) != n || len(m.TimeUs) != n || len(m.Value) != n {
		return nil, fmt.Errorf("metric columns of %d, %d, %d and %d rows", n, len(m.Step), len(m.TimeUs), len(m.Value))
	}
	points := make([]core.Point, n)
	for i, id := range m.Name {
		if int(id) >= len(r.names) {
			return nil, fmt.Errorf("metric number %d of %d", id, len(r.names))
		}
		if err := CheckStep(m.Step[i]); err != nil {
			return nil, fmt.Errorf("metric %s: %w", r.names[id], err)
		}
		at := min(max(m.TimeUs[i], 0), maxMicroseconds)
		points[i] = core.Point{Metric: r.names[id], Step: m.Step[i], Time: time.Duration(at) * time.Microsecond, Value: m.Value[i]}
	}
	return core.Metrics{Points: points}, nil
}
