package idx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	unsignedByte = 0x08

	// maxAxes is more than any data set has; the format allows 255.
	maxAxes = 8

	// prealloc bounds what is allocated on the word of a header alone; a longer
	// array grows as its bytes arrive, so a lying header costs no memory.
	prealloc = 64 << 20
)

// DefaultLimit is the number of bytes that [Read] accepts when it is given no
// limit: 1 GiB, twenty times the images of MNIST.
const DefaultLimit = 1 << 30

var typeNames = map[byte]string{
	0x09: "signed bytes", 0x0B: "16-bit integers", 0x0C: "32-bit integers",
	0x0D: "32-bit floats", 0x0E: "64-bit floats",
}

// Array is the content of a file: its axes, outermost first, and the elements
// in row-major order.
type Array struct {
	Dims []int
	Data []byte
}

// Read reads an array from r, gzip-compressed or not, to the end of r. More
// than limit bytes of elements are refused; a limit of 0 means [DefaultLimit].
func Read(r io.Reader, limit int64) (*Array, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	br := bufio.NewReaderSize(r, 64<<10)
	// A raw file starts with two zero bytes, so the two cannot be confused.
	if head, err := br.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("idx: read gzip header: %w", noEOF(err))
		}
		return read(z, limit)
	}
	return read(br, limit)
}

func read(r io.Reader, limit int64) (*Array, error) {
	dims, size, err := readHeader(r, limit)
	if err != nil {
		return nil, err
	}
	a := &Array{Dims: dims}
	if size <= prealloc {
		a.Data = make([]byte, size)
		n, err := io.ReadFull(r, a.Data)
		if err != nil {
			return nil, short(int64(n), size, dims, err)
		}
	} else {
		var b bytes.Buffer
		b.Grow(prealloc)
		n, err := io.CopyN(&b, r, size)
		if err != nil {
			return nil, short(n, size, dims, err)
		}
		a.Data = b.Bytes()
	}
	// Reading on to the end also makes gzip check its checksum.
	var extra [1]byte
	switch _, err := io.ReadFull(r, extra[:]); {
	case err == nil:
		return nil, fmt.Errorf("idx: more data than the header's axes %v need (%d bytes)", dims, size)
	case err != io.EOF:
		return nil, fmt.Errorf("idx: read end of file: %w", err)
	}
	return a, nil
}

func readHeader(r io.Reader, limit int64) (dims []int, size int64, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, 0, fmt.Errorf("idx: read magic number: %w", noEOF(err))
	}
	if magic[0] != 0 || magic[1] != 0 {
		return nil, 0, fmt.Errorf("idx: not an IDX file: it starts with %#x", magic[:])
	}
	if t := magic[2]; t != unsignedByte {
		name, ok := typeNames[t]
		if !ok {
			return nil, 0, fmt.Errorf("idx: not an IDX file: unknown element type %#02x", t)
		}
		return nil, 0, fmt.Errorf("idx: elements are %s; only unsigned bytes are supported", name)
	}
	n := int(magic[3])
	if n < 1 || n > maxAxes {
		return nil, 0, fmt.Errorf("idx: %d axes; 1 to %d are supported", n, maxAxes)
	}
	var sizes [maxAxes]uint32
	if err := binary.Read(r, binary.BigEndian, sizes[:n]); err != nil {
		return nil, 0, fmt.Errorf("idx: read %d axis sizes: %w", n, noEOF(err))
	}
	dims = make([]int, n)
	size = 1
	tooLarge := false
	empty := false
	for i, s := range sizes[:n] {
		dims[i] = int(s)
		switch {
		case s == 0:
			empty = true
		case tooLarge || size > limit/int64(s): // the product could overflow
			tooLarge = true
		default:
			size *= int64(s)
		}
	}
	if empty {
		return nil, 0, fmt.Errorf("idx: axes %v hold nothing", dims)
	}
	if tooLarge {
		return nil, 0, fmt.Errorf("idx: axes %v exceed the limit of %d bytes", dims, limit)
	}
	return dims, size, nil
}

// Write writes the array uncompressed. What it writes is the one form that the
// array has, so its hash is the hash of any raw file with this content.
func Write(w io.Writer, a *Array) error {
	if len(a.Dims) < 1 || len(a.Dims) > maxAxes {
		return fmt.Errorf("idx: %d axes; 1 to %d are supported", len(a.Dims), maxAxes)
	}
	header := []byte{0, 0, unsignedByte, byte(len(a.Dims))}
	size := int64(1)
	for _, d := range a.Dims {
		if d < 1 || int64(d) > int64(len(a.Data)) {
			return fmt.Errorf("idx: axes %v for %d bytes", a.Dims, len(a.Data))
		}
		header = binary.BigEndian.AppendUint32(header, uint32(d))
		if size *= int64(d); size > int64(len(a.Data)) {
			break
		}
	}
	if size != int64(len(a.Data)) {
		return fmt.Errorf("idx: axes %v for %d bytes", a.Dims, len(a.Data))
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("idx: write header: %w", err)
	}
	if _, err := w.Write(a.Data); err != nil {
		return fmt.Errorf("idx: write elements: %w", err)
	}
	return nil
}

// WriteGzip writes the array compressed as hard as gzip can, with nothing in the
// header that differs from one day or machine to the next.
func WriteGzip(w io.Writer, a *Array) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("idx: %w", err)
	}
	if err := Write(z, a); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("idx: write gzip: %w", err)
	}
	return nil
}

func short(got, want int64, dims []int, err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("idx: truncated: %d of the %d bytes that axes %v need", got, want, dims)
	}
	return fmt.Errorf("idx: read elements: %w", err)
}

// noEOF turns a clean end into an unexpected one: within a header it is one.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
