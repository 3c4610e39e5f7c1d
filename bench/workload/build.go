package workload

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"

	"lab/bench/protocol"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// Builder is lab as a contender.
type Builder struct{}

// Versions implements protocol.Builder.
func (Builder) Versions() []string {
	flush := "denormals as they are"
	if Flushes() {
		flush = "denormals flushed"
	}
	return []string{"lab", runtime.Version(), vm.ISA(), flush}
}

// Build implements protocol.Builder.
func (Builder) Build(r protocol.Request) (*protocol.Work, error) {
	if op := ops[r.Workload]; op != nil {
		step, err := op(r.Args)
		return &protocol.Work{Step: step, Losses: func() []float64 { return nil }}, err
	}
	n, err := Ready(r.Workload, r.State, r.Write)
	if err != nil {
		return nil, err
	}
	return &protocol.Work{Parameters: n.Parameters(), Step: n.Step, Losses: n.Losses}, nil
}

// Ready builds the named workload with its batch in place. Weights and batch are
// drawn, and written to the state file if write is set; else they are read from it.
// No path means drawn and not written.
func Ready(name, path string, write bool) (*Net, error) {
	w := Find(name)
	if w == nil {
		return nil, protocol.Missing("there is no workload %q", name)
	}
	n, err := w.Build(rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	batch := w.Batch(rand.New(rand.NewPCG(1, 2)))
	if path != "" && write {
		err = n.write(path, batch)
	} else if path != "" {
		batch, err = n.read(path)
	}
	if err != nil {
		return nil, err
	}
	n.Feed(batch)
	return n, nil
}

func (n *Net) write(path string, batch Batch) error {
	state := map[string]*tensor.Tensor{}
	for prefix, set := range n.Sets {
		for name, t := range set.StateDict() {
			state[prefix+name] = t
		}
	}
	for name, t := range batch {
		state[protocol.BatchPrefix+name] = t
	}
	b, err := onnx.EncodeSafetensors(state, nil)
	if err != nil {
		return err
	}
	if n.Model != nil {
		file, err := n.Model()
		if err == nil {
			err = os.WriteFile(strings.TrimSuffix(path, ".safetensors")+".onnx", file, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return os.WriteFile(path, b, 0o644)
}

func (n *Net) read(path string) (Batch, error) {
	weights, _, err := onnx.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	batch := Batch{}
	state := map[string]*tensor.Tensor{}
	for _, w := range weights {
		if name, ok := strings.CutPrefix(w.Name, protocol.BatchPrefix); ok {
			batch[name] = w.Tensor
		} else {
			state[w.Name] = w.Tensor
		}
	}
	for prefix, set := range n.Sets {
		own := map[string]*tensor.Tensor{}
		for name, t := range state {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				own[rest] = t
			}
		}
		if err := set.LoadStateDict(own); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return batch, nil
}
