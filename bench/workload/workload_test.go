package workload

import (
	"math"
	"path/filepath"
	"testing"

	"lab/bench/protocol"
)

// Every workload runs; read from the state file of another it does the very same.
func TestEveryWorkload(t *testing.T) {
	for _, w := range Table {
		t.Run(w.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			a, err := Ready(w.Name, path, true)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Ready(w.Name, path, false)
			if err != nil {
				t.Fatal(err)
			}
			if a.Parameters() == 0 || len(a.Programs) == 0 {
				t.Errorf("%d parameters, %d programs", a.Parameters(), len(a.Programs))
			}
			for step := range 2 {
				a.Step()
				b.Step()
				for i, l := range a.Losses() {
					if math.IsNaN(l) || l != b.Losses()[i] {
						t.Errorf("step %d: loss %d is %v, read from a file %v", step, i, l, b.Losses()[i])
					}
				}
			}
		})
	}
}

// A step allocates nothing, the optimiser included.
func TestNoAllocationInAStep(t *testing.T) {
	for _, w := range Table {
		n, err := Ready(w.Name, "", false)
		if err != nil {
			t.Fatal(err)
		}
		if allocations := testing.AllocsPerRun(2, n.Step); allocations != 0 {
			t.Errorf("%s: %v allocations", w.Name, allocations)
		}
	}
}

// A program needs at most 60 % of the memory that its inputs and all that its calls compute
// would take, had each its own.
func TestMemoryIsShared(t *testing.T) {
	for _, w := range []Workload{cnn, gpt} {
		n, err := Ready(w.Name, "", false)
		if err != nil {
			t.Fatal(err)
		}
		c := n.Programs[0].Cost()
		t.Logf("%s: %.1f of %.1f MB", w.Name, float64(c.Arena)/1e6, float64(c.Values)/1e6)
		if share := float64(c.Arena) / float64(c.Values); share > 0.6 {
			t.Errorf("%s takes %.0f %% of what its values would", w.Name, 100*share)
		}
	}
}

// Each op of the sweeps is one call, for every variant.
func TestOps(t *testing.T) {
	for _, r := range []protocol.Request{
		{Workload: "gemm", Args: []int{3, 4, 5, 0}}, {Workload: "gemm", Args: []int{3, 4, 5, 1}}, {Workload: "gemm", Args: []int{3, 4, 5, 2}},
		{Workload: "gemm", Args: []int{1, 4, 5, 0}}, {Workload: "gemm", Args: []int{3, 4, 1, 0}},
		{Workload: "conv", Args: []int{2, 6, 6, 3, 4, 3, 1, 1, 0}}, {Workload: "conv", Args: []int{2, 6, 6, 3, 4, 3, 2, 1, 1}},
		{Workload: "conv", Args: []int{2, 6, 6, 3, 4, 1, 1, 0, 2}}, {Workload: "fma", Args: []int{2}},
	} {
		w, err := Builder{}.Build(r)
		if err != nil {
			t.Errorf("%s %v: %v", r.Workload, r.Args, err)
			continue
		}
		w.Step()
	}
	for _, r := range []protocol.Request{{Workload: "gemm", Args: []int{3}}, {Workload: "conv"}, {Workload: "other"}} {
		if _, err := (Builder{}).Build(r); err == nil {
			t.Errorf("%+v is built", r)
		}
	}
}
