package tracker

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"sort"
)

// chain is the running hash of one metric of one run: it starts as 32 zero bytes
// and every point, in the order of arrival, makes it
//
//	chain = SHA-256(chain ‖ step ‖ bits)
//
// with the step and the value's IEEE 754 bits as eight big-endian bytes each.
// Every NaN counts as 0x7ff8000000000001 and -0 as +0, as the database keeps
// them. Times are not hashed. Metrics have chains of their own so that two runs
// that log the same metrics in another order agree, and so that a comparison can
// say which metric differs.
//
// The hash of a run is SHA-256 over, for each metric with points, in byte order
// of the names,
//
//	"metric" 0 name 0 chain
//
// and then, for each artifact of kind "model", ordered by name, then step,
//
//	"model" 0 name 0 step sha256
//
// with the step as eight big-endian bytes and the file's hash as 32 bytes. It
// is kept on the row once the run has ended; the chains are kept with every
// commit, so a run that was killed has one too.
type chain [sha256.Size]byte

func (c *chain) add(step int64, value float64) {
	var b [sha256.Size + 16]byte
	copy(b[:], c[:])
	binary.BigEndian.PutUint64(b[32:], uint64(step))
	binary.BigEndian.PutUint64(b[40:], storedBits(value))
	*c = sha256.Sum256(b[:])
}

// storedBits returns the bits of v as they would come back from the database.
func storedBits(v float64) uint64 {
	switch {
	case v != v:
		return 0x7ff8000000000001
	case v == 0:
		return 0
	}
	return math.Float64bits(v)
}

// model is what a run's hash takes of a model file.
type model struct {
	name   string
	step   int64
	sha256 string // hex
}

func runHash(chains map[string]chain, models []model) []byte {
	names := make([]string, 0, len(chains))
	for n := range chains {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	for _, n := range names {
		c := chains[n]
		h.Write([]byte("metric\x00" + n + "\x00"))
		h.Write(c[:])
	}
	sort.Slice(models, func(i, j int) bool {
		a, b := models[i], models[j]
		return a.name < b.name || a.name == b.name && a.step < b.step
	})
	for _, m := range models {
		sum, _ := hex.DecodeString(m.sha256)
		h.Write([]byte("model\x00" + m.name + "\x00"))
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(m.step)))
		h.Write(sum)
	}
	return h.Sum(nil)
}
