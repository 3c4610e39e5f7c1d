package family

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"lab/core"
	"lab/core/internal/wire"
)

// checkpointMagic is the first line of a checkpoint. The second is the header as
// JSON; what the recipe saved follows.
const checkpointMagic = "lab checkpoint 1\n"

type checkpointHeader struct {
	Family  string                    `json:"family"`
	Version string                    `json:"version"`
	Recipe  string                    `json:"recipe"`
	Seed    uint64                    `json:"seed"`
	Step    int                       `json:"step"`
	Random  map[string][]byte         `json:"random"` // state of every stream, by purpose
	Best    map[string]checkpointBest `json:"best"`
}

type checkpointBest struct {
	Step  int64  `json:"step"`
	Value string `json:"value"` // a text: JSON knows no infinity
}

// Checkpoint writes a file from which the run can be resumed to the same bits:
// what save writes (weights, the optimiser's state, where the data stands) and,
// without being asked, the random streams and the best values. Call it between
// steps; step is the number of steps done. A second one at a step does nothing: a run
// may be stopped right after a checkpoint that was due. One that finds no room on the
// disk is left out.
func (s *Session) Checkpoint(step int, save func(io.Writer) error) error {
	if err := wire.CheckStep(int64(step)); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	h := checkpointHeader{Family: s.family.Name, Version: s.family.Version, Recipe: s.recipe.Name, Seed: s.spec.Seed,
		Step: step, Random: map[string][]byte{}, Best: map[string]checkpointBest{}}
	rel := fmt.Sprintf("checkpoints/%06d.ckpt", step)
	s.mu.Lock()
	if s.written[rel] {
		s.mu.Unlock()
		return nil
	}
	for purpose, st := range s.streams {
		state, err := st.pcg.MarshalBinary()
		if err != nil {
			s.mu.Unlock()
			return fmt.Errorf("checkpoint: random stream %s: %w", purpose, err)
		}
		h.Random[purpose] = state
	}
	for name, b := range s.series {
		if b.ok {
			h.Best[name] = checkpointBest{b.step, core.FormatFloat(b.value)}
		}
	}
	s.mu.Unlock()
	f, err := s.writeOnce(rel, func(w io.Writer) error {
		if _, err := io.WriteString(w, checkpointMagic); err != nil {
			return err
		}
		if err := json.NewEncoder(w).Encode(h); err != nil {
			return err
		}
		return save(w)
	})
	if err != nil {
		return s.leaveOut(fmt.Sprintf("checkpoint at step %d", step), err)
	}
	return s.out.event(wire.FromEvent(core.Checkpoint{Path: rel, SHA256: f.sha256, Bytes: f.bytes, Step: int64(step)}))
}

// Resume continues from a checkpoint if the run shall: it sets the random streams
// and the best values back, gives load what save wrote, and returns the step to go
// on with. It returns 0 and does nothing when the run starts afresh. Call it once
// the networks and the optimiser exist, before the loop.
func (s *Session) Resume(load func(io.Reader) error) (step int, err error) {
	s.mu.Lock()
	s.resumed = true
	s.mu.Unlock()
	if s.spec.Resume == "" {
		return 0, nil
	}
	f, err := os.Open(s.spec.Resume)
	if err != nil {
		return 0, &core.Error{Kind: core.Usage, Msg: "checkpoint", Err: err}
	}
	defer f.Close()
	r := bufio.NewReader(f)
	h, err := s.readHeader(r)
	if err != nil {
		return 0, err
	}
	if err := s.restore(h); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", s.spec.Resume, err)
	}
	if err := load(r); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", s.spec.Resume, err)
	}
	return h.Step, nil
}

func (s *Session) readHeader(r *bufio.Reader) (h checkpointHeader, err error) {
	bad := func(format string, args ...any) (checkpointHeader, error) {
		return h, &core.Error{Kind: core.Usage, Msg: "checkpoint " + s.spec.Resume + ": " + fmt.Sprintf(format, args...)}
	}
	magic := make([]byte, len(checkpointMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != checkpointMagic {
		return bad("not a checkpoint of lab")
	}
	head, err := r.ReadBytes('\n')
	if err != nil {
		return bad("cut off in its header")
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return bad("header: %v", err)
	}
	switch {
	case h.Family != s.family.Name || h.Recipe != s.recipe.Name:
		return bad("written by %s/%s, not by %s/%s", h.Family, h.Recipe, s.family.Name, s.recipe.Name)
	case h.Seed != s.spec.Seed:
		return bad("written with seed=%d; this run has seed=%d", h.Seed, s.spec.Seed)
	}
	return h, nil
}

func (s *Session) restore(h checkpointHeader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for purpose, st := range s.streams { // drawn from by building networks, but not yet when the checkpoint was written
		if h.Random[purpose] == nil {
			*st.pcg = *newStream(s.spec.Seed, purpose).pcg
		}
	}
	for purpose, state := range h.Random {
		st, ok := s.streams[purpose]
		if !ok {
			st = newStream(s.spec.Seed, purpose)
			s.streams[purpose] = st
		}
		if err := st.pcg.UnmarshalBinary(state); err != nil {
			return fmt.Errorf("random stream %s: %w", purpose, err)
		}
	}
	for name, b := range h.Best {
		v, err := core.ParseFloat(b.Value)
		if err != nil {
			return fmt.Errorf("best %s: %w", name, err)
		}
		s.series[name] = &best{goal: s.goal(name), step: b.Step, value: v, ok: true}
	}
	return nil
}
