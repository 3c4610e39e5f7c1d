package gan

// DCGAN: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
// Convolutional Generative Adversarial Networks" (2016), with the non-saturating
// loss of Goodfellow et al. (2014), section 3.
//
// What to expect of the defaults on fashion-mini, in less than a minute on two cores:
// shirts, trousers and shoes from the third epoch on; fid about 140 after the first
// epoch, at most 120 after the third and at most 55 after the tenth.
//
// Options stabilise the game in other ways: lr_critic (two time scales, Heusel et al.
// 2017), n_critic, label_smoothing (one-sided, Salimans et al. 2016, section 3.4) and
// spectral_norm in place of the discriminator's batch norm (Miyato et al. 2018).

import (
	"cmp"
	"math/rand/v2"
	"slices"

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

type dcganParams struct {
	gameParams
	SpectralNorm bool `default:"false" doc:"keep the discriminator Lipschitz by its weights' norms, without batch norm"`
}

// gameParams are the parameters of the game that dcgan and conditional play.
type gameParams struct {
	clothesParams
	NCritic        int     `default:"1" min:"1" doc:"steps of the discriminator for one of the generator"`
	LabelSmoothing float64 `default:"0" min:"0" max:"0.5" doc:"how far the discriminator's target for real images is below 1"`
}

var dcgan = family.NewRecipe("dcgan", "convolutional generator and discriminator, trained in turn", trainDCGAN,
	slices.Concat(galleryMetrics, gameMetrics, []family.Option{
		family.Data("fashion-mini", "fashion-mnist"), family.StartsFrom(), family.Resumes()})...)

// The metrics of a game with two sides that tell real from drawn.
var gameMetrics = []family.Option{
	family.Metric("d_loss", "nats", core.Neutral, "loss of the discriminator, 2 ln 2 when it cannot tell"),
	family.Metric("g_loss", "nats", core.Neutral, "loss of the generator, ln 2 when it fools completely"),
	family.Metric("d_real", "", core.Neutral, "share of real images that the discriminator takes for real"),
	family.Metric("d_fake", "", core.Neutral, "share of drawn images that it takes for drawn"),
}

// generator draws an image [N,28,28,1] in [-1,1] from noise [N,latent]:
// fc to 7×7, then two transposed convolutions that double the size.
type generator struct {
	*nn.Scope
	fc           *nn.Linear
	conv1, conv2 *nn.ConvTranspose2d
	bn1, bn2     *nn.BatchNorm
	channels     int
}

var doubling = nn.Geometry{Kernel: 4, Stride: 2, Padding: 1} // halves in a convolution, doubles in a transposed one

func newGenerator(r *rand.Rand, latent, c int) *generator {
	s := nn.NewScope(r)
	return &generator{Scope: s, channels: c,
		fc: nn.NewLinear(s.Sub("fc"), latent, c*7*7, false), bn1: nn.NewBatchNorm(s.Sub("bn1"), c*7*7),
		conv1: nn.NewConvTranspose2d(s.Sub("conv1"), c, c/2, doubling, false), bn2: nn.NewBatchNorm(s.Sub("bn2"), c/2),
		conv2: nn.NewConvTranspose2d(s.Sub("conv2"), c/2, 1, doubling, true)}
}

func (g *generator) forward(z *graph.Node, train bool) *graph.Node {
	h := graph.Relu(g.bn1.Forward(g.fc.Forward(z), train))                  // [N,C·7·7]
	h = graph.Transpose(graph.Reshape(h, -1, g.channels, 7, 7), 0, 2, 3, 1) // [N,7,7,C]
	h = graph.Relu(g.bn2.Forward(g.conv1.Forward(h), train))                // [N,14,14,C/2]
	return graph.Tanh(g.conv2.Forward(h))                                   // [N,28,28,1]
}

// discriminator says how real an image looks: logits [N,1].
type discriminator struct {
	*nn.Scope
	conv1, conv2 *nn.Conv2d
	bn           *nn.BatchNorm    // nil without
	spectral     *nn.SpectralNorm // nil without
	fc           *nn.Linear
}

// normalisation is what keeps a discriminator's signals in scale.
type normalisation int

const (
	byBatch normalisation = iota
	bySpectrum
	byNothing // for a gradient penalty, which batch norm would make one of the whole batch
)

func newDiscriminator(r *rand.Rand, c int, by normalisation) *discriminator {
	s := nn.NewScope(r)
	d := &discriminator{Scope: s, conv1: nn.NewConv2d(s.Sub("conv1"), 1, c/2, doubling, true),
		conv2: nn.NewConv2d(s.Sub("conv2"), c/2, c, doubling, true)}
	if by == byBatch {
		d.bn = nn.NewBatchNorm(s.Sub("bn"), c)
	}
	d.fc = nn.NewLinear(s.Sub("fc"), c*7*7, 1, true)
	if by == bySpectrum {
		d.spectral = nn.NewSpectralNorm(s)
	}
	return d
}

func (d *discriminator) forward(x *graph.Node, train bool) (logits *graph.Node) {
	d.spectral.Within(x.Graph(), train, func() { logits = d.fc.Forward(d.features(x, train)) })
	return logits
}

// features are what the last layer weighs, [N,C·7·7].
func (d *discriminator) features(x *graph.Node, train bool) *graph.Node {
	h := d.conv2.Forward(graph.LeakyRelu(d.conv1.Forward(x), 0.2)) // [N,14,14,C/2], [N,7,7,C]
	if d.bn != nil {
		h = d.bn.Forward(h, train)
	}
	return nn.Flatten(graph.LeakyRelu(h, 0.2))
}

func trainDCGAN(s *family.Session, p dcganParams) error {
	vm.SetThreads(s.Threads())
	images, err := openClothes(s, p.Data, p.BatchSize)
	if err != nil {
		return err
	}
	init, norm := s.Rand("init"), byBatch
	if p.SpectralNorm {
		norm = bySpectrum
	}
	G, D := newGenerator(init, p.LatentDim, p.Channels), newDiscriminator(init, p.Channels, norm)
	if err := startFrom(s, G.Params, modelfile.Named{Name: "discriminator", Params: D.Params}); err != nil {
		return err
	}
	images.facts(s, G.Params.Count()+D.Params.Count())
	state := checkpoint.Parts{"generator": G.Params, "discriminator": D.Params}
	if D.spectral != nil {
		state["spectral"] = D.spectral.Params
	}
	finished, err := play(s, p.gameParams, images, state, rivals{G: G.Params, D: D.Params,
		draw:  func(z, _ *graph.Node, train bool) *graph.Node { return G.forward(z, train) },
		judge: func(x, _ *graph.Node, train bool) *graph.Node { return D.forward(x, train) }})
	if err != nil || !finished {
		return err
	}
	return saveImages(s, "dcgan", G, D, p.LatentDim)
}

// rivals are the two sides of the game. Where there are classes both are told labels
// [N], elsewhere these are nil.
type rivals struct {
	G, D    *graph.Params
	draw    func(z, label *graph.Node, train bool) *graph.Node // images [N,28,28,1] from noise [N,latent]
	judge   func(x, label *graph.Node, train bool) *graph.Node // how real images look, logits [N,1]
	classes int
}

// play trains both in turn, algorithm 1 of Goodfellow et al. (2014), and reports whether
// it came to the end.
func play(s *family.Session, p gameParams, images clothes, state checkpoint.Parts, r rivals) (finished bool, err error) {
	labels := func(g *graph.Graph) *graph.Node {
		if r.classes == 0 {
			return nil
		}
		return g.Input("label", p.BatchSize)
	}

	// The discriminator's step: real images are to be called real, drawn ones, which have
	// the labels of the real ones, not.
	dg := graph.New()
	real, dLabel, dz := dg.Input("real", p.BatchSize, 28, 28, 1), labels(dg), dg.Input("z", p.BatchSize, p.LatentDim)
	var fake *graph.Node
	dg.WithoutUpdates(func() { fake = graph.StopGradient(r.draw(dz, dLabel, true)) })
	onReal, onFake := r.judge(real, dLabel, true), r.judge(fake, dLabel, true)
	dLoss := graph.Add(nn.BCEWithLogits(onReal, dg.Scalar(1-p.LabelSmoothing)), nn.BCEWithLogits(onFake, dg.Scalar(0)))
	dStep, err := vm.Compile([]*graph.Node{dLoss, onReal, onFake}, graph.Backward(dLoss, r.D))
	if err != nil {
		return false, err
	}
	dStep.Named("discriminator") // in profiles

	// The generator's step: what it draws is to be called real.
	gg := graph.New()
	gz, gLabel := gg.Input("z", p.BatchSize, p.LatentDim), labels(gg)
	gLoss := nn.BCEWithLogits(r.judge(r.draw(gz, gLabel, true), gLabel, true), gg.Scalar(1))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, r.G))
	if err != nil {
		return false, err
	}
	gStep.Named("generator")

	dAdam, gAdam := optim.NewAdam(r.D, cmp.Or(p.LRCritic, p.LR)), optim.NewAdam(r.G, p.LR)
	dAdam.Beta1, gAdam.Beta1 = p.Beta1, p.Beta1
	eval, err := newGallery(s, images.set, artist{latent: p.LatentDim, classes: r.classes,
		draw: func(z, label *graph.Node) *graph.Node { return r.draw(z, label, false) }}, p.FIDSamples)
	if err != nil {
		return false, err
	}

	noise := s.Rand("noise")
	state["generator.adam"], state["discriminator.adam"], state["film"] = gAdam, dAdam, eval.film
	loop := p.loop(images, state)
	for step := range loop.Run(s) {
		images.Inputs(dStep.Value(real))
		if dLabel != nil {
			images.LabelsFloat(dStep.Value(dLabel))
		}
		normal(noise, dStep.Value(dz))
		dStep.Run()
		dAdam.Step()
		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		s.Log(step, "d_real", share(dStep.Value(onReal), func(x float32) bool { return x > 0 }))
		s.Log(step, "d_fake", share(dStep.Value(onFake), func(x float32) bool { return x < 0 }))
		if step%p.NCritic == 0 {
			copy(gStep.Value(gz), dStep.Value(dz))
			if gLabel != nil {
				copy(gStep.Value(gLabel), dStep.Value(dLabel))
			}
			gStep.Run()
			gAdam.Step()
			s.Log(step, "g_loss", gStep.Scalar(gLoss))
		}
		if loop.EpochEnds() {
			if err := eval.show(step); err != nil {
				return false, err
			}
		}
	}
	if !loop.Finished() {
		return false, loop.Err()
	}
	return true, eval.animate()
}

// saveImages writes model.onnx, the generator, and discriminator.onnx.
func saveImages(s *family.Session, recipe string, G *generator, D *discriminator, latent int) error {
	if D.spectral != nil {
		if err := D.spectral.Fold(); err != nil {
			return err
		}
	}
	err := save(s, recipe, "model", "-1,1", func(n exchange.Sizes) (in, out []exchange.Port) {
		z := graph.New().Input("z", n["batch"], latent)
		return []exchange.Port{{Name: "z", Node: z}}, []exchange.Port{{Name: "image", Node: G.forward(z, false), Image: true}}
	})
	if err != nil {
		return err
	}
	D.spectral = nil // folded
	return save(s, recipe, "discriminator", "-1,1", func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("image", n["batch"], 28, 28, 1)
		return []exchange.Port{{Name: "image", Node: x, Image: true}}, []exchange.Port{{Name: "logit", Node: D.forward(x, false)}}
	})
}
