package wire

import (
	"time"

	"lab/core/internal/wire/pb"
)

// Columns gathers the points of one stream into batches. It is not safe for
// concurrent use.
type Columns struct {
	ids   map[string]uint32 // the stream's table of names
	batch *pb.Metrics
}

// BatchPoints is the number of points at which a batch is due. It may grow while
// the line is busy.
const BatchPoints = 1024

// firstPoints is the room a batch begins with.
const firstPoints = 64

// Add appends a point and returns the number of points gathered.
func (c *Columns) Add(name string, step int64, t time.Duration, value float64) int {
	b := c.batch
	if b == nil {
		b = &pb.Metrics{
			Name:   make([]uint32, 0, firstPoints),
			Step:   make([]int64, 0, firstPoints),
			TimeUs: make([]int64, 0, firstPoints),
			Value:  make([]float64, 0, firstPoints),
		}
		c.batch = b
	}
	id, known := c.ids[name]
	if !known {
		if c.ids == nil {
			c.ids = map[string]uint32{}
		}
		id = uint32(len(c.ids))
		c.ids[name] = id
		b.Names = append(b.Names, text(name))
	}
	b.Name = append(b.Name, id)
	b.Step = append(b.Step, step)
	b.TimeUs = append(b.TimeUs, t.Microseconds())
	b.Value = append(b.Value, value)
	return len(b.Name)
}

// Take returns the batch gathered so far, or nil if there is none.
func (c *Columns) Take() *pb.Event {
	if c.batch == nil {
		return nil
	}
	e := &pb.Event{Kind: &pb.Event_Metrics{Metrics: c.batch}}
	c.batch = nil
	return e
}
