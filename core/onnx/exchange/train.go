package exchange

import (
	"slices"

	"lab/core/onnx"
	"lab/core/tensor"
)

// Open reads a model file and prepares it: [onnx.Read] and [Load].
func Open(path string) (*Net, error) {
	m, err := onnx.Read(path)
	if err != nil {
		return nil, err
	}
	return Load(m)
}

// Encode returns the bytes of the model's file with the weights that the net has now:
// same operators and names, so that what loaded the file before loads this one, and
// PyTorch's load_state_dict(strict=True) takes its initialisers. Weights that are as they
// were are written bit for bit.
func (net *Net) Encode() ([]byte, error) { return net.Model.Encode(net.moved()) }

// WriteFile writes Encode to path: all of it or, on an error, nothing.
func (net *Net) WriteFile(path string) error { return net.Model.WriteFile(path, net.moved()) }

// moved is the weights that differ from the file's.
func (net *Net) moved() map[string]*tensor.Tensor {
	state := map[string]*tensor.Tensor{}
	for name, p := range net.params {
		if t := p.Export(); !slices.Equal(t.F, net.weights[name].Tensor.F) {
			state[name] = t
		}
	}
	return state
}
