package onnx

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core/onnx/pb"
)

func TestWeight(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		t    pb.Tensor
		f    []float32
		i    []int64
		err  string
	}{
		{"float raw", pb.Tensor{Dims: []int64{1}, DataType: pb.Float, RawData: []byte{0, 0, 0x20, 0xc0}}, []float32{-2.5}, nil, ""},
		{"float typed", pb.Tensor{Dims: []int64{2}, DataType: pb.Float, FloatData: []float32{1, 2}}, []float32{1, 2}, nil, ""},
		{"float16 raw", pb.Tensor{Dims: []int64{2}, DataType: pb.Float16, RawData: []byte{0, 0x3c, 0xff, 0x7b}}, []float32{1, 65504}, nil, ""},
		{"float16 typed", pb.Tensor{Dims: []int64{2}, DataType: pb.Float16, Int32Data: []int32{0x7c00, 0x0001}}, []float32{inf, 0x1p-24}, nil, ""},
		{"bfloat16", pb.Tensor{Dims: []int64{1}, DataType: pb.BFloat16, RawData: []byte{0x80, 0x3f}}, []float32{1}, nil, ""},
		{"double", pb.Tensor{Dims: []int64{1}, DataType: pb.Double, DoubleData: []float64{0.1}}, []float32{0.1}, nil, ""},
		{"double raw", pb.Tensor{DataType: pb.Double, RawData: []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f}}, []float32{inf}, nil, ""},
		{"int64", pb.Tensor{DataType: pb.Int64, Int64Data: []int64{-1 << 62}}, nil, []int64{-1 << 62}, ""},
		{"int32", pb.Tensor{DataType: pb.Int32, RawData: []byte{0xff, 0xff, 0xff, 0xff}}, nil, []int64{-1}, ""},
		{"int16", pb.Tensor{DataType: pb.Int16, RawData: []byte{0, 0x80}}, nil, []int64{-32768}, ""},
		{"uint16", pb.Tensor{DataType: pb.Uint16, RawData: []byte{0, 0x80}}, nil, []int64{32768}, ""},
		{"int8", pb.Tensor{DataType: pb.Int8, RawData: []byte{0x80}}, nil, []int64{-128}, ""},
		{"int8 typed", pb.Tensor{DataType: pb.Int8, Int32Data: []int32{-128}}, nil, []int64{-128}, ""},
		{"uint8", pb.Tensor{DataType: pb.Uint8, RawData: []byte{0x80}}, nil, []int64{128}, ""},
		{"bool", pb.Tensor{Dims: []int64{3}, DataType: pb.Bool, RawData: []byte{0, 1, 2}}, nil, []int64{0, 1, 1}, ""},
		{"uint32", pb.Tensor{DataType: pb.Uint32, Uint64Data: []uint64{math.MaxUint32}}, nil, []int64{math.MaxUint32}, ""},
		{"uint64", pb.Tensor{DataType: pb.Uint64, Uint64Data: []uint64{7}}, nil, []int64{7}, ""},
		{"nothing", pb.Tensor{Dims: []int64{3, 0}, DataType: pb.Float}, []float32{}, nil, ""},
		{"nothing, raw", pb.Tensor{Dims: []int64{0}, DataType: pb.Int64, RawData: []byte{}}, nil, []int64{}, ""},

		{"no type", pb.Tensor{}, nil, nil, "data type undefined is not supported"},
		{"string without text", pb.Tensor{DataType: pb.String}, nil, nil, "has 0 elements in the field for string"},
		{"string raw", pb.Tensor{DataType: pb.String, RawData: []byte("x")}, nil, nil, "data type string cannot be in raw data"},
		{"complex", pb.Tensor{DataType: pb.Complex64}, nil, nil, "data type complex64 is not supported"},
		{"later type", pb.Tensor{DataType: 99}, nil, nil, "data type number 99"},
		{"short", pb.Tensor{Dims: []int64{2}, DataType: pb.Float, RawData: make([]byte, 7)}, nil, nil, "has 7 bytes of data, want 8 for 2 of type float"},
		{"long", pb.Tensor{DataType: pb.Int8, RawData: make([]byte, 2)}, nil, nil, "has 2 bytes"},
		{"missing", pb.Tensor{Dims: []int64{2}, DataType: pb.Float}, nil, nil, "has 0 elements in the field for float and 0 in others, want 2"},
		{"wrong field", pb.Tensor{Dims: []int64{1}, DataType: pb.Float, Int64Data: []int64{1}}, nil, nil, "has 0 elements in the field for float and 1 in others"},
		{"two fields", pb.Tensor{DataType: pb.Float, RawData: make([]byte, 4), FloatData: []float32{1}}, nil, nil, "has its data twice"},
		{"negative", pb.Tensor{Dims: []int64{2, -1}, DataType: pb.Float}, nil, nil, "axis 1 has the negative size -1"},
		{"huge axis", pb.Tensor{Dims: []int64{0, 1 << 40}, DataType: pb.Float}, nil, nil, "axis 1 has the size 1099511627776"},
		{"huge product", pb.Tensor{Dims: []int64{1 << 16, 0, 1 << 16, 1 << 30}, DataType: pb.Float}, nil, nil, "make more than 1073741824 elements"},
		{"rank", pb.Tensor{Dims: make([]int64, 33), DataType: pb.Float}, nil, nil, "has 33 axes"},
		{"bool 2", pb.Tensor{DataType: pb.Bool, Int32Data: []int32{2}}, nil, nil, "element 0: 2 is no bool"},
		{"int8 300", pb.Tensor{DataType: pb.Int8, Int32Data: []int32{300}}, nil, nil, "300 is no int8"},
		{"float16 bits", pb.Tensor{DataType: pb.Float16, Int32Data: []int32{-1}}, nil, nil, "-1 is no float16"},
		{"location", pb.Tensor{DataType: pb.Float, DataLocation: 2}, nil, nil, "data location 2 is not known"},
		{"no folder", pb.Tensor{DataType: pb.Float, DataLocation: pb.External}, nil, nil, "no folder is given"},
	} {
		w, err := (&decoder{}).weight(&c.t, false)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v; want %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || w.Type != c.t.DataType || !slices.Equal(w.Tensor.F, c.f) || !slices.Equal(w.Tensor.I, c.i) ||
			(w.Tensor.F == nil) != (c.f == nil) || (w.Tensor.I == nil) != (c.i == nil) {
			t.Errorf("%s: got %+v, %v", c.name, w.Tensor, err)
		}
	}
}

// The total counts over all weights, for each may name the same external bytes.
func TestElementsAreCountedTogether(t *testing.T) {
	d := decoder{elements: maxElements}
	if _, err := d.weight(&pb.Tensor{DataType: pb.Float, RawData: make([]byte, 4)}, false); err == nil || !strings.Contains(err.Error(), "more than 1073741824 elements") {
		t.Errorf("got %v", err)
	}
}

func TestCopiesAreLimited(t *testing.T) {
	m := load(t, "mlp_torchscript.onnx")
	w := m.Graph.Initializers[0]
	w.Dims, w.RawData = []int64{1 << 20}, make([]byte, 4<<20)
	for i := range 2 {
		m.Graph.Nodes = append(m.Graph.Nodes, &pb.Node{OpType: "Identity", Inputs: []string{w.Name}, Outputs: []string{string(rune('a' + i))}})
	}
	r := reader{decoder: &decoder{copied: maxCopied - 1<<20}, file: m.Graph, opsets: map[string]int64{"": 17}, out: &Graph{}}
	if err := r.read(); err == nil || !strings.Contains(err.Error(), "node 4 (Identity, opset 17): the model copies more than 67108864 elements") {
		t.Errorf("got %v", err)
	}
}

// What neither a float32 nor an int64 can hold is a value, but no tensor.
func TestWeightsBeyondTensors(t *testing.T) {
	for _, p := range []pb.Tensor{
		{DataType: pb.Double, DoubleData: []float64{1e300}},
		{DataType: pb.Uint64, RawData: []byte{0, 0, 0, 0, 0, 0, 0, 0x80}},
		{DataType: pb.String, StringData: [][]byte{[]byte("a")}},
	} {
		w, err := (&decoder{}).weight(&p, false)
		if err != nil || w.Tensor != nil || w.Value.Len() != 1 {
			t.Errorf("%v: got %+v, %v", p.DataType, w, err)
		}
	}
}

func TestExternalData(t *testing.T) {
	m := read(t, "external.onnx")
	if got := m.StateDict()["h"].F; !slices.Equal(got, []float32{0.5, -2, 65504}) {
		t.Errorf("h is %v", got)
	}
	if got := m.StateDict()["w"].F; !slices.Equal(got, []float32{0, 1, 2, 3, 4, 5}) {
		t.Errorf("w is %v", got)
	}
}

func TestExternalDataStaysInItsFolder(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "model")
	for _, d := range []string{dir, filepath.Join(dir, "sub")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{filepath.Join(outside, "secret"), filepath.Join(dir, "w"), filepath.Join(dir, "sub", "w")} {
		if err := os.WriteFile(p, make([]byte, 12), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"link": filepath.Join(outside, "secret"), "up": "..", "inside": "sub/w"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		location, offset, length, err string
	}{
		{"w", "", "", "has 12 bytes for it, want 8"},
		{"w", "4", "", ""},
		{"w", "4", "8", ""},
		{"sub/w", "0", "8", ""},
		{"inside", "0", "8", ""},
		{"w", "5", "8", `"w" ends at 12, before the 8 bytes from 5`},
		{"w", "9223372036854775807", "8", "ends at 12"},
		{"w", "0", "4", "has 4 bytes for it, want 8"},
		{"w", "-4", "8", `offset "-4"`},
		{"w", "0", "-8", `length "-8"`},
		{"w", "x", "8", `offset "x"`},
		{"gone", "0", "8", `external data "gone": no such file`},
		{"sub", "0", "8", "is no regular file"},
		{"", "0", "8", "not a path inside"},
		{"../secret", "0", "8", "not a path inside"},
		{"sub/../w", "0", "8", "not a path inside"},
		{filepath.Join(dir, "w"), "0", "8", "not a path inside"},
		{"link", "0", "8", "escapes"},
		{"up/secret", "0", "8", "escapes"},
	} {
		entries := []*pb.Entry{{Key: "location", Value: c.location}, {Key: "checksum", Value: "unused"}}
		if c.offset != "" {
			entries = append(entries, &pb.Entry{Key: "offset", Value: c.offset})
		}
		if c.length != "" {
			entries = append(entries, &pb.Entry{Key: "length", Value: c.length})
		}
		f := folder{dir: dir}
		b, err := f.read(entries, 8)
		f.close()
		if c.err == "" && (err != nil || len(b) != 8) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
