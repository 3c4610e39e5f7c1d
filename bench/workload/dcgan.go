package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

// The step of recipe dcgan of plugins/gan: the discriminator's, then the
// generator's. lab draws the fake images in both programs; the peers draw them once
// and use them twice, as their users do.
var dcgan = Workload{
	Name: "dcgan", What: "generator 64→1×28×28 and discriminator of recipe dcgan, a step of both, batch 32, Adam",
	Batch: func(r *rand.Rand) Batch {
		return Batch{"real": normal(r, ganBatch, 1, 28, 28), "z": normal(r, ganBatch, latent)}
	},
	Build: buildDCGAN,
}

const ganBatch, latent, channels = 32, 64, 64

func buildDCGAN(r *rand.Rand) (*Net, error) {
	gs, ds := nn.NewScope(r), nn.NewScope(r)
	draw, judge := newGenerator(gs), newDiscriminator(ds)

	dg := graph.New()
	real, dz := dg.Input("real", ganBatch, 28, 28, 1), dg.Input("z", ganBatch, latent)
	var fake *graph.Node
	dg.WithoutUpdates(func() { fake = graph.StopGradient(draw(dz)) })
	dLoss := graph.Add(nn.BCEWithLogits(judge(real), dg.Scalar(1)), nn.BCEWithLogits(judge(fake), dg.Scalar(0)))
	dStep, err := vm.Compile([]*graph.Node{dLoss}, graph.Backward(dLoss, ds.Params))
	if err != nil {
		return nil, err
	}

	gg := graph.New()
	gz := gg.Input("z", ganBatch, latent)
	gLoss := nn.BCEWithLogits(judge(draw(gz)), gg.Scalar(1))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, gs.Params))
	if err != nil {
		return nil, err
	}

	dAdam, gAdam := optim.NewAdam(ds.Params, 1e-3), optim.NewAdam(gs.Params, 1e-3)
	dAdam.Beta1, gAdam.Beta1 = 0.5, 0.5
	return &Net{
		Sets: map[string]*graph.Params{"generator.": gs.Params, "discriminator.": ds.Params},
		Feed: func(b Batch) {
			feed(dStep, b, real, dz)
			feed(gStep, b, gz)
		},
		Step: func() {
			dStep.Run()
			dAdam.Step()
			gStep.Run()
			gAdam.Step()
		},
		Losses:   func() []float64 { return []float64{dStep.Scalar(dLoss), gStep.Scalar(gLoss)} },
		Programs: []Program{{"discriminator", dStep}, {"generator", gStep}},
	}, nil
}

var doubling = nn.Geometry{Kernel: 4, Stride: 2, Padding: 1}

func newGenerator(s *nn.Scope) func(z *graph.Node) *graph.Node {
	fc, bn1 := nn.NewLinear(s.Sub("fc"), latent, channels*7*7, false), nn.NewBatchNorm(s.Sub("bn1"), channels*7*7)
	conv1, bn2 := nn.NewConvTranspose2d(s.Sub("conv1"), channels, channels/2, doubling, false), nn.NewBatchNorm(s.Sub("bn2"), channels/2)
	conv2 := nn.NewConvTranspose2d(s.Sub("conv2"), channels/2, 1, doubling, true)
	return func(z *graph.Node) *graph.Node {
		h := graph.Relu(bn1.Forward(fc.Forward(z), true))                     // [N,C·7·7]
		h = graph.Transpose(graph.Reshape(h, -1, channels, 7, 7), 0, 2, 3, 1) // [N,7,7,C]
		h = graph.Relu(bn2.Forward(conv1.Forward(h), true))                   // [N,14,14,C/2]
		return graph.Tanh(conv2.Forward(h))                                   // [N,28,28,1]
	}
}

func newDiscriminator(s *nn.Scope) func(x *graph.Node) *graph.Node {
	conv1 := nn.NewConv2d(s.Sub("conv1"), 1, channels/2, doubling, true)
	conv2, bn := nn.NewConv2d(s.Sub("conv2"), channels/2, channels, doubling, true), nn.NewBatchNorm(s.Sub("bn"), channels)
	fc := nn.NewLinear(s.Sub("fc"), channels*7*7, 1, true)
	return func(x *graph.Node) *graph.Node {
		h := graph.LeakyRelu(conv1.Forward(x), 0.2)                  // [N,14,14,C/2]
		h = graph.LeakyRelu(bn.Forward(conv2.Forward(h), true), 0.2) // [N,7,7,C]
		return fc.Forward(flatten(h))                                // [N,1]
	}
}
