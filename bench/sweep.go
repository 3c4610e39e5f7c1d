package main

import (
	"encoding/json"
	"fmt"
	"os"

	"lab/bench/protocol"
	"lab/core/vm/peak"
)

// shape is one size of an op.
type shape struct {
	name string
	args []int
	ops  float64 // floating-point operations
}

// gemmShapes: sizes of the workloads with their gradients, squares, and what is hard.
func gemmShapes() []shape {
	var out []shape
	add := func(m, k, n, which int) {
		name := fmt.Sprintf("%d×%d×%d%s", m, k, n, []string{"", " AᵀB", " ABᵀ"}[which])
		out = append(out, shape{name, []int{m, k, n, which}, 2 * float64(m) * float64(k) * float64(n)})
	}
	add(64, 784, 512, 0) // mlp: forward, weights, input
	add(784, 64, 512, 1)
	add(64, 512, 784, 2)
	add(64, 512, 256, 0)
	add(512, 64, 256, 1)
	add(64, 256, 512, 2)
	add(64, 9216, 128, 0) // cnn
	add(9216, 64, 128, 1)
	add(64, 128, 9216, 2)
	add(64, 128, 10, 0)
	add(64, 10, 128, 2)
	add(16, 3136, 64, 0)
	add(1024, 128, 512, 0) // gpt
	add(128, 1024, 512, 1)
	add(1024, 512, 128, 2)
	add(64, 32, 64, 2)
	for _, n := range []int{32, 64, 128, 256, 512, 1024} {
		add(n, n, n, 0)
	}
	add(1024, 1024, 1024, 1)
	add(1024, 1024, 1024, 2)
	add(1, 64, 64, 0) // skinny
	add(1, 1024, 1024, 0)
	add(1024, 1024, 1, 0)
	add(32, 1024, 1, 0)
	add(8, 1024, 1024, 0)
	add(1024, 8, 1024, 0)
	add(1024, 1024, 8, 0)
	add(32, 288, 43264, 0)
	return out
}

// convShapes: those of the workloads, all three passes.
func convShapes() []shape {
	var out []shape
	for _, c := range []struct{ n, size, in, out, kernel, stride, padding int }{
		{64, 28, 1, 32, 3, 1, 0}, {64, 26, 32, 64, 3, 1, 0}, // cnn
		{32, 28, 1, 32, 4, 2, 1}, {32, 14, 32, 64, 4, 2, 1}, // dcgan
		{32, 32, 3, 16, 3, 1, 1}, {32, 32, 16, 16, 3, 1, 1}, {32, 32, 16, 32, 3, 2, 1}, {32, 16, 32, 32, 3, 1, 1}, // resnet
		{32, 16, 32, 64, 3, 2, 1}, {32, 8, 64, 64, 3, 1, 1}, {32, 32, 16, 32, 1, 2, 0},
		{16, 56, 64, 64, 3, 1, 1}, {16, 14, 256, 256, 3, 1, 1},
	} {
		size := (c.size+2*c.padding-c.kernel)/c.stride + 1
		for which, pass := range []string{"forward", "input", "weight"} {
			out = append(out, shape{
				fmt.Sprintf("%d×%d×%d×%d %d×%d→%d /%d %s", c.n, c.size, c.size, c.in, c.kernel, c.kernel, c.out, c.stride, pass),
				[]int{c.n, c.size, c.size, c.in, c.out, c.kernel, c.stride, c.padding, which},
				2 * float64(c.n*size*size*c.out) * float64(c.kernel*c.kernel*c.in)})
		}
	}
	return out
}

// swept is one size on one number of threads, in GFLOPS.
type swept struct {
	Shape   string             `json:"shape"`
	Threads int                `json:"threads"`
	Peak    float64            `json:"fma_peak"`
	Rates   map[string]float64 `json:"gflops"`
}

// sweep measures an op over its sizes and prints GFLOPS.
func sweep(s *settings) error {
	shapes, names := gemmShapes(), []string{"lab", "eager", "numpy"}
	switch s.sweep {
	case "gemm":
	case "conv":
		shapes, names = convShapes(), []string{"lab", "eager", "tuned"}
	default:
		return fmt.Errorf("-sweep is gemm or conv, not %q", s.sweep)
	}
	stage, err := newStage()
	if err != nil {
		return err
	}
	defer stage.close()
	m := thisMachine()
	var all []swept
	var versions []string
	for _, threads := range s.threads {
		var who []*contender
		for _, name := range append([]string{"lab"}, names...) { // the first is for the peak
			c, err := stage.start(name, threads)
			if err != nil {
				versions = append(versions, fmt.Sprintf("no %s: %v", name, err))
				continue
			}
			defer c.close()
			who = append(who, c)
			if threads == s.threads[0] && len(who) > 1 {
				versions = append(versions, fmt.Sprintf("%s: %v", name, c.versions))
			}
		}
		if len(who) == 0 {
			return fmt.Errorf("no contender: %v", versions)
		}
		who[0].name = "peak"
		for _, shape := range shapes {
			if !s.workload.MatchString(shape.name) {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s, threads %d\n", shape.name, threads)
			one, err := sweepShape(s, shape, threads, who)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
	}
	for i, one := range all { // what the cores can do is the best that was ever seen
		for _, other := range all {
			if other.Threads == one.Threads {
				all[i].Peak = max(all[i].Peak, other.Peak)
			}
		}
	}
	m.After = load()
	if s.format == "json" {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"machine": m, "versions": versions, "sweep": all})
	}
	fmt.Printf("%s\n\nGFLOPS, medians of %d rounds; peak: the most that multiply-adds on registers alone reached.\n\n", m, s.rounds)
	rateTable(all, names).print(os.Stdout, s.format)
	fmt.Println()
	for _, v := range versions {
		fmt.Println("- " + v)
	}
	return nil
}

// sweepShape times one size in turns: the peak, lab, the peers.
func sweepShape(s *settings, sh shape, threads int, who []*contender) (swept, error) {
	took := make([][]float64, len(who)) // seconds a step
	for i, c := range who {
		r := protocol.Request{Do: protocol.Build, Workload: s.sweep, Args: sh.args}
		if i == 0 {
			r.Workload, r.Args = "fma", []int{threads}
		}
		if _, err := c.ask(r); err != nil {
			return swept{}, err
		}
		if err := c.calibrate(s.seconds); err != nil {
			return swept{}, err
		}
	}
	for range s.rounds {
		for i, c := range who {
			t, err := c.time()
			if err != nil {
				return swept{}, err
			}
			took[i] = append(took[i], t.step)
		}
	}
	out := swept{Shape: sh.name, Threads: threads, Rates: map[string]float64{}}
	for i, c := range who {
		t := spreadOf(took[i])
		if i == 0 {
			out.Peak = peak.Ops(threads) / t.Min / 1e9
			continue
		}
		out.Rates[c.name] = sh.ops / t.Median / 1e9
	}
	return out, nil
}

func rateTable(all []swept, names []string) grid {
	g := grid{append([]string{"shape", "threads", "peak", "lab/peak"}, names...)}
	g[0] = append(g[0], "lab/best peer")
	for _, one := range all {
		row := []string{one.Shape, fmt.Sprint(one.Threads), fmt.Sprintf("%.0f", one.Peak), fmt.Sprintf("%.0f %%", 100*one.Rates["lab"]/one.Peak)}
		best := 0.0
		for _, n := range names {
			cell := "—"
			if v, ok := one.Rates[n]; ok {
				cell = multiple(v)
				if n != "lab" {
					best = max(best, v)
				}
			}
			row = append(row, cell)
		}
		against := "—"
		if best > 0 {
			against = multiple(one.Rates["lab"]/best) + "×"
		}
		g = append(g, append(row, against))
	}
	return g
}
