package gan

import (
	"bytes"
	"encoding/binary"

	"lab/core/picture"
	"lab/core/tensor"
)

// film is an animation that a checkpoint holds: that of a resumed run begins where the run
// began.
type film struct{ *picture.Animation }

func newFilm() film { return film{picture.NewAnimation(0.5)} }

// StateDict is the file so far, eight bytes a number, and its length.
func (f film) StateDict() map[string]*tensor.Tensor {
	var b bytes.Buffer
	if f.Frames() > 0 {
		if err := f.Encode(&b); err != nil {
			panic(err) // a buffer takes everything, and the frames are of one size
		}
	}
	size := b.Len()
	b.Write(make([]byte, (8-size%8)%8))
	packed := make([]int64, b.Len()/8)
	for i := range packed {
		packed[i] = int64(binary.LittleEndian.Uint64(b.Bytes()[8*i:]))
	}
	return map[string]*tensor.Tensor{"gif": tensor.NewInt(tensor.Shape{len(packed)}, packed), "size": tensor.NewInt(nil, []int64{int64(size)})}
}

// LoadStateDict goes back to what StateDict returned.
func (f film) LoadStateDict(d map[string]*tensor.Tensor) error {
	if d["gif"] == nil || d["size"] == nil || d["size"].I[0] == 0 {
		return nil // nothing had been shown
	}
	var b []byte
	for _, v := range d["gif"].I {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return f.Decode(bytes.NewReader(b[:d["size"].I[0]]))
}
