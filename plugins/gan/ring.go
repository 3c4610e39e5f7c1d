package gan

// Mixtures in the plane: the games of Goodfellow et al. (2014) and of Gulrajani et al.,
// "Improved Training of Wasserstein GANs" (2017, algorithm 1), where one can see and
// count which modes a generator finds (Metz et al. 2017, section 3.1).
//
// What to expect: all 8 modes of the ring with high_quality above 0.75 (loss=vanilla,
// the default, 15 s) or above 0.5 (loss=wgan-gp steps=2000); 24 of the grid's 25 with
// data=grid loss=wgan-gp n_critic=3 steps=8000. And a collapse onto half of the modes or
// fewer with latent_dim=256 batch_size=512 lr_critic=1e-4 decay=false, where
// latent_dim=256 loss=wgan-gp steps=2000 finds all.

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

type ringParams struct {
	Data            string  `default:"ring" enum:"ring,grid" doc:"8 modes on a circle, or 5×5 on a grid"`
	Loss            string  `default:"vanilla" enum:"vanilla,wgan-gp" doc:"the original game, or Wasserstein's with a gradient penalty"`
	Steps           int     `default:"5000" min:"1" doc:"steps of the generator"`
	BatchSize       int     `default:"256" min:"2" doc:"points a step"`
	LR              float64 `default:"1e-3" min:"0" doc:"Adam's learning rate"`
	LRCritic        float64 `default:"0" min:"0" doc:"that of the discriminator; 0 takes lr"`
	Decay           bool    `default:"true" doc:"let the learning rates fall to 0 on a straight line"`
	NCritic         int     `default:"0" min:"0" doc:"steps of the discriminator for one of the generator; 0 takes 1, for wgan-gp 5"`
	GPWeight        float64 `default:"0.1" min:"0" doc:"weight of wgan-gp's gradient penalty; the paper's 10 is too much here"`
	LatentDim       int     `default:"2" min:"1" doc:"size of the noise that a point is drawn from"`
	Hidden          int     `default:"128" min:"1" doc:"width of both hidden layers"`
	EvalEvery       int     `default:"500" min:"1" doc:"steps between scores and pictures"`
	CheckpointEvery int     `default:"0" min:"0" doc:"scores between checkpoints; 0 writes one only when the run is stopped"`
}

var ringRecipe = family.NewRecipe("ring", "mixtures in the plane: which modes are found, which are lost", trainRing,
	family.Metric("modes", "", core.Higher, "modes covered: 8 of the ring, 25 of the grid"),
	family.Metric("high_quality", "", core.Higher, "share of the drawn points within 3 standard deviations of a mode; 0.989 for real ones"),
	family.Metric("modes_in_effect", "", core.Higher, "e^entropy of the shares of points nearest to each mode, however far: few after a collapse"),
	family.Metric("d_loss", "", core.Neutral, "loss of the discriminator; with wgan-gp the negated distance, and the penalty"),
	family.Metric("g_loss", "", core.Neutral, "loss of the generator"),
	family.Metric("grad_norm", "", core.Neutral, "length of the discriminator's gradient between real and drawn points"),
	family.StartsFrom(), family.Resumes())

// dense is a net of three layers with an activation between them.
type dense struct {
	*nn.Scope
	fc1, fc2, fc3 *nn.Linear
	activation    func(*graph.Node) *graph.Node
}

func newDense(r *rand.Rand, in, hidden, out int, activation func(*graph.Node) *graph.Node) *dense {
	s := nn.NewScope(r)
	return &dense{s, nn.NewLinear(s.Sub("fc1"), in, hidden, true), nn.NewLinear(s.Sub("fc2"), hidden, hidden, true),
		nn.NewLinear(s.Sub("fc3"), hidden, out, true), activation}
}

func (d *dense) forward(x *graph.Node) *graph.Node {
	return d.fc3.Forward(d.activation(d.fc2.Forward(d.activation(d.fc1.Forward(x)))))
}

func newPointGenerator(r *rand.Rand, latent, hidden int) *dense {
	return newDense(r, latent, hidden, 2, graph.Relu)
}

func newPointDiscriminator(r *rand.Rand, hidden int) *dense {
	return newDense(r, 2, hidden, 1, func(x *graph.Node) *graph.Node { return graph.LeakyRelu(x, 0.2) })
}

func trainRing(s *family.Session, p ringParams) error {
	vm.SetThreads(s.Threads())
	world, wasserstein := ring(), p.Loss == "wgan-gp"
	if p.Data == "grid" {
		world = grid()
	}
	init := s.Rand("init")
	G, D := newPointGenerator(init, p.LatentDim, p.Hidden), newPointDiscriminator(init, p.Hidden)
	if err := startFrom(s, G.Params, modelfile.Named{Name: "discriminator", Params: D.Params}); err != nil {
		return err
	}
	s.Fact("data.name", p.Data)
	s.Fact("model.parameters", fmt.Sprint(G.Params.Count()+D.Params.Count()))
	s.Fact("cpu.isa", vm.ISA())

	// The discriminator's step.
	dg := graph.New()
	real, dz, mix := dg.Input("real", p.BatchSize, 2), dg.Input("z", p.BatchSize, p.LatentDim), dg.Input("mix", p.BatchSize)
	fake := graph.StopGradient(G.forward(dz))
	onReal, onFake := D.forward(real), D.forward(fake)
	dLoss := graph.Add(nn.BCEWithLogits(onReal, dg.Scalar(1)), nn.BCEWithLogits(onFake, dg.Scalar(0)))
	if wasserstein {
		penalty, _ := nn.GradientPenalty(D.forward, real, fake, mix)
		dLoss = graph.Add(nn.WassersteinCritic(onReal, onFake), graph.Scale(penalty, p.GPWeight))
	}
	dStep, err := vm.Compile([]*graph.Node{dLoss}, graph.Backward(dLoss, D.Params))
	if err != nil {
		return err
	}
	dStep.Named("discriminator")

	// The generator's step.
	gg := graph.New()
	gz := gg.Input("z", p.BatchSize, p.LatentDim)
	drawn := D.forward(G.forward(gz))
	gLoss := nn.BCEWithLogits(drawn, gg.Scalar(1))
	if wasserstein {
		gLoss = nn.CriticGenerator(drawn)
	}
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, G.Params))
	if err != nil {
		return err
	}
	gStep.Named("generator")

	dAdam, gAdam := optim.NewAdam(D.Params, p.LR), optim.NewAdam(G.Params, p.LR)
	dAdam.Beta1, gAdam.Beta1 = 0.5, 0.5
	critic := 1
	if wasserstein {
		dAdam.Beta2, gAdam.Beta2, critic = 0.9, 0.9, 5
	}
	critic = cmp.Or(p.NCritic, critic)
	dRate, gRate := optim.Constant(cmp.Or(p.LRCritic, p.LR)), optim.Constant(p.LR)
	if p.Decay {
		dRate, gRate = optim.Linear(cmp.Or(p.LRCritic, p.LR), 0, p.Steps), optim.Linear(p.LR, 0, p.Steps)
	}

	eval, err := newPlane(s, world, G, D, p.LatentDim)
	if err != nil {
		return err
	}
	noise := s.Rand("noise")
	loop := family.Loop{Steps: p.Steps, PerEpoch: p.EvalEvery, Samples: critic * p.BatchSize, CheckpointEvery: p.CheckpointEvery * p.EvalEvery,
		State: checkpoint.Parts{"generator": G.Params, "discriminator": D.Params, "generator.adam": gAdam, "discriminator.adam": dAdam, "film": eval.film}}
	for step := range loop.Run(s) {
		dAdam.SetLR(dRate(step - 1))
		gAdam.SetLR(gRate(step - 1))
		for range critic {
			world.draw(noise, dStep.Value(real))
			normal(noise, dStep.Value(dz))
			if wasserstein {
				uniform(noise, dStep.Value(mix))
			}
			dStep.Run()
			dAdam.Step()
		}
		normal(noise, gStep.Value(gz))
		gStep.Run()
		gAdam.Step()
		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		s.Log(step, "g_loss", gStep.Scalar(gLoss))
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
	return saveRing(s, G, D, p.LatentDim)
}

// saveRing writes model.onnx, the generator, and discriminator.onnx.
func saveRing(s *family.Session, G, D *dense, latent int) error {
	err := save(s, "ring", "model", "", func(n exchange.Sizes) (in, out []exchange.Port) {
		z := graph.New().Input("z", n["batch"], latent)
		return []exchange.Port{{Name: "z", Node: z}}, []exchange.Port{{Name: "point", Node: G.forward(z)}}
	})
	if err != nil {
		return err
	}
	return save(s, "ring", "discriminator", "", func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("point", n["batch"], 2)
		return []exchange.Port{{Name: "point", Node: x}}, []exchange.Port{{Name: "logit", Node: D.forward(x)}}
	})
}
