package nn_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// Values and gradients of the recurrent layers are PyTorch's.
func TestRecurrent(t *testing.T) {
	weights, _, err := onnx.ReadSafetensors("testdata/recurrent.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	file := map[string]*tensor.Tensor{}
	for _, w := range weights {
		file[w.Name] = w.Tensor
	}
	for _, c := range []struct {
		name   string
		cell   nn.Cell
		layers int
		both   bool
	}{{"lstm", nn.LSTM, 1, false}, {"lstm2", nn.LSTM, 2, true}, {"gru", nn.GRU, 1, true}, {"rnn", nn.RNNTanh, 2, false}, {"relu", nn.RNNRelu, 1, false}} {
		t.Run(c.name, func(t *testing.T) {
			s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
			net := nn.NewRecurrent(s, c.cell, 4, 6, c.layers, c.both)
			state := map[string]*tensor.Tensor{}
			for name, v := range file {
				if key, ok := strings.CutPrefix(name, c.name+"/param/"); ok {
					state[key] = v
				}
			}
			if len(state) != len(s.Params.All()) {
				t.Fatalf("%d parameters, PyTorch has %d", len(s.Params.All()), len(state))
			}
			if err := s.Params.LoadStateDict(state); err != nil {
				t.Fatal(err)
			}
			g := graph.New()
			in := map[string]*graph.Node{}
			for _, k := range []string{"x", "h0", "c0"} {
				in[k] = g.Input(k, file[c.name+"/"+k].Shape...)
			}
			from := nn.State{H: in["h0"]}
			if c.cell == nn.LSTM {
				from.C = in["c0"]
			}
			y, to := net.Forward(in["x"], from)
			loss := func(n *graph.Node, d string) *graph.Node { return graph.Sum(graph.Mul(n, g.Const(file[c.name+"/"+d]))) }
			l := graph.Add(loss(y, "dy"), loss(to.H, "dh"))
			out := map[string]*graph.Node{"y": y, "h": to.H}
			if c.cell == nn.LSTM {
				l = graph.Add(l, loss(to.C, "dc"))
				out["c"] = to.C
			}
			d := graph.Grad(l, in["x"], in["h0"])
			out["gx"], out["gh0"] = d[0], d[1]
			var outputs []*graph.Node
			for _, n := range out {
				outputs = append(outputs, n)
			}
			p, err := vm.Compile(outputs, graph.Backward(l, s.Params))
			if err != nil {
				t.Fatal(err)
			}
			for k, n := range in {
				copy(p.Value(n), file[c.name+"/"+k].F)
			}
			p.Run()
			for k, n := range out {
				compare(t, k, p.Value(n), file[c.name+"/"+k].F)
			}
			for _, q := range s.Params.All() {
				want := file[c.name+"/grad/"+q.Name]
				if q.Perm != nil {
					want = want.Transpose(1, 0)
				}
				compare(t, "gradient of "+q.Name, q.Grad(), want.F)
			}
		})
	}
}

func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	scale := 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	for i, w := range want {
		if math.Abs(float64(got[i]-w)) > 1e-5*(1+scale) {
			t.Errorf("%s: element %d is %v, PyTorch has %v", what, i, got[i], w)
			return
		}
	}
}
