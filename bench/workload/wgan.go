package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

// The step of recipe wgan-gp of plugins/gan: the critic's, whose gradient penalty is a
// gradient of a gradient, then the generator's. The critic is dcgan's discriminator
// without batch norm.
var wganGP = Workload{
	Name: "wgan-gp", What: "generator and critic of recipe wgan-gp, a step of both, gradient penalty by double backprop, batch 32, Adam",
	Batch: func(r *rand.Rand) Batch {
		b := Batch{"real": normal(r, ganBatch, 1, 28, 28), "z": normal(r, ganBatch, latent), "mix": normal(r, ganBatch, 1)}
		for i := range b["mix"].F {
			b["mix"].F[i] = r.Float32()
		}
		return b
	},
	Build: buildWGAN,
}

func buildWGAN(r *rand.Rand) (*Net, error) {
	gs, ds := nn.NewScope(r), nn.NewScope(r)
	draw, critic := newGenerator(gs), newCritic(ds)

	dg := graph.New()
	real, dz, mix := dg.Input("real", ganBatch, 28, 28, 1), dg.Input("z", ganBatch, latent), dg.Input("mix", ganBatch, 1)
	fake := graph.StopGradient(draw(dz))
	penalty, _ := nn.GradientPenalty(critic, real, fake, mix)
	dLoss := graph.Add(nn.WassersteinCritic(critic(real), critic(fake)), graph.Scale(penalty, 10))
	dStep, err := vm.Compile([]*graph.Node{dLoss}, graph.Backward(dLoss, ds.Params))
	if err != nil {
		return nil, err
	}

	gg := graph.New()
	gz := gg.Input("z", ganBatch, latent)
	gLoss := nn.CriticGenerator(critic(draw(gz)))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, gs.Params))
	if err != nil {
		return nil, err
	}

	dAdam, gAdam := optim.NewAdam(ds.Params, 1e-3), optim.NewAdam(gs.Params, 1e-3)
	for _, adam := range []*optim.Adam{dAdam, gAdam} {
		adam.Beta1, adam.Beta2 = 0.5, 0.9
	}
	return &Net{
		Sets: map[string]*graph.Params{"generator.": gs.Params, "critic.": ds.Params},
		Feed: func(b Batch) {
			feed(dStep, b, real, dz, mix)
			feed(gStep, b, gz)
		},
		Step: func() {
			dStep.Run()
			dAdam.Step()
			gStep.Run()
			gAdam.Step()
		},
		Losses:   func() []float64 { return []float64{dStep.Scalar(dLoss), gStep.Scalar(gLoss)} },
		Programs: []Program{{"critic", dStep}, {"generator", gStep}},
	}, nil
}

func newCritic(s *nn.Scope) func(x *graph.Node) *graph.Node {
	conv1 := nn.NewConv2d(s.Sub("conv1"), 1, channels/2, doubling, true)
	conv2 := nn.NewConv2d(s.Sub("conv2"), channels/2, channels, doubling, true)
	fc := nn.NewLinear(s.Sub("fc"), channels*7*7, 1, true)
	return func(x *graph.Node) *graph.Node {
		h := graph.LeakyRelu(conv2.Forward(graph.LeakyRelu(conv1.Forward(x), 0.2)), 0.2) // [N,7,7,C]
		return fc.Forward(flatten(h))                                                    // [N,1]
	}
}
