package pb

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// debianModels are the models of Debian's libonnx-testdata.
const debianModels = "/usr/share/libonnx-testdata/data/*/*/model.onnx"

// TestRoundTrip reads and writes every model there is. They come from protobuf's
// own writer and must come back byte for byte, but for one thing: some spell out
// an empty domain or tensor name, which canonical writing leaves out.
func TestRoundTrip(t *testing.T) {
	paths, _ := filepath.Glob(debianModels)
	if len(paths) == 0 {
		t.Log("libonnx-testdata is not installed (apt-get install libonnx-testdata): committed models only")
	}
	own, _ := filepath.Glob("../testdata/*.onnx")
	paths = append(paths, own...)
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Unmarshal(b)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		out, err := m.Marshal()
		if err != nil || !bytes.Equal(out, dropEmpty(b, inModel)) {
			t.Errorf("%s: came back different, %v", p, err)
		}
	}
	t.Logf("%d models, byte for byte", len(paths))
}

// wireFields says, for one message, which fields are messages to look into and
// which string may be there though it is empty. It is the little of onnx.proto
// that the test needs, written down a second time.
type wireFields struct {
	nested map[protowire.Number]*wireFields
	empty  protowire.Number
}

var (
	inOpset = &wireFields{empty: 1}
	inNode  = &wireFields{empty: 7}
	inGraph = &wireFields{nested: map[protowire.Number]*wireFields{1: inNode}}
	inModel = &wireFields{nested: map[protowire.Number]*wireFields{7: inGraph, 8: inOpset}}
)

func init() {
	inNode.nested = map[protowire.Number]*wireFields{5: {nested: map[protowire.Number]*wireFields{5: {empty: 8}, 6: inGraph}}}
}

func dropEmpty(b []byte, f *wireFields) []byte {
	var out []byte
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		size := n + protowire.ConsumeFieldValue(num, typ, b[n:])
		whole := b[:size]
		b = b[size:]
		if num == f.empty && size == 2 {
			continue
		}
		if f.nested[num] != nil {
			val, _ := protowire.ConsumeBytes(whole[n:])
			whole = protowire.AppendBytes(protowire.AppendTag(nil, num, typ), dropEmpty(val, f.nested[num]))
		}
		out = append(out, whole...)
	}
	return out
}

func full() *Model {
	f, i, n := float32(-0.5), int64(-3), int64(784)
	return &Model{
		IRVersion: 8, ProducerName: "p", ModelVersion: -1,
		OpsetImports:  []*OpsetID{{Version: 17}, {Domain: "x.y", Version: 1}},
		MetadataProps: []*Entry{{Key: "k", Value: "v"}},
		Graph: &Graph{
			Name: "g",
			Nodes: []*Node{{Inputs: []string{"x", "", "w"}, Outputs: []string{"y"}, Name: "n", OpType: "Op",
				Attributes: []*Attribute{
					{Name: "f", F: &f, Type: AttrFloat},
					{Name: "i", I: &i, Type: AttrInt},
					{Name: "s", S: []byte{}, Type: AttrString},
					{Name: "fs", Floats: []float32{1, 0, float32(math.Inf(-1))}, Type: AttrFloats},
					{Name: "is", Ints: []int64{0, -1, 1 << 40}, Type: AttrInts},
					{Name: "ss", Strings: [][]byte{[]byte("a"), {}}, Type: AttrStrings},
					{Name: "g", G: &Graph{Name: "body"}, Type: AttrGraph},
					{Name: "sp", SparseTensor: &SparseTensor{Values: &Tensor{}, Dims: []int64{3}}, Type: AttrSparseTensor},
				}}},
			Initializers: []*Tensor{
				{Name: "w", Dims: []int64{2, 0}, DataType: Float, RawData: []byte{}},
				{Name: "d", Dims: []int64{1}, DataType: Double, DoubleData: []float64{math.Pi}},
				{Name: "u", Dims: []int64{1}, DataType: Uint64, Uint64Data: []uint64{math.MaxUint64}},
				{Name: "b", Dims: []int64{2}, DataType: Int8, Int32Data: []int32{-128, 127}},
				{Name: "e", ExternalData: []*Entry{{Key: "location", Value: "w.bin"}}, DataLocation: External},
			},
			Inputs: []*ValueInfo{{Name: "x", Type: &Type{Tensor: &TensorType{ElemType: Float,
				Shape: &Shape{Dims: []*Dim{{Param: "batch"}, {Value: &n}, {}}}}}}},
			Outputs: []*ValueInfo{{Name: "y", Type: &Type{Sequence: &ElemType{Elem: &Type{}}}}},
		},
		Functions: []*Function{{Name: "fn", Domain: "x.y", Inputs: []string{"a"}, Outputs: []string{"b"}}},
	}
}

func TestEveryFieldSurvives(t *testing.T) {
	m := full()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v\nwant %+v", got, m)
	}
}

func TestUnknownFieldsAreKept(t *testing.T) {
	b, _ := full().Marshal()
	training := protowire.AppendTag(nil, 20, protowire.BytesType)
	training = protowire.AppendBytes(training, []byte("opaque"))
	m, err := Unmarshal(append(training, b...))
	if err != nil {
		t.Fatal(err)
	}
	out, _ := m.Marshal()
	if !bytes.Equal(out, append(b, training...)) {
		t.Error("an unknown field was not written back after the known ones")
	}
}

func TestLastMemberOfAOneofWins(t *testing.T) {
	value := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 5)
	param := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "n")
	var d Dim
	if err := unmarshal(append(value, param...), &d); err != nil || d.Value != nil || d.Param != "n" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestRawDataAliases(t *testing.T) {
	m := &Model{Graph: &Graph{Initializers: []*Tensor{{Name: "w", RawData: make([]byte, 40<<20)}}}}
	b, _ := m.Marshal()
	start := time.Now()
	got, err := Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("40 MiB read in %v", time.Since(start))
	raw := got.Graph.Initializers[0].RawData
	b[len(b)-1] = 7
	if raw[len(raw)-1] != 7 {
		t.Error("raw_data is a copy")
	}
	if len(raw) != cap(raw) {
		t.Error("appending to raw_data would overwrite what follows it")
	}
}

func TestMalformed(t *testing.T) {
	deep := []byte{}
	for range 60 { // graph attribute in a graph attribute in ...
		for _, num := range []protowire.Number{6, 5, 1} {
			deep = protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), deep)
		}
	}
	deep = protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), deep)
	many := bytes.Repeat([]byte{14<<3 | 2, 0}, maxMessages)
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"truncated tag", []byte{0x80}, "in a Model: unexpected EOF"},
		{"length beyond the end", []byte{7<<3 | 2, 200, 1}, "in a Model: field 7: unexpected EOF"},
		{"field number 0", []byte{0, 0}, "invalid field number"},
		{"wrong wire type", []byte{7 << 3, 1}, "in a Model: field 7 has wire type 0"},
		{"wrong wire type inside", []byte{7<<3 | 2, 2, 1 << 3, 1}, "in a Graph: field 1 has wire type 0"},
		{"half a float", []byte{7<<3 | 2, 5, 5<<3 | 2, 3, 4<<3 | 2, 1, 0}, "in a Tensor: field 4: 1 bytes of packed floats"},
		{"deep", deep, "nested deeper than 100"},
		{"many", many, "more than 2097152 messages"},
	} {
		m, err := Unmarshal(c.b)
		if err == nil || m != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v; want %q", c.name, err, c.want)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	b, _ := full().Marshal()
	f.Add(b)
	own, _ := filepath.Glob("../testdata/*.onnx")
	debian, _ := filepath.Glob(debianModels)
	for i := 0; i < len(debian); i += 40 {
		own = append(own, debian[i])
	}
	for _, p := range own {
		if b, err := os.ReadFile(p); err == nil && len(b) < 64<<10 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Unmarshal(b)
		if err != nil {
			return
		}
		once, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Unmarshal(once)
		if err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
		twice, err := again.Marshal()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("writing is not stable: %v", err)
		}
	})
}

func BenchmarkUnmarshal(b *testing.B) {
	m := &Model{Graph: &Graph{Initializers: []*Tensor{{Name: "w", RawData: make([]byte, 40<<20)}}}}
	buf, _ := m.Marshal()
	for b.Loop() {
		if _, err := Unmarshal(buf); err != nil {
			b.Fatal(err)
		}
	}
}
