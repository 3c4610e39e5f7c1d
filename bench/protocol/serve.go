package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// ErrMissing is wrapped by the errors of a Builder that has no such workload.
var ErrMissing = errors.New("")

// Missing says why a contender has no such workload.
func Missing(format string, args ...any) error {
	return fmt.Errorf(format+"%w", append(args, ErrMissing)...)
}

// Work is a workload that is ready to run.
type Work struct {
	Parameters int              // trained values
	Step       func()           // one step of training, or one inference
	Losses     func() []float64 // of the step before
}

// Builder makes what a contender can run.
type Builder interface {
	Versions() []string
	Build(Request) (*Work, error)
}

// Serve answers the requests on in until it ends.
func Serve(in io.Reader, out io.Writer, b Builder) error {
	lines := bufio.NewScanner(in)
	answers := json.NewEncoder(out)
	var work *Work
	for lines.Scan() {
		var r Request
		err := json.Unmarshal(lines.Bytes(), &r)
		var a Reply
		if err == nil {
			a, err = answer(b, &work, r)
		}
		switch {
		case errors.Is(err, ErrMissing):
			a.Missing = err.Error()
		case err != nil:
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return lines.Err()
}

// answer does what is asked. An engine that panics has failed at this workload; it may
// yet do the next.
func answer(b Builder, work **Work, r Request) (a Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s", strings.SplitN(fmt.Sprint(p), "\n", 2)[0])
		}
	}()
	if r.Do == Check || r.Do == Time {
		if *work == nil {
			return Reply{}, fmt.Errorf("%s: nothing is built", r.Do)
		}
	}
	switch r.Do {
	case Hello:
		return Reply{Versions: b.Versions()}, nil
	case Build:
		*work = nil
		w, err := b.Build(r)
		if err != nil {
			return Reply{}, err
		}
		*work = w
		return Reply{Parameters: w.Parameters}, nil
	case Check:
		for range r.Steps {
			(*work).Step()
			a.Losses = append(a.Losses, (*work).Losses()...)
		}
		for i, l := range a.Losses {
			if math.IsNaN(l) || math.IsInf(l, 0) { // which JSON cannot say
				return Reply{}, fmt.Errorf("loss %d is %v", i+1, l)
			}
		}
		return a, nil
	case Time:
		step := (*work).Step
		for range r.Warm {
			step()
		}
		start := time.Now()
		for range r.Steps {
			step()
		}
		return Reply{Seconds: time.Since(start).Seconds()}, nil
	}
	return Reply{}, fmt.Errorf("unknown request %q", r.Do)
}
