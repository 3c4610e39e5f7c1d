package idx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func raw(head string, data ...byte) []byte { return append([]byte(head), data...) }

func gz(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

const labels3 = "\x00\x00\x08\x01\x00\x00\x00\x03"

func TestRead(t *testing.T) {
	good := raw(labels3, 7, 8, 9)
	for _, in := range [][]byte{good, gz(good)} {
		a, err := Read(bytes.NewReader(in), 0)
		if err != nil || !reflect.DeepEqual(a, &Array{[]int{3}, []byte{7, 8, 9}}) {
			t.Errorf("got %v, %v", a, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	zipped := gz(raw(labels3, 7, 8, 9))
	badSum := bytes.Clone(zipped)
	badSum[len(badSum)-8] ^= 1
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "read magic number: unexpected EOF"},
		{"short magic", raw("\x00\x00\x08"), "read magic number: unexpected EOF"},
		{"text", raw("<html>"), "not an IDX file: it starts with 0x3c68746d"},
		{"floats", raw("\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00"), "elements are 32-bit floats; only unsigned bytes"},
		{"unknown type", raw("\x00\x00\x42\x01"), "unknown element type 0x42"},
		{"no axes", raw("\x00\x00\x08\x00"), "0 axes; 1 to 8"},
		{"many axes", raw("\x00\x00\x08\xff"), "255 axes; 1 to 8"},
		{"short axes", raw("\x00\x00\x08\x03\x00\x00\x00\x03"), "read 3 axis sizes: unexpected EOF"},
		{"empty axis", raw("\x00\x00\x08\x01\x00\x00\x00\x00"), "axes [0] hold nothing"},
		{"empty axis behind a huge product", raw("\x00\x00\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"), "hold nothing"},
		{"overflow", raw("\x00\x00\x08\x04" + strings.Repeat("\xff", 16)), "exceed the limit of 1000 bytes"},
		{"too large", raw("\x00\x00\x08\x01\x00\x00\x03\xe9"), "axes [1001] exceed the limit of 1000 bytes"},
		{"truncated", raw(labels3, 7, 8), "truncated: 2 of the 3 bytes that axes [3] need"},
		{"no elements", raw(labels3), "truncated: 0 of the 3 bytes"},
		{"trailing", raw(labels3, 7, 8, 9, 10), "more data than the header's axes [3] need (3 bytes)"},
		{"gzip header", raw("\x1f\x8b\x08"), "read gzip header: unexpected EOF"},
		{"gzip cut", zipped[:len(zipped)-9], "idx: "},
		{"gzip cut in the checksum", zipped[:len(zipped)-2], "read end of file: unexpected EOF"},
		{"gzip checksum", badSum, "invalid checksum"},
	} {
		_, err := Read(bytes.NewReader(c.in), 1000)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v; want %q", c.name, err, c.want)
		}
	}
}

// A header may claim more than prealloc; memory then follows what arrives.
func TestReadLarge(t *testing.T) {
	const n = prealloc + 1
	head := raw("\x00\x00\x08\x01\x04\x00\x00\x01")
	if a, err := Read(io.MultiReader(bytes.NewReader(head), io.LimitReader(zeros{}, n)), 0); err != nil || len(a.Data) != n {
		t.Errorf("got %v", err)
	}
	_, err := Read(io.MultiReader(bytes.NewReader(head), io.LimitReader(zeros{}, 10)), 0)
	if err == nil || !strings.Contains(err.Error(), "truncated: 10 of") {
		t.Errorf("got %v", err)
	}
	disk := errors.New("disk on fire")
	_, err = Read(io.MultiReader(bytes.NewReader(head), failing{disk}), 0)
	if !errors.Is(err, disk) {
		t.Errorf("got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestWriteErrors(t *testing.T) {
	for _, a := range []*Array{
		{nil, []byte{1}},
		{make([]int, 9), nil},
		{[]int{2}, []byte{1}},
		{[]int{1}, []byte{1, 2}},
		{[]int{0}, nil},
		{[]int{-1, -1}, []byte{1}},
		{[]int{3, 3, 3}, make([]byte, 8)},
	} {
		if err := Write(io.Discard, a); err == nil {
			t.Errorf("axes %v for %d bytes were written", a.Dims, len(a.Data))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(raw(labels3, 7, 8, 9))
	f.Add(gz(raw(labels3, 7, 8, 9)))
	f.Add(raw("\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02", 1, 2, 3, 4))
	f.Add(raw("\x00\x00\x08\x02\x00\x00\xff\xff\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := Read(bytes.NewReader(in), 1<<16)
		if err != nil {
			return
		}
		var plain, zipped bytes.Buffer
		if err := Write(&plain, a); err != nil {
			t.Fatal(err)
		}
		if in[0] == 0 && !bytes.Equal(plain.Bytes(), in) {
			t.Fatalf("%x was written back as %x", in, plain.Bytes())
		}
		if err := WriteGzip(&zipped, a); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&zipped, 1<<16)
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Fatalf("%v was read back as %v, %v", a, again, err)
		}
	})
}
