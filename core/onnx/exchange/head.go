package exchange

import (
	"math"
	"math/rand/v2"

	"lab/core"
	"lab/core/onnx"
	"lab/core/tensor"
)

// Head is the last layer with weights before a model's first output: what a classifier
// for other classes gets a new one of.
type Head struct {
	Weight, Bias string // names of initialisers; Bias may be ""
	In, Out      int    // features (times the kernel of a convolution) and classes

	axis int // of the weight, that of the classes
}

// passes are operators that keep the classes on their axis and may stand between the
// last layer and the output.
var passes = map[string]bool{"Identity": true, "Softmax": true, "LogSoftmax": true, "Sigmoid": true, "Relu": true, "Dropout": true,
	"Flatten": true, "Reshape": true, "Squeeze": true, "GlobalAveragePool": true, "AveragePool": true, "ReduceMean": true}

// FindHead finds the last layer of a classifier: a Gemm, a MatMul or a convolution.
func FindHead(m *onnx.Model) (Head, error) {
	made, weights := map[string]*onnx.Node{}, map[string]tensor.Shape{}
	for _, n := range m.Nodes {
		for _, name := range n.Outputs {
			made[name] = n
		}
	}
	for _, w := range m.Initializers {
		weights[w.Name] = w.Value.Shape
	}
	h := Head{}
	for value := m.Outputs[0].Name; ; {
		n := made[value]
		if n == nil {
			break
		}
		input := func(i int) string {
			if i < len(n.Inputs) {
				return n.Inputs[i]
			}
			return ""
		}
		switch {
		case passes[n.Op]:
			value = input(0)
			continue
		case n.Op == "Add" && h.Bias == "": // of a MatMul and its bias, in either order
			for i := range n.Inputs {
				if s, ok := weights[input(1-i)]; ok && len(s) == 1 {
					h.Bias, value = input(1-i), input(i)
				}
			}
			if h.Bias != "" {
				continue
			}
		case n.Op == "Gemm" && n.Attrs().Int("transA", 0) == 0:
			h.Weight, h.axis = input(1), 1-int(n.Attrs().Int("transB", 0))
			if h.Bias == "" {
				h.Bias = input(2)
			}
		case n.Op == "Conv" && n.Attrs().Int("group", 1) == 1:
			h.Weight, h.axis = input(1), 0
			if h.Bias == "" {
				h.Bias = input(2)
			}
		case n.Op == "MatMul":
			h.Weight, h.axis = input(1), 1
			if t := made[h.Weight]; t != nil && t.Op == "Transpose" {
				h.Weight, h.axis = t.Inputs[0], 0
			}
		}
		break
	}
	s, ok := weights[h.Weight]
	if !ok || len(s) < 2 || h.axis >= len(s) || h.Bias != "" && !weights[h.Bias].Equal(tensor.Shape{s[h.axis]}) {
		return Head{}, &core.Error{Kind: core.Usage, Msg: "model " + m.Name + ": its output is not computed by a last linear layer or convolution"}
	}
	h.Out = s[h.axis]
	h.In = s.Size() / max(h.Out, 1)
	return h, nil
}

// NewHead gives a classifier a new last layer for a number of classes, under the names of
// the old one, with the weights that PyTorch gives a new layer: uniform within ±1/√In.
// It is to be called before [Load].
func NewHead(m *onnx.Model, classes int, r *rand.Rand) (Head, error) {
	h, err := FindHead(m)
	if err != nil {
		return h, err
	}
	bound := 1 / math.Sqrt(float64(h.In))
	for _, name := range []string{h.Weight, h.Bias} {
		if name == "" {
			continue
		}
		axis, t := h.axis, tensor.Tensor{}
		if name == h.Bias {
			axis = 0
		}
		for _, w := range m.Initializers {
			if w.Name == name {
				t.Shape = w.Value.Shape.Clone()
			}
		}
		t.Shape[axis] = classes
		t.F = make([]float32, t.Shape.Size())
		for i := range t.F {
			t.F[i] = float32((2*r.Float64() - 1) * bound)
		}
		if err := m.Replace(name, &t); err != nil {
			return h, err
		}
	}
	h.Out = classes
	return h, nil
}
