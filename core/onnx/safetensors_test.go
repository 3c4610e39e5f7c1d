package onnx

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

func TestSafetensorsRoundTrip(t *testing.T) {
	sd := map[string]*tensor.Tensor{
		"b":     ramp(2, 3),
		"a":     ramp(),
		"steps": tensor.NewInt(tensor.Shape{2}, []int64{-1, 1 << 40}),
		"empty": ramp(0, 3),
		`q"\é`:  ramp(1),
	}
	meta := map[string]string{"format": "pt", "run": "7"}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := WriteSafetensors(path, sd, meta); err != nil {
		t.Fatal(err)
	}
	ws, gotMeta, err := ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(ws) != len(sd) || !maps.Equal(meta, gotMeta) || ws[0].Name != "steps" || ws[0].Type != pb.Int64 {
		t.Errorf("got %v, %v", ws, gotMeta)
	}
	for _, w := range ws {
		want := sd[w.Name]
		if want == nil || !w.Tensor.Shape.Equal(want.Shape) || !slices.Equal(w.Tensor.F, want.F) || !slices.Equal(w.Tensor.I, want.I) {
			t.Errorf("%q: got %v, want %v", w.Name, w.Tensor, want)
		}
	}
	b, _ := os.ReadFile(path)
	if size := binary.LittleEndian.Uint64(b); size%8 != 0 {
		t.Errorf("the header has %d bytes, so the data is not aligned", size)
	}
	if _, err := EncodeSafetensors(map[string]*tensor.Tensor{"__metadata__": ramp(1)}, nil); err == nil {
		t.Error("the reserved name was written")
	}
}

func safeFile(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestSafetensorsMalformed(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{safeFile("{"+a+"}", 8), ""},
		{safeFile("{"+a+"}   ", 8), ""},
		{safeFile("{}", 0), ""},
		{safeFile(`{`+a+`,"e":{"dtype":"BF16","shape":[0],"data_offsets":[8,8]}}`, 8), ""},
		{nil, "it has 0 bytes"},
		{make([]byte, 8), "not a safetensors file"},
		{binary.LittleEndian.AppendUint64(nil, 1<<63), "a header of 9223372036854775808 bytes"},
		{safeFile("[]", 0), "the header is no JSON object"},
		{safeFile(" {}", 0), "the header is no JSON object"},
		{safeFile("{} x", 0), "something follows"},
		{safeFile("{"+a, 8), "not a safetensors file"},
		{safeFile("{"+a+","+a+"}", 8), `the header has "a" twice`},
		{safeFile("{\"\xff\":1}", 0), "not UTF-8"},
		{safeFile(`{"a":null}`, 0), "has no shape"},
		{safeFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8), "unknown field"},
		{safeFile(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}`, 8), `tensor "a"`},
		{safeFile(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "negative size -2"},
		{safeFile(`{"a":{"dtype":"F32","shape":[4294967296],"data_offsets":[0,8]}}`, 8), "axis 0 has the size"},
		{safeFile(`{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}`, 8), `data type "F8_E4M3" is not supported`},
		{safeFile("{"+a+"}", 7), "its data is at 0 to 8, where data begins at 0 and ends at 7"},
		{safeFile("{"+a+"}", 9), "the last tensor ends at 8, the data at 9"},
		{safeFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "where data begins at 0"},
		{safeFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "its data is at 8 to 0"},
		{safeFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "has 4 bytes of data, want 8"},
		{safeFile(`{`+a+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `"b": its data is at 4 to 8, where data begins at 8`},
	} {
		_, _, err := DecodeSafetensors(c.b)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage) {
			t.Errorf("%q: got %v; want %q", c.b, err, c.want)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.safetensors")
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ws, meta, err := DecodeSafetensors(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		sd := map[string]*tensor.Tensor{}
		for _, w := range ws {
			sd[w.Name] = w.Tensor
		}
		out, err := EncodeSafetensors(sd, meta)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := DecodeSafetensors(out); err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
	})
}
