package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// DefaultLimit is the number of bytes of elements that are accepted where no limit is
// given: 1 GiB.
const DefaultLimit = 1 << 30

// Array is an array in row-major order. One of Bytes, Ints and Floats holds it.
type Array struct {
	Shape  []int
	Bytes  []uint8   // uint8 and bool
	Ints   []int64   // other whole numbers
	Floats []float32 // float16, float32, float64, rounded
}

// Len is the number of elements.
func (a *Array) Len() int { return len(a.Bytes) + len(a.Ints) + len(a.Floats) }

// maxHeader is what a header of a plain array never needs.
const maxHeader = 1 << 16

var (
	descr   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	fortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	shape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\s]*)\)`)
)

// Read reads an array to the end of r. More than limit bytes of elements are refused;
// a limit of 0 means [DefaultLimit].
func Read(r io.Reader, limit int64) (*Array, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	d, f, s := descr.FindSubmatch(header), fortran.FindSubmatch(header), shape.FindSubmatch(header)
	if d == nil || f == nil || s == nil {
		return nil, fmt.Errorf("npy: not the header of an array of numbers: %.80q", header)
	}
	typ, err := parseType(string(d[1]))
	if err != nil {
		return nil, err
	}
	a := &Array{Shape: []int{}}
	n := int64(1)
	for _, word := range strings.Split(string(s[1]), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		size, err := strconv.ParseInt(word, 10, 64)
		if err != nil || size < 1 {
			return nil, fmt.Errorf("npy: shape (%s) holds nothing or is no shape", s[1])
		}
		if n > limit/int64(typ.size)/size {
			return nil, fmt.Errorf("npy: shape (%s) of %s exceeds the limit of %d bytes", s[1], typ, limit)
		}
		n *= size
		a.Shape = append(a.Shape, int(size))
	}
	var raw bytes.Buffer // it grows as bytes arrive: a lying header costs no memory
	want := n * int64(typ.size)
	if got, err := io.CopyN(&raw, r, want); err == io.EOF {
		return nil, fmt.Errorf("npy: truncated: %d of the %d bytes that shape (%s) of %s needs", got, want, s[1], typ)
	} else if err != nil {
		return nil, fmt.Errorf("npy: read elements: %w", err)
	}
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return nil, fmt.Errorf("npy: more data than shape (%s) of %s needs", s[1], typ)
	case err != io.EOF:
		return nil, fmt.Errorf("npy: read end of file: %w", err)
	}
	typ.decode(a, raw.Bytes())
	if string(f[1]) == "True" {
		a.Bytes, a.Ints, a.Floats = rowMajor(a.Shape, a.Bytes), rowMajor(a.Shape, a.Ints), rowMajor(a.Shape, a.Floats)
	}
	return a, nil
}

func readHeader(r io.Reader) ([]byte, error) {
	var start [8]byte // magic and version
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, fmt.Errorf("npy: read magic string: %w", noEOF(err))
	}
	if string(start[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("npy: not a NumPy file: it starts with %q", start[:6])
	}
	length := make([]byte, 2)
	switch start[6] {
	case 1:
	case 2, 3:
		length = make([]byte, 4)
	default:
		return nil, fmt.Errorf("npy: format version %d.%d; 1 to 3 are supported", start[6], start[7])
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, fmt.Errorf("npy: read length of header: %w", noEOF(err))
	}
	n := binary.LittleEndian.Uint32(append(length, 0, 0)[:4])
	if n > maxHeader {
		return nil, fmt.Errorf("npy: a header of %d bytes", n)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("npy: read header: %w", noEOF(err))
	}
	return header, nil
}

// elementType is what descr says: "<f4" is a little-endian float of 4 bytes.
type elementType struct {
	kind  byte // b bool, i, u, f
	size  int
	order binary.ByteOrder
	name  string
}

func (t elementType) String() string { return t.name }

func parseType(s string) (elementType, error) {
	t := elementType{name: s, order: binary.LittleEndian}
	if len(s) == 3 {
		if s[0] == '>' {
			t.order = binary.BigEndian
		}
		t.kind, t.size = s[1], int(s[2]-'0')
		switch s[1:] {
		case "b1", "u1", "i1", "i2", "i4", "i8", "u2", "u4", "f2", "f4", "f8":
			if strings.IndexByte("<>|=", s[0]) >= 0 {
				return t, nil
			}
		}
	}
	return t, fmt.Errorf("npy: elements are %q; whole numbers up to 64 bits, floats and truths are supported", s)
}

func (t elementType) decode(a *Array, raw []byte) {
	n := len(raw) / t.size
	switch {
	case t.kind == 'b' || t.kind == 'u' && t.size == 1:
		a.Bytes = raw
	case t.kind == 'f':
		a.Floats = make([]float32, n)
		for i := range a.Floats {
			a.Floats[i] = t.float(raw[i*t.size:])
		}
	default:
		a.Ints = make([]int64, n)
		for i := range a.Ints {
			a.Ints[i] = t.whole(raw[i*t.size:])
		}
	}
}

func (t elementType) float(b []byte) float32 {
	switch t.size {
	case 2:
		return half(t.order.Uint16(b))
	case 4:
		return math.Float32frombits(t.order.Uint32(b))
	}
	return float32(math.Float64frombits(t.order.Uint64(b)))
}

func (t elementType) whole(b []byte) int64 {
	signed := t.kind == 'i'
	switch t.size {
	case 1:
		return int64(int8(b[0]))
	case 2:
		if v := t.order.Uint16(b); signed {
			return int64(int16(v))
		} else {
			return int64(v)
		}
	case 4:
		if v := t.order.Uint32(b); signed {
			return int64(int32(v))
		} else {
			return int64(v)
		}
	}
	return int64(t.order.Uint64(b))
}

// half is the value of a float16 (IEEE 754 binary16).
func half(h uint16) float32 {
	sign, exp, frac := float64(1), int(h>>10&31), float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case exp == 31 && frac == 0:
		return float32(sign * math.Inf(1))
	case exp == 31:
		return float32(math.NaN())
	case exp == 0:
		return float32(sign * math.Ldexp(frac, -24))
	}
	return float32(sign * math.Ldexp(1024+frac, exp-25))
}

// rowMajor reorders elements of which the first axis varies fastest.
func rowMajor[T any](shape []int, v []T) []T {
	if v == nil || len(shape) < 2 {
		return v
	}
	out := make([]T, len(v))
	at := make([]int, len(shape))
	for i := range out {
		from, stride := 0, 1
		for axis, n := range shape {
			from += at[axis] * stride
			stride *= n
		}
		out[i] = v[from]
		for axis := len(shape) - 1; axis >= 0; axis-- {
			if at[axis]++; at[axis] < shape[axis] {
				break
			}
			at[axis] = 0
		}
	}
	return out
}

// noEOF turns a clean end into an unexpected one: within a header it is one.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
