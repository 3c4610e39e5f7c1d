package npy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestNumPy reads what NumPy wrote (testdata/make.py).
func TestNumPy(t *testing.T) {
	arrays, err := ReadZip("testdata/arrays.npz", 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range arrays {
		want := "[0 1 2 3 4 5]"
		shape := []int{2, 3}
		switch name {
		case "bool":
			want = "[0 0 0 1 1 1]"
		case "negative":
			want = "[0 -1 -2 -3 -4 -5]"
		case "halves":
			want, shape = "[0.5 -2 65504 5.9604645e-08 +Inf]", []int{5}
		case "scalar":
			want, shape = "[7]", []int{}
		}
		var got string
		switch {
		case a.Bytes != nil:
			got = fmt.Sprint(a.Bytes)
		case a.Ints != nil:
			got = fmt.Sprint(a.Ints)
		default:
			got = fmt.Sprint(a.Floats)
		}
		if got != want || !reflect.DeepEqual(a.Shape, shape) {
			t.Errorf("%s: %s of shape %v; want %s of %v", name, got, a.Shape, want, shape)
		}
	}
	if len(arrays) != 18 {
		t.Errorf("%d arrays", len(arrays))
	}
	if _, err := ReadZip("testdata/arrays.npz", 20); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a limit of 20 bytes: %v", err)
	}
}

// file is a .npy with that header.
func file(header, data string) []byte {
	return fmt.Appendf(nil, "\x93NUMPY\x01\x00%c%c%s%s", len(header)%256, len(header)/256, header, data)
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"PK\x03\x04abcdefg", "not a NumPy file"},
		{"\x93NUM", "unexpected EOF"},
		{"\x93NUMPY\x09\x00", "version 9.0"},
		{"\x93NUMPY\x02\x00\xff\xff\xff\xff", "a header of 4294967295 bytes"},
		{string(file("{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }", "")), `elements are "<U5"`},
		{string(file("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "")), `elements are "|O"`},
		{string(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "1234")), "truncated: 4 of the 16 bytes"},
		{string(file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "12345")), "more data"},
		{string(file("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "")), "holds nothing"},
		{string(file("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "")), "exceeds the limit"},
		{string(file("{'descr': '<f8'}", "")), "not the header"},
	} {
		_, err := Read(strings.NewReader(c.name), 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v; want %q", c.name, err, c.want)
		}
	}
	notes := filepath.Join(t.TempDir(), "notes.npz")
	os.WriteFile(notes, []byte("just text"), 0o644)
	if _, err := ReadZip(notes, 0); err == nil || !strings.Contains(err.Error(), "not a valid zip file") {
		t.Errorf("got %v", err)
	}
}

// Whatever the bytes are, reading them ends with an array of its shape or an error.
func FuzzRead(f *testing.F) {
	f.Add(file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 1), }", "1234"))
	f.Add(file("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b), 1<<16)
		if err != nil {
			return
		}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != a.Len() {
			t.Errorf("%d elements of shape %v", a.Len(), a.Shape)
		}
	})
}
