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
	"math/rand/v2"
	"slices"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

type conditionalParams struct{ gameParams }

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
	if err := startFrom(s, G.Params, modelfile.Named{Name: "discriminator", Params: D.Params}); err != nil {
		return err
	}
	images.facts(s, G.Params.Count()+D.Params.Count())

	state := checkpoint.Parts{"generator": G.Params, "discriminator": D.Params}
	finished, err := play(s, p.gameParams, images, state, rivals{G: G.Params, D: D.Params, draw: G.draw, judge: D.judge, classes: classes})
	if err != nil || !finished {
		return err
	}
	return saveConditional(s, G, D, p.LatentDim)
}

// saveConditional writes model.onnx, the generator, and discriminator.onnx.
func saveConditional(s *family.Session, G classGenerator, D classDiscriminator, latent int) error {
	err := save(s, "conditional", "model", "-1,1", func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		z, label := g.Input("z", n["batch"], latent), g.Input("label", n["batch"])
		return []exchange.Port{{Name: "z", Node: z}, {Name: "label", Node: label, Whole: true}},
			[]exchange.Port{{Name: "image", Node: G.draw(z, label, false), Image: true}}
	})
	if err != nil {
		return err
	}
	return save(s, "conditional", "discriminator", "-1,1", func(n exchange.Sizes) (in, out []exchange.Port) {
		g := graph.New()
		x, label := g.Input("image", n["batch"], 28, 28, 1), g.Input("label", n["batch"])
		return []exchange.Port{{Name: "image", Node: x, Image: true}, {Name: "label", Node: label, Whole: true}},
			[]exchange.Port{{Name: "logit", Node: D.judge(x, label, false)}}
	})
}
