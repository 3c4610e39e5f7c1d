package family

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// stream is a source of random numbers whose state can be saved.
type stream struct {
	pcg  *rand.PCG
	rand *rand.Rand
}

// newStream seeds a stream from the run's seed and its purpose, so that a recipe
// that draws more for one purpose leaves the others as they were.
func newStream(seed uint64, purpose string) stream {
	h := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), purpose...))
	pcg := rand.NewPCG(binary.LittleEndian.Uint64(h[:8]), binary.LittleEndian.Uint64(h[8:16]))
	return stream{pcg, rand.New(pcg)}
}

// Rand returns the run's random stream for a purpose ("init", "shuffle",
// "noise"): the same one at every call, seeded from the run's seed and the
// purpose. [Session.Checkpoint] saves where every stream stands and
// [Session.Resume] sets it back. One goroutine at a time may use a stream.
func (s *Session) Rand(purpose string) *rand.Rand {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.streams[purpose]
	if !ok {
		st = newStream(s.spec.Seed, purpose)
		s.streams[purpose] = st
	}
	return st.rand
}
