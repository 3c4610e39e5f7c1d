package transformer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/vm"
)

// windowed is attention's way there and back, of four heads of 32 over a text of so many
// tokens.
func windowed(t testing.TB, length, window int) *vm.Program {
	g := graph.New()
	qkv := g.Input("qkv", 1, length, 3, 4, 32)
	y := graph.SelfAttention(qkv, nil, graph.AttentionAttr{Causal: true, Window: window})
	p, err := vm.Compile([]*graph.Node{graph.GradWith(y, y, qkv)[0]})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p.Value(qkv) {
		p.Value(qkv)[i] = float32(r.NormFloat64())
	}
	return p
}

// TestWindowIsLinear: within a window, operations and memory grow with the length and
// not with its square; even without one, nothing holds length × length numbers.
func TestWindowIsLinear(t *testing.T) {
	for _, window := range []int{64, 0} {
		half, whole := windowed(t, 2048, window).Cost(), windowed(t, 4096, window).Cost()
		if r := float64(whole.Arena) / float64(half.Arena); r > 2.01 || whole.Arena > 4096*4096*4/2 {
			t.Errorf("window %d: %d bytes for twice the length of %d", window, whole.Arena, half.Arena)
		}
		if r := whole.Flops / half.Flops; window > 0 && r > 2.01 {
			t.Errorf("window %d: %.3g operations for twice the length of %.3g", window, whole.Flops, half.Flops)
		}
	}
}

// BenchmarkWindow: the time a token takes should not depend on the length.
func BenchmarkWindow(b *testing.B) {
	vm.SetThreads(1)
	for _, window := range []int{64, 0} {
		for length := 256; length <= 4096; length *= 2 {
			b.Run(fmt.Sprintf("window=%d/length=%d", window, length), func(b *testing.B) {
				p := windowed(b, length, window)
				for b.Loop() {
					p.Run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*length), "ns/token")
				b.ReportMetric(float64(p.Cost().Arena)/float64(length), "B/token")
			})
		}
	}
}

// BenchmarkWriter: tokens a second, one at a time, with a cache.
func BenchmarkWriter(b *testing.B) {
	vm.SetThreads(1)
	m := newGPT(rand.New(rand.NewPCG(1, 2)), 0, architecture{Layers: 4, Heads: 4, Width: 128, Context: 256, Positions: "learned", Vocabulary: 96, NoBias: true})
	w, err := newWriter(m)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.write([]int32{1}, 200, sampler{})
	}
	b.ReportMetric(200*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// TestWriterAgainstPyTorch writes the same tokens as a PyTorch loop with a cache, and
// compares how fast, on one thread each.
func TestWriterAgainstPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch and onnx (make python sets it up)")
	}
	vm.SetThreads(1)
	r := familytest.Train(t, Family, "lm", "data=testdata/whale.txt", "context=200", "steps=2", "eval_every=2", "tokens=5", "batch_size=1")
	file, what, err := open(r.Model(), "lm")
	if err != nil {
		t.Fatal(err)
	}
	m := newGPT(rand.New(rand.NewPCG(1, 2)), 0, what.architecture)
	if err := m.Params.LoadStateDict(file.StateDict()); err != nil {
		t.Fatal(err)
	}
	w, err := newWriter(m)
	if err != nil {
		t.Fatal(err)
	}
	const n = 150
	var out []int32
	best := time.Hour
	for range 5 {
		start := time.Now()
		out = w.write([]int32{1, 2, 3}, n, sampler{})
		best = min(best, time.Since(start))
	}
	said, err := exec.Command(python, "../../examples/pytorch/generate.py", r.Model(), "--tokens", strconv.Itoa(n), "--repeat", "5", "1", "2", "3").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	speed, rest, _ := strings.Cut(string(said), " tokens a second: ")
	theirs, err := strconv.ParseFloat(speed, 64)
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var want []string
	for _, id := range out {
		want = append(want, fmt.Sprint(id))
	}
	if got := strings.Fields(rest); !slices.Equal(got, want) {
		t.Errorf("PyTorch writes\n%v, we\n%v", got, want)
	}
	ours := n / best.Seconds()
	t.Logf("%.0f tokens a second, PyTorch %.0f: %.1f times as fast", ours, theirs, ours/theirs)
	if os.Getenv("LAB_FULL") != "" && !(ours >= 5*theirs) {
		t.Errorf("%.1f times as fast as PyTorch, want 5", ours/theirs)
	}
}
