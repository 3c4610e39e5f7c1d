// Package checkpoint writes the state of a training — the weights of every model,
// the moments of every optimiser — as one safetensors file, and sets it back to the
// same bits. It knows names and tensors, not what they mean.
package checkpoint

import (
	"fmt"
	"io"
	"strings"

	"lab/core/onnx"
	"lab/core/tensor"
)

// Part is something whose state is a set of named tensors: a parameter set, an
// optimiser.
type Part interface {
	StateDict() map[string]*tensor.Tensor
	LoadStateDict(map[string]*tensor.Tensor) error
}

// Parts are the parts of a training by name, without slashes. A tensor of part "adam"
// is stored as "adam/exp_avg".
type Parts map[string]Part

// Save writes the state of all parts.
func (ps Parts) Save(w io.Writer) error {
	all := map[string]*tensor.Tensor{}
	for name, p := range ps {
		if strings.Contains(name, "/") {
			return fmt.Errorf("a part cannot have the name %q", name)
		}
		for key, t := range p.StateDict() {
			all[name+"/"+key] = t
		}
	}
	b, err := onnx.EncodeSafetensors(all, nil)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Load sets all parts back to what Save wrote.
func (ps Parts) Load(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	weights, _, err := onnx.DecodeSafetensors(b)
	if err != nil {
		return err
	}
	states := map[string]map[string]*tensor.Tensor{}
	for _, w := range weights {
		name, key, _ := strings.Cut(w.Name, "/")
		if states[name] == nil {
			states[name] = map[string]*tensor.Tensor{}
		}
		states[name][key] = w.Tensor
	}
	for name, p := range ps {
		if err := p.LoadStateDict(states[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
