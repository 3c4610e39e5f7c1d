package core

import "time"

// Event is what a run says while it goes on: one of [Metrics], [Progress],
// [Log], [Fact], [Artifact], [Checkpoint] or [Done].
type Event interface{ event() }

// Sink takes the events of one run, in order. Put may be called from one
// goroutine at a time; it returns once the event is safe or the sink has failed.
type Sink interface {
	Put(Event) error
}

// Point is one value of one metric. NaN and ±Inf are values like any other.
type Point struct {
	Metric string
	Step   int64
	Time   time.Duration // since the start of the run
	Value  float64
}

// Metrics is a batch of points in the order they were logged.
type Metrics struct{ Points []Point }

// Progress tells how far the run is, in units the recipe chooses.
type Progress struct {
	Done, Total int64  // steps; Total 0 means unknown
	Epoch       int64  // 1 for the first; 0 means that the recipe has no epochs
	Epochs      int64  // 0 means unknown
	Samples     int64  // training examples seen so far
	Note        string // what it is doing, where that is not training: "evaluating"
}

// Level is the severity of a log line.
type Level int

const (
	Info Level = iota
	Warn
	Fail // an error the run did not survive
)

// Log is one line of the run's log.
type Log struct {
	Level Level
	Text  string
}

// Fact is something about the run that is not a metric: the data set's hash,
// the instruction set, the size of a model. Keys are dotted lower case.
type Fact struct{ Key, Value string }

// Artifact is a file the run wrote below its folder.
type Artifact struct {
	Name   string // unique within the run at one step: "samples"
	Kind   string // "image", "table", "text", "model" or "file"
	Path   string // relative to the run's folder, slashes
	SHA256 string // lower-case hex
	Bytes  int64
	Step   int64
}

// Checkpoint is a file from which the run can be resumed to the same bits.
type Checkpoint struct {
	Path   string // relative to the run's folder
	SHA256 string
	Bytes  int64
	Step   int64
}

// Done is the last event of a run that ended by itself or by Stop.
type Done struct {
	Status Status // Finished, Failed or Cancelled
	Reason string // one line; "" when finished
}

func (Metrics) event()    {}
func (Progress) event()   {}
func (Log) event()        {}
func (Fact) event()       {}
func (Artifact) event()   {}
func (Checkpoint) event() {}
func (Done) event()       {}

// Status is where a run stands. The strings are stored; never rename one.
type Status string

const (
	Running   Status = "running"
	Finished  Status = "finished"  // ended as the recipe meant it to
	Failed    Status = "failed"    // the recipe returned an error or panicked
	Crashed   Status = "crashed"   // the plugin's process died
	Cancelled Status = "cancelled" // stopped by the user, checkpointed
	Lost      Status = "lost"      // the host died; found at a later command
)
