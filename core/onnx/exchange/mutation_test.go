package exchange_test

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"lab/core"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
)

const (
	manyMutations = 100_000 // with LAB_FULL=1
	fewMutations  = 1_500

	slowest = 10 * time.Second // that one may take
	heap    = 1 << 30          // bytes that the heap may have

	// What reading may allocate, garbage included: ten times the file, what a node takes on
	// its way through onnx-go however small it is, and what the first one takes.
	perByte, perNode, fixed = 10, 8 << 10, 1 << 20
)

// TestMutations breaks real models in random places and runs what is left of them: the
// result is an error of one line about the file, or numbers; never a panic, never minutes,
// never memory without bound.
func TestMutations(t *testing.T) {
	n := fewMutations
	if os.Getenv("LAB_FULL") != "" {
		n = manyMutations
	}
	var models [][]byte
	paths, _ := filepath.Glob("../testdata/*.onnx")
	cases, _ := filepath.Glob("../conformance/testdata/*/model.onnx")
	torch, _ := filepath.Glob("testdata/torch/*.onnx")
	debian, _ := filepath.Glob("/usr/share/libonnx-testdata/data/*/*/model.onnx")
	for _, p := range slices.Concat(paths, cases, torch, debian) {
		if b, err := os.ReadFile(p); err == nil && len(b) < 64<<10 {
			models = append(models, b)
		}
	}
	if len(debian) == 0 {
		t.Log("libonnx-testdata is not installed (apt-get install libonnx-testdata): committed models only")
	}
	debug.SetMemoryLimit(heap) // so that garbage does not count
	defer debug.SetMemoryLimit(-1)
	last := filepath.Join(t.TempDir(), "last.onnx") // to be looked at after a crash
	if dir := os.Getenv("LAB_MUTATION"); dir != "" {
		last = filepath.Join(dir, "last.onnx")
	}
	for _, b := range models { // what is made once, tables of small formats, is not the broken file's
		onnx.Decode(b, "../testdata")
	}
	counts := map[string]int{}
	var most uint64
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		b := mutate(r, models[r.IntN(len(models))])
		if err := os.WriteFile(last, b, 0o644); err != nil {
			t.Fatal(err)
		}
		watch := time.AfterFunc(slowest, func() { panic("mutation takes too long: see " + last) })
		before := allocated()
		m, err := onnx.Decode(b, "../testdata")
		if used := allocated() - before; used > perByte*uint64(len(b))+perNode*uint64(nodes(b))+fixed {
			t.Fatalf("mutation %d: reading %d bytes allocates %d (%v)", i, len(b), used, err)
		}
		outcome := "not a model"
		if err == nil {
			outcome, err = run(r, m)
		}
		if !watch.Stop() {
			t.Fatalf("mutation %d takes more than %v", i, slowest)
		}
		counts[outcome]++
		if err != nil && (core.KindOf(err) != core.Usage || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "onnx-go")) {
			t.Fatalf("mutation %d, %s: not one line about the file: %q", i, outcome, err)
		}
		if size := inUse(); size > most {
			if most = size; most > heap {
				t.Fatalf("mutation %d: the heap has %d bytes", i, size)
			}
		}
	}
	t.Logf("%d mutations of %d models: %v; the heap had %d MB at most", n, len(models), counts, most>>20)
}

// nodes counts those of a file, its functions' included.
func nodes(b []byte) int {
	m, err := pb.Unmarshal(b)
	if err != nil || m.Graph == nil {
		return 0
	}
	n := len(m.Graph.Nodes)
	for _, f := range m.Functions {
		n += len(f.Nodes)
	}
	return n
}

// run computes the model of inputs of the shapes that it declares.
func run(r *rand.Rand, m *onnx.Model) (string, error) {
	net, err := exchange.Load(m)
	if err != nil {
		return "not loaded", err
	}
	net.Limit = 1 << 20
	inputs := map[string]exchange.Value{}
	for _, v := range m.Inputs {
		if v.Kind == onnx.Sequence || v.Kind == onnx.Optional {
			inputs[v.Name] = exchange.Value{Items: []exchange.Value{}}
			continue
		}
		shape, size := make([]int, len(v.Dims)), 1
		for i, d := range v.Dims {
			if shape[i] = d.Size; d.Size < 0 {
				shape[i] = 1 + r.IntN(3)
			}
			if size *= shape[i]; size > 1<<14 {
				return "large inputs", nil
			}
		}
		if v.Type != pb.String && array.Bits(v.Type) == 0 {
			return "inputs of another type", nil
		}
		a := array.New(v.Type, shape...)
		for _, d := range [][]int64{array.Of[int64](a)} {
			for i := range d {
				d[i] = int64(r.IntN(3))
			}
		}
		for i := range array.Of[float32](a) {
			array.Of[float32](a)[i] = float32(r.NormFloat64())
		}
		inputs[v.Name] = exchange.Value{Array: a}
	}
	if _, err := net.Run(inputs); err != nil {
		return "refused", err
	}
	return "computed", nil
}

// mutate changes bytes of the file, or fields of what it means, or both.
func mutate(r *rand.Rand, b []byte) []byte {
	if r.IntN(2) == 0 {
		if m, err := pb.Unmarshal(b); err == nil && m.Graph != nil {
			for range 1 + r.IntN(3) {
				mutateModel(r, m)
			}
			if out, err := m.Marshal(); err == nil {
				b = out
			}
		}
		if r.IntN(4) != 0 {
			return b
		}
	}
	b = append([]byte{}, b...)
	for range 1 + r.IntN(4) {
		if len(b) < 2 {
			return b
		}
		at := r.IntN(len(b))
		n := 1 + r.IntN(min(16, len(b)-at))
		switch r.IntN(6) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			b = append(b[:at], b[at+n:]...)
		case 3:
			b = append(b[:at+n:at+n], b[at:]...)
		case 4:
			b = binary.AppendUvarint(b[:at:at], r.Uint64()>>r.IntN(64))
		case 5:
			from := r.IntN(len(b) - n + 1)
			copy(b[at:at+n], b[from:from+n])
		}
	}
	return b
}

// numbers are those that break things.
func number(r *rand.Rand) int64 {
	odd := []int64{0, 1, -1, 2, 3, 7, -2, 255, 1 << 16, 1 << 24, 1<<31 - 1, 1 << 31, -1 << 31, 1 << 40, 1<<63 - 1, -1 << 63}
	return odd[r.IntN(len(odd))]
}

func mutateModel(r *rand.Rand, m *pb.Model) {
	g := m.Graph
	if len(g.Nodes) == 0 {
		return
	}
	n := g.Nodes[r.IntN(len(g.Nodes))]
	ops := exchange.Operators()
	switch r.IntN(12) {
	case 0:
		n.OpType = ops[r.IntN(len(ops))].Name
	case 1:
		if len(m.OpsetImports) > 0 {
			m.OpsetImports[0].Version = int64(r.IntN(30))
		}
	case 2:
		if len(n.Inputs) > 0 {
			other := g.Nodes[r.IntN(len(g.Nodes))]
			names := append(append([]string{""}, other.Inputs...), other.Outputs...)
			n.Inputs[r.IntN(len(n.Inputs))] = names[r.IntN(len(names))]
		}
	case 3:
		if len(n.Inputs) > 0 {
			n.Inputs = append(n.Inputs, n.Inputs[r.IntN(len(n.Inputs))])
		}
	case 4:
		if len(n.Inputs) > 0 {
			n.Inputs = n.Inputs[:len(n.Inputs)-1]
		}
	case 5, 6, 7:
		if len(n.Attributes) == 0 {
			return
		}
		switch a := n.Attributes[r.IntN(len(n.Attributes))]; {
		case a.I != nil:
			v := number(r)
			a.I = &v
		case len(a.Ints) > 0:
			a.Ints[r.IntN(len(a.Ints))] = number(r)
		case a.F != nil:
			v := float32(number(r))
			a.F = &v
		case len(a.S) > 0:
			a.S[r.IntN(len(a.S))] = byte(r.Uint32())
		default:
			n.Attributes = n.Attributes[1:]
		}
	case 8:
		v := number(r)
		name := []string{"axis", "keepdims", "group", "k", "to", "mode", "batch_dims", "blocksize", "num_outputs"}[r.IntN(9)]
		n.Attributes = append(n.Attributes, &pb.Attribute{Name: name, Type: pb.AttrInt, I: &v})
	case 9:
		if len(g.Inputs) > 0 {
			in := g.Inputs[r.IntN(len(g.Inputs))]
			if in.Type == nil || in.Type.Tensor == nil {
				return
			}
			in.Type.Tensor.ElemType = pb.DataType(r.IntN(29))
		}
	case 10:
		if len(g.Inputs) > 0 {
			in := g.Inputs[r.IntN(len(g.Inputs))]
			if in.Type == nil || in.Type.Tensor == nil || in.Type.Tensor.Shape == nil || len(in.Type.Tensor.Shape.Dims) == 0 {
				return
			}
			dims := in.Type.Tensor.Shape.Dims
			v := int64(r.IntN(6))
			dims[r.IntN(len(dims))] = &pb.Dim{Value: &v}
		}
	case 11: // a shape, axes, indices: whatever the input is, it is known now
		if len(n.Inputs) > 0 {
			v := []int64{number(r), int64(r.IntN(4)), number(r)}[:1+r.IntN(3)]
			name := "mutated" + string(rune('a'+r.IntN(26)))
			g.Initializers = append(g.Initializers, &pb.Tensor{Name: name, DataType: pb.Int64, Dims: []int64{int64(len(v))}, Int64Data: v})
			n.Inputs[r.IntN(len(n.Inputs))] = name
		}
	}
}

var sample = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}

// allocated is how much was ever allocated on the heap.
func allocated() uint64 {
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// inUse is how much the heap has now, garbage included.
func inUse() uint64 {
	metrics.Read(sample)
	return sample[1].Value.Uint64()
}
