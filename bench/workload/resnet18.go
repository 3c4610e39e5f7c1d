package workload

import (
	"fmt"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

// ResNet-18 (He et al. 2016, table 1) as whoever gets an ONNX file runs it: read, built
// and compiled for one size.
var resnet18Single, resnet18Batch = resnet18(1), resnet18(16)

func resnet18(batch int) Workload {
	return Workload{
		Name: fmt.Sprint("resnet18-", batch), What: fmt.Sprintf("3×224×224, ResNet-18 from an ONNX file, 1000 classes, batch %d, inference", batch),
		Batch: func(r *rand.Rand) Batch { return Batch{"x": normal(r, batch, 3, 224, 224)} },
		Build: func(r *rand.Rand) (*Net, error) {
			file, err := resnet18File(r)
			if err != nil {
				return nil, err
			}
			m, err := onnx.Decode(file, "")
			if err != nil {
				return nil, err
			}
			net, err := exchange.Load(m)
			if err != nil {
				return nil, err
			}
			x := graph.New().Input("x", batch, 224, 224, 3)
			y, err := net.Apply(exchange.Port{Name: "x", Node: x, Image: true})
			if err != nil {
				return nil, err
			}
			p, err := vm.Compile(y)
			if err != nil {
				return nil, err
			}
			return &Net{
				Sets:  map[string]*graph.Params{"": net.Params},
				Feed:  func(b Batch) { feed(p, b, x) },
				Step:  p.Run,
				Model: net.Encode,
				Losses: func() []float64 {
					out := make([]float64, 10)
					for i := range out {
						out[i] = float64(p.Value(y[0])[i])
					}
					return out
				},
				Programs: []Program{{"forward", p}},
			}, nil
		},
	}
}

// resnet18File is the network in evaluation mode as an ONNX file, with torchvision's names.
func resnet18File(r *rand.Rand) ([]byte, error) {
	s := nn.NewScope(r)
	conv := func(name string, in, out, kernel, stride int) *nn.Conv2d {
		return nn.NewConv2d(s.Sub(name), in, out, nn.Geometry{Kernel: kernel, Stride: stride, Padding: kernel / 2}, false)
	}
	type step struct {
		conv *nn.Conv2d
		bn   *nn.BatchNorm
	}
	convNorm := func(c, b string, in, out, kernel, stride int) step {
		return step{conv(c, in, out, kernel, stride), nn.NewBatchNorm(s.Sub(b), out)}
	}
	stem := convNorm("conv1", "bn1", 3, 64, 7, 2)
	var blocks [][]step // two convolutions, and that of the shortcut if there is one
	in := 64
	for i, out := range []int{64, 128, 256, 512} {
		for k := range 2 {
			name, stride := fmt.Sprintf("layer%d.%d.", i+1, k), 1
			if i > 0 && k == 0 {
				stride = 2
			}
			b := []step{convNorm(name+"conv1", name+"bn1", in, out, 3, stride), convNorm(name+"conv2", name+"bn2", out, out, 3, 1)}
			if stride > 1 {
				b = append(b, convNorm(name+"downsample.0", name+"downsample.1", in, out, 1, stride))
			}
			blocks, in = append(blocks, b), out
		}
	}
	fc := nn.NewLinear(s.Sub("fc"), 512, 1000, true)
	b, err := exchange.Export("resnet18", onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", n["batch"], 224, 224, 3)
		apply := func(st step, x *graph.Node) *graph.Node { return st.bn.Forward(st.conv.Forward(x), false) }
		h := graph.Relu(apply(stem, x))
		h = graph.MaxPool(h, graph.PoolAttr{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}) // [N,56,56,64]
		for _, b := range blocks {
			shortcut := h
			if len(b) > 2 {
				shortcut = apply(b[2], h)
			}
			h = graph.Relu(graph.Add(apply(b[1], graph.Relu(apply(b[0], h))), shortcut))
		}
		y := fc.Forward(nn.GlobalAvgPool2d(h))
		return []exchange.Port{{Name: "x", Node: x, Image: true}}, []exchange.Port{{Name: "y", Node: y}}
	})
	if err != nil {
		return nil, err
	}
	return b.Encode()
}
