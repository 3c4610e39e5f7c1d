package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core/tensor"
)

// Streams of the generated sets, as those of view.go.
const (
	streamMoons = 0x6d6f6f6e00000000
	streamSine  = 0x73696e6500000000
)

// openMoons makes two interleaved half circles of radius 1, with normal noise of
// standard deviation 0.2: a set that no straight line parts. Class 0 is
// (cos t, sin t), class 1 is (1 - cos t, 1/2 - sin t), t uniform in [0, π).
func openMoons(e *Entry, _ string, _ options) (*Set, error) {
	r := rand.New(rand.NewPCG(0, streamMoons))
	moons := func(n int) *Examples {
		ex := &Examples{Shape: tensor.Shape{2}}
		for i := range n {
			sin, cos := math.Sincos(math.Pi * r.Float64())
			x, y := cos, sin
			if i%2 == 1 {
				x, y = 1-cos, .5-sin
			}
			ex.Values = append(ex.Values, float32(x+.2*r.NormFloat64()), float32(y+.2*r.NormFloat64()))
			ex.Labels = append(ex.Labels, int32(i%2))
		}
		return ex
	}
	return generated(e, moons(1000), moons(1000), "x", "y")
}

// openSine makes points (x, sin x + noise), x uniform in [-π, π), the noise normal
// with standard deviation 0.1.
func openSine(e *Entry, _ string, _ options) (*Set, error) {
	r := rand.New(rand.NewPCG(0, streamSine))
	sine := func(n int) *Examples {
		ex := &Examples{Shape: tensor.Shape{1}}
		for range n {
			x := math.Pi * (2*r.Float64() - 1)
			ex.Values = append(ex.Values, float32(x))
			ex.Targets = append(ex.Targets, float32(math.Sin(x)+.1*r.NormFloat64()))
		}
		return ex
	}
	return generated(e, sine(200), sine(1000), "x")
}

// generated makes a set of what code has made. Its hash is that of the numbers,
// little-endian, examples before what they are, training before test.
func generated(e *Entry, train, test *Examples, features ...string) (*Set, error) {
	s := &Set{Name: e.Name, Train: train, Test: test, Classes: e.Classes, Features: features, Licence: e.Licence, Source: e.Source}
	h := sha256.New()
	for _, part := range []*Examples{train, test} {
		if err := part.check(len(e.Classes)); err != nil {
			return nil, fmt.Errorf("generate %s: %w", e.Name, err)
		}
		for _, numbers := range []any{part.Values, part.Labels, part.Targets} {
			if err := binary.Write(h, binary.LittleEndian, numbers); err != nil {
				return nil, fmt.Errorf("generate %s: %w", e.Name, err)
			}
		}
	}
	s.SHA256 = hex.EncodeToString(h.Sum(nil))
	return s, nil
}
