package gan

// WGAN-GP: Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved Training of
// Wasserstein GANs" (2017), algorithm 1: a critic estimates the Wasserstein distance
// between real and drawn images, and a penalty on its gradient between them, which is
// differentiated once more, keeps it Lipschitz.
//
// What to expect of the defaults on fashion-mini, in a minute on two cores: grad_norm
// near 1 (1.1) from the second epoch on; the critic's distance falls in the first and then
// stays, as both sides learn; fid falls to at most 100 after the tenth. On this budget
// dcgan draws better.

import (
	"cmp"
	"slices"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

type wganParams struct {
	clothesParams
	NCritic  int     `default:"2" min:"1" doc:"steps of the critic for one of the generator; the paper takes 5"`
	GPWeight float64 `default:"10" min:"0" doc:"weight of the gradient penalty, the paper's lambda"`
}

var wganGP = family.NewRecipe("wgan-gp", "dcgan's networks in Wasserstein's game, with a gradient penalty", trainWGAN,
	slices.Concat(galleryMetrics, []family.Option{
		family.Metric("distance", "", core.Lower, "the critic's estimate of the Wasserstein distance, times its Lipschitz constant"),
		family.Metric("grad_norm", "", core.Neutral, "length of the critic's gradient between real and drawn images, which the penalty pulls to 1"),
		family.Metric("d_loss", "", core.Neutral, "loss of the critic: the penalty less the distance"),
		family.Metric("g_loss", "", core.Neutral, "loss of the generator: the critic's mean score of what it draws, negated"),
		family.Data("fashion-mini", "fashion-mnist"), family.StartsFrom(), family.Resumes()})...)

func trainWGAN(s *family.Session, p wganParams) error {
	vm.SetThreads(s.Threads())
	images, err := openClothes(s, p.Data, p.BatchSize)
	if err != nil {
		return err
	}
	init := s.Rand("init")
	G, D := newGenerator(init, p.LatentDim, p.Channels), newDiscriminator(init, p.Channels, byNothing)
	if err := startFrom(s, G.Params, modelfile.Named{Name: "discriminator", Params: D.Params}); err != nil {
		return err
	}
	images.facts(s, G.Params.Count()+D.Params.Count())

	// The critic's step: lines 4 to 9 of the algorithm.
	dg := graph.New()
	real, dz, mix := dg.Input("real", p.BatchSize, 28, 28, 1), dg.Input("z", p.BatchSize, p.LatentDim), dg.Input("mix", p.BatchSize)
	fake := graph.StopGradient(G.forward(dz, true))
	critic := func(x *graph.Node) *graph.Node { return D.forward(x, true) }
	negated := nn.WassersteinCritic(critic(real), critic(fake))
	penalty, norm := nn.GradientPenalty(critic, real, fake, mix)
	dLoss := graph.Add(negated, graph.Scale(penalty, p.GPWeight))
	dStep, err := vm.Compile([]*graph.Node{dLoss, negated, norm}, graph.Backward(dLoss, D.Params))
	if err != nil {
		return err
	}
	dStep.Named("critic") // in profiles

	// The generator's step: lines 11 and 12.
	gg := graph.New()
	gz := gg.Input("z", p.BatchSize, p.LatentDim)
	gLoss := nn.CriticGenerator(critic(G.forward(gz, true)))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, G.Params))
	if err != nil {
		return err
	}
	gStep.Named("generator")

	dAdam, gAdam := optim.NewAdam(D.Params, cmp.Or(p.LRCritic, p.LR)), optim.NewAdam(G.Params, p.LR)
	dAdam.Beta1, gAdam.Beta1, dAdam.Beta2, gAdam.Beta2 = p.Beta1, p.Beta1, 0.9, 0.9
	eval, err := newGallery(s, images.set, artist{latent: p.LatentDim, draw: func(z, _ *graph.Node) *graph.Node { return G.forward(z, false) }}, p.FIDSamples)
	if err != nil {
		return err
	}

	noise := s.Rand("noise")
	loop := p.loop(images, checkpoint.Parts{"generator": G.Params, "discriminator": D.Params, "generator.adam": gAdam, "discriminator.adam": dAdam, "film": eval.film})
	for step := range loop.Run(s) {
		images.Inputs(dStep.Value(real))
		normal(noise, dStep.Value(dz))
		uniform(noise, dStep.Value(mix))
		dStep.Run()
		dAdam.Step()
		s.Log(step, "distance", -dStep.Scalar(negated))
		s.Log(step, "grad_norm", dStep.Scalar(norm))
		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		if step%p.NCritic == 0 {
			normal(noise, gStep.Value(gz))
			gStep.Run()
			gAdam.Step()
			s.Log(step, "g_loss", gStep.Scalar(gLoss))
		}
		if loop.EpochEnds() {
			if err := eval.show(step); err != nil {
				return err
			}
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	if err := eval.animate(); err != nil {
		return err
	}
	return saveImages(s, "wgan-gp", G, D, p.LatentDim)
}
