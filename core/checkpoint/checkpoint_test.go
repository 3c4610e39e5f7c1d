package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"lab/core/tensor"
)

// part is a named tensor set that can refuse to load.
type part struct {
	state map[string]*tensor.Tensor
}

func (p *part) StateDict() map[string]*tensor.Tensor { return p.state }

func (p *part) LoadStateDict(d map[string]*tensor.Tensor) error {
	for name := range p.state {
		if d[name] == nil {
			return errors.New("there is no " + name)
		}
	}
	p.state = d
	return nil
}

func floats(x ...float32) *tensor.Tensor { return tensor.New(tensor.Shape{len(x)}, x) }

// sample has every kind of tensor a training keeps, and numbers that text would lose.
func sample() Parts {
	return Parts{
		"generator": &part{map[string]*tensor.Tensor{
			"main/0.weight": tensor.New(tensor.Shape{2, 3}, []float32{1, -2, 0.1, 1e-41, float32(math.Copysign(0, -1)), math.MaxFloat32}),
			"main.1.bias":   floats(float32(math.NaN()), float32(math.Inf(-1))),
			"empty":         floats(),
		}},
		"generator.adam": &part{map[string]*tensor.Tensor{
			"exp_avg": floats(0.25),
			"step":    tensor.NewInt(nil, []int64{math.MaxInt64}),
		}},
		"stateless": &part{map[string]*tensor.Tensor{}},
	}
}

func saved(t *testing.T, ps Parts) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ps.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	file := saved(t, want)
	got := Parts{}
	for name, p := range want { // the same names, other numbers
		zero := map[string]*tensor.Tensor{}
		for key := range p.StateDict() {
			zero[key] = floats(0)
		}
		got[name] = &part{zero}
	}
	if err := got.Load(iotest.OneByteReader(bytes.NewReader(file))); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		g, w := got[name].StateDict(), want[name].StateDict()
		if !maps.EqualFunc(g, w, same) {
			t.Errorf("%s: %v, want %v", name, g, w)
		}
	}
	if !bytes.Equal(saved(t, got), file) {
		t.Error("saved again, the bytes differ")
	}
}

func same(a, b *tensor.Tensor) bool {
	if !a.Shape.Equal(b.Shape) || len(a.F) != len(b.F) || len(a.I) != len(b.I) {
		return false
	}
	for i := range a.F {
		if math.Float32bits(a.F[i]) != math.Float32bits(b.F[i]) {
			return false
		}
	}
	for i := range a.I {
		if a.I[i] != b.I[i] {
			return false
		}
	}
	return true
}

func TestMissingPart(t *testing.T) {
	file := saved(t, sample())
	more := sample()
	more["discriminator"] = &part{map[string]*tensor.Tensor{"weight": floats(1)}}
	err := more.Load(bytes.NewReader(file))
	if err == nil || err.Error() != "discriminator: there is no weight" {
		t.Errorf("error %v", err)
	}
	fewer := sample()
	delete(fewer, "generator")
	if err := fewer.Load(bytes.NewReader(file)); err != nil {
		t.Errorf("a part that nobody asks for: %v", err)
	}
}

// A file that was cut anywhere is refused, and no part is touched.
func TestTruncated(t *testing.T) {
	file := saved(t, sample())
	for n := range file {
		ps := Parts{"p": &untouched{t}}
		if err := ps.Load(bytes.NewReader(file[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes load", n, len(file))
		}
	}
	header := int(binary.LittleEndian.Uint64(file))
	file[8+header/2] ^= 0x80 // and so is one with a damaged header
	if err := (Parts{"p": &untouched{t}}).Load(bytes.NewReader(file)); err == nil {
		t.Error("a damaged header loads")
	}
}

type untouched struct{ t *testing.T }

func (u *untouched) StateDict() map[string]*tensor.Tensor { return nil }
func (u *untouched) LoadStateDict(map[string]*tensor.Tensor) error {
	u.t.Error("a part was loaded")
	return nil
}

func TestErrorsOfTheFileComeThrough(t *testing.T) {
	broken := errors.New("disk is gone")
	if err := sample().Load(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if err := sample().Save(w); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
}

// Part names with a slash would be cut at the wrong place.
func TestPartNames(t *testing.T) {
	ps := Parts{"a/b": &part{map[string]*tensor.Tensor{"w": floats(1)}}}
	if err := ps.Save(io.Discard); err == nil || !strings.Contains(err.Error(), "a/b") {
		t.Errorf("error %v", err)
	}
}
