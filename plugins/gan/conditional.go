package gan

// Conditional GAN: Mirza & Osindero, "Conditional Generative Adversarial Nets" (2014), on
// dcgan's networks: the generator is told the class beside its noise; the discriminator
// weighs its features by the class as well, by projection (Miyato & Koyama, "cGANs with
// Projection Discriminator", 2018, eq. 3).
//
// What to expect of the defaults on fashion-mini, in a minute on one core: a column of
// samples for each class, of which a classifier that had no part in the training takes
// at least 80 in 100 for what they were drawn as, usually 88; and a fid about 11, for it
// is easier to draw what one is told than everything.

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

type conditionalParams struct {
	Data            string  `default:"fashion-mini" enum:"fashion-mini,fashion-mnist" doc:"images to learn from"`
	Epochs          int     `default:"10" min:"1" doc:"passes over the training images"`
	BatchSize       int     `default:"32" min:"2" doc:"images a step"`
	LR              float64 `default:"1e-3" min:"0" doc:"Adam's learning rate"`
	LRCritic        float64 `default:"0" min:"0" doc:"that of the discriminator; 0 takes lr"`
	Beta1           float64 `default:"0.5" min:"0" max:"0.9999" doc:"Adam's decay of the mean gradient"`
	NCritic         int     `default:"1" min:"1" doc:"steps of the discriminator for one of the generator"`
	LabelSmoothing  float64 `default:"0" min:"0" max:"0.5" doc:"how far the discriminator's target for real images is below 1"`
	LatentDim       int     `default:"64" min:"1" doc:"size of the noise that an image is drawn from"`
	Channels        int     `default:"64" min:"2" doc:"channels of the widest layer; the others have half"`
	FIDSamples      int     `default:"5000" min:"200" doc:"images drawn to measure fid and agreement after an epoch"`
	CheckpointEvery int     `default:"5" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
}

var conditional = family.NewRecipe("conditional", "dcgan that is told what to draw", trainConditional,
	slices.Concat([]family.Option{
		family.Metric("agreement", "", core.Higher, "share of drawn images that a classifier takes for what they were drawn as"),
	}, galleryMetrics, gameMetrics, []family.Option{
		family.Data("fashion-mini", "fashion-mnist"), family.StartsFrom(), family.Resumes()})...)

// The classes of clothes.
const classes = 10

// classGenerator is a generator whose noise is followed by the class, one-hot.
type classGenerator struct{ *generator }

func newClassGenerator(r *rand.Rand, latent, channels int) classGenerator {
	return classGenerator{newGenerator(r, latent+classes, channels)}
}

// draw maps noise [N,latent] and labels [N] to images.
func (g classGenerator) draw(z, label *graph.Node, train bool) *graph.Node {
	return g.forward(graph.Concat(1, z, graph.OneHot(label, classes)), train)
}

// classDiscriminator adds to a discriminator's logit the product of its features with a
// vector of the class.
type classDiscriminator struct {
	*discriminator
	embed *nn.Embedding
}

func newClassDiscriminator(r *rand.Rand, channels int) classDiscriminator {
	d := newDiscriminator(r, channels, byBatch)
	small := nn.Normal(0, 0.01) // N(0, 1), with so many features, would drown the logit
	return classDiscriminator{d, nn.NewEmbedding(d.Sub("embed").WithInit(small, nil), classes, channels*7*7)}
}

// judge is how real images [N,28,28,1] look for their labels [N]: logits [N,1].
func (d classDiscriminator) judge(x, label *graph.Node, train bool) *graph.Node {
	h := d.features(x, train)
	return graph.Add(d.fc.Forward(h), graph.SumKeep(graph.Mul(h, d.embed.Forward(label)), 1))
}

func trainConditional(s *family.Session, p conditionalParams) error {
	vm.SetThreads(s.Threads())
	images, err := openClothes(s, p.Data, p.BatchSize)
	if err != nil {
		return err
	}
	init := s.Rand("init")
	G, D := newClassGenerator(init, p.LatentDim, p.Channels), newClassDiscriminator(init, p.Channels)
	if err := startFrom(s, G.Params, named{"discriminator", D.Params}); err != nil {
		return err
	}
	images.facts(s, G.Params.Count()+D.Params.Count())

	// The discriminator's step: drawn images come with the labels they were drawn as,
	// those of the real ones.
	dg := graph.New()
	real, label := dg.Input("real", p.BatchSize, 28, 28, 1), dg.Input("label", p.BatchSize)
	dz := dg.Input("z", p.BatchSize, p.LatentDim)
	var fake *graph.Node
	dg.WithoutUpdates(func() { fake = graph.StopGradient(G.draw(dz, label, true)) })
	onReal, onFake := D.judge(real, label, true), D.judge(fake, label, true)
	dLoss := graph.Add(nn.BCEWithLogits(onReal, dg.Scalar(1-p.LabelSmoothing)), nn.BCEWithLogits(onFake, dg.Scalar(0)))
	dStep, err := vm.Compile([]*graph.Node{dLoss, onReal, onFake}, graph.Backward(dLoss, D.Params))
	if err != nil {
		return err
	}
	dStep.Named("discriminator") // in profiles

	// The generator's step: what it draws is to be called real, and of its label.
	gg := graph.New()
	gz, gLabel := gg.Input("z", p.BatchSize, p.LatentDim), gg.Input("label", p.BatchSize)
	gLoss := nn.BCEWithLogits(D.judge(G.draw(gz, gLabel, true), gLabel, true), gg.Scalar(1))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, G.Params))
	if err != nil {
		return err
	}
	gStep.Named("generator")

	dAdam, gAdam := optim.NewAdam(D.Params, cmp.Or(p.LRCritic, p.LR)), optim.NewAdam(G.Params, p.LR)
	dAdam.Beta1, gAdam.Beta1 = p.Beta1, p.Beta1
	eval, err := newGallery(s, images.set, artist{latent: p.LatentDim, classes: classes,
		draw: func(z, label *graph.Node) *graph.Node { return G.draw(z, label, false) }}, p.FIDSamples)
	if err != nil {
		return err
	}

	noise := s.Rand("noise")
	parts := checkpoint.Parts{"generator": G.Params, "discriminator": D.Params, "generator.adam": gAdam, "discriminator.adam": dAdam, "film": eval.film}
	perEpoch := images.PerEpoch()
	loop := family.Loop{Steps: p.Epochs * perEpoch, PerEpoch: perEpoch, Samples: p.BatchSize, State: parts, CheckpointEvery: p.CheckpointEvery * perEpoch,
		Batches: []family.Batches{images}}
	for step := range loop.Run(s) {
		images.Inputs(dStep.Value(real))
		images.LabelsFloat(dStep.Value(label))
		normal(noise, dStep.Value(dz))
		dStep.Run()
		dAdam.Step()
		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		s.Log(step, "d_real", share(dStep.Value(onReal), func(x float32) bool { return x > 0 }))
		s.Log(step, "d_fake", share(dStep.Value(onFake), func(x float32) bool { return x < 0 }))
		if step%p.NCritic == 0 {
			copy(gStep.Value(gz), dStep.Value(dz))
			copy(gStep.Value(gLabel), dStep.Value(label))
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
	return saveConditional(s, G, D, p.LatentDim)
}

// saveConditional writes model.onnx, the generator, and discriminator.onnx.
func saveConditional(s *family.Session, G classGenerator, D classDiscriminator, latent int) error {
	err := save(s, "conditional", "model", func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		z, label := g.Input("z", n["batch"], latent), g.Input("label", n["batch"])
		return []exchange.Port{{Name: "z", Node: z}, {Name: "label", Node: label, Whole: true}},
			[]exchange.Port{{Name: "image", Node: G.draw(z, label, false), Image: true}}
	}, "image.range", "-1,1")
	if err != nil {
		return err
	}
	return save(s, "conditional", "discriminator", func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		x, label := g.Input("image", n["batch"], 28, 28, 1), g.Input("label", n["batch"])
		return []exchange.Port{{Name: "image", Node: x, Image: true}, {Name: "label", Node: label, Whole: true}},
			[]exchange.Port{{Name: "logit", Node: D.judge(x, label, false)}}
	}, "image.range", "-1,1")
}
