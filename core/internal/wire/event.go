package wire

import (
	"fmt"
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

// maxNames bounds the table of names: a recipe that makes up a new metric at
// every step would fill the database with names.
const maxNames = 10_000

// Event returns the event in m, or nil for a kind this side does not know. Only
// for [core.Done] the error may be what the run failed with; any other error
// means that the plugin broke the contract.
func (r *Reader) Event(m *pb.Event) (core.Event, error) {
	switch k := m.GetKind().(type) {
	case *pb.Event_Metrics:
		return r.metrics(k.Metrics)
	case *pb.Event_Progress:
		p := k.Progress
		return core.Progress{Done: p.GetDone(), Total: p.GetTotal(), Epoch: p.GetEpoch(), Epochs: p.GetEpochs(),
			Samples: p.GetSamples(), Note: OneLine(p.GetNote())}, nil
	case *pb.Event_Log:
		return core.Log{Level: level(k.Log.GetLevel()), Text: k.Log.GetText()}, nil
	case *pb.Event_Fact:
		return core.Fact{Key: k.Fact.GetKey(), Value: k.Fact.GetValue()}, nil
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

func (r *Reader) metrics(m *pb.Metrics) (core.Event, error) {
	for _, name := range m.GetNames() {
		if !ValidMetric(name) {
			return nil, fmt.Errorf("%q is not a name for a metric", name)
		}
		r.names = append(r.names, name)
	}
	if len(r.names) > maxNames {
		return nil, fmt.Errorf("more than %d different metrics", maxNames)
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
		points[i] = core.Point{Metric: r.names[id], Step: m.Step[i],
			Time: time.Duration(m.TimeUs[i]) * time.Microsecond, Value: m.Value[i]}
	}
	return core.Metrics{Points: points}, nil
}
