package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"lab/core"
)

// Split divides a set three ways: Train to learn from, Val to choose
// hyperparameters by, Test to be read once, at the end.
type Split struct {
	Train, Val, Test View
	Seed             uint64

	// SHA256 says which examples went where: the hash of the three views, each
	// its length and then its positions in the source's part, 4 bytes each,
	// little-endian.
	SHA256 string
}

// Split cuts val examples off the training set, at random but each class its
// share; Test is what the source calls test. The seed alone determines the cut,
// so that it can be held fixed while the seed of the run varies.
func (s *Set) Split(val int, seed uint64) (*Split, error) {
	all := All(s.Train)
	if val < 0 || val >= all.Len() {
		return nil, &core.Error{Kind: core.Usage,
			Msg: fmt.Sprintf("cannot keep %d of the %d training examples of %s for validation", val, all.Len(), s.Name),
			Try: fmt.Sprintf("a number from 0 to %d", all.Len()-1)}
	}
	sp := &Split{Seed: seed, Test: All(s.Test)}
	sp.Val, sp.Train = all.Cut(val, seed)
	h := sha256.New()
	var buf []byte
	for _, v := range []View{sp.Train, sp.Val, sp.Test} {
		buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(v.Len()))
		for _, at := range v.Index {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(at))
		}
		h.Write(buf)
	}
	sp.SHA256 = hex.EncodeToString(h.Sum(nil))
	return sp, nil
}

// String tells the sizes: "5400 train, 600 val, 1000 test".
func (s *Split) String() string {
	return fmt.Sprintf("%d train, %d val, %d test", s.Train.Len(), s.Val.Len(), s.Test.Len())
}
