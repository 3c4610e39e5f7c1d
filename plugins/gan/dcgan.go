package gan

// DCGAN: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
// Convolutional Generative Adversarial Networks" (2016), with the non-saturating
// loss of Goodfellow et al. (2014), section 3.
//
// What to expect of the defaults on fashion-mini, in less than a minute on two cores:
// shirts, trousers and shoes from the third epoch on; fid about 140 after the first
// epoch, at most 120 after the third and at most 55 after the tenth.

import (
	"fmt"
	"math/rand/v2"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/picture"
	"lab/core/vm"
	"lab/plugins/gan/frechet"
)

type dcganParams struct {
	Data            string  `default:"fashion-mini" enum:"fashion-mini,fashion-mnist" doc:"images to learn from"`
	Epochs          int     `default:"10" min:"1" doc:"passes over the training images"`
	BatchSize       int     `default:"32" min:"2" doc:"images a step"`
	LR              float64 `default:"1e-3" min:"0" doc:"Adam's learning rate, of both networks"`
	Beta1           float64 `default:"0.5" min:"0" max:"0.9999" doc:"Adam's decay of the mean gradient"`
	LatentDim       int     `default:"64" min:"1" doc:"size of the noise that an image is drawn from"`
	Channels        int     `default:"64" min:"2" doc:"channels of the widest layer; the others have half"`
	FIDSamples      int     `default:"5000" min:"200" doc:"images drawn to measure fid after an epoch"`
	CheckpointEvery int     `default:"5" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
}

var dcgan = family.NewRecipe("dcgan", "convolutional generator and discriminator, trained in turn", trainDCGAN,
	family.Metric("fid", "", core.Lower, "Fréchet distance to real images in a classifier's features"),
	family.Metric("d_loss", "nats", core.Neutral, "loss of the discriminator, 2 ln 2 when it cannot tell"),
	family.Metric("g_loss", "nats", core.Neutral, "loss of the generator, ln 2 when it fools completely"),
	family.Metric("d_real", "", core.Neutral, "share of real images that the discriminator takes for real"),
	family.Metric("d_fake", "", core.Neutral, "share of drawn images that it takes for drawn"),
	family.Metric("diversity", "", core.Higher, "spread of the drawn images' features, 1 for real ones"),
	family.Metric("classes", "", core.Higher, "classes drawn in effect, 10 for real ones"),
	family.Data("fashion-mini", "fashion-mnist"), family.StartsFrom(), family.Resumes())

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
	bn           *nn.BatchNorm
	fc           *nn.Linear
}

func newDiscriminator(r *rand.Rand, c int) *discriminator {
	s := nn.NewScope(r)
	return &discriminator{Scope: s,
		conv1: nn.NewConv2d(s.Sub("conv1"), 1, c/2, doubling, true),
		conv2: nn.NewConv2d(s.Sub("conv2"), c/2, c, doubling, true), bn: nn.NewBatchNorm(s.Sub("bn"), c),
		fc: nn.NewLinear(s.Sub("fc"), c*7*7, 1, true)}
}

func (d *discriminator) forward(x *graph.Node, train bool) *graph.Node {
	h := graph.LeakyRelu(d.conv1.Forward(x), 0.2)                       // [N,14,14,C/2]
	h = graph.LeakyRelu(d.bn.Forward(d.conv2.Forward(h), train), 0.2)   // [N,7,7,C]
	h = graph.Reshape(graph.Transpose(h, 0, 3, 1, 2), x.Shape()[0], -1) // [N,C·7·7]
	return d.fc.Forward(h)
}

func trainDCGAN(s *family.Session, p dcganParams) error {
	vm.SetThreads(s.Threads())
	set, err := data.Open(p.Data, s.DataDir())
	if err != nil {
		return err
	}
	split, err := set.Split(0, s.Seed())
	if err != nil {
		return err
	}
	batches, err := split.Train.Batches(data.Batching{Size: p.BatchSize, Shuffle: true, DropLast: true, Seed: s.Seed(), Lo: -1, Hi: 1})
	if err != nil {
		return err
	}
	init := s.Rand("init")
	G, D := newGenerator(init, p.LatentDim, p.Channels), newDiscriminator(init, p.Channels)
	if err := startFrom(s, G.Params, "discriminator", D.Params); err != nil {
		return err
	}
	recordFacts(s, set, split, G.Params.Count()+D.Params.Count())

	// The discriminator's step: real images are to be called real, drawn ones not.
	dg := graph.New()
	real, dz := dg.Input("real", p.BatchSize, 28, 28, 1), dg.Input("z", p.BatchSize, p.LatentDim)
	var fake *graph.Node
	dg.WithoutUpdates(func() { fake = graph.StopGradient(G.forward(dz, true)) })
	onReal, onFake := D.forward(real, true), D.forward(fake, true)
	dLoss := graph.Add(nn.BCEWithLogits(onReal, dg.Scalar(1)), nn.BCEWithLogits(onFake, dg.Scalar(0)))
	dStep, err := vm.Compile([]*graph.Node{dLoss, onReal, onFake}, graph.Backward(dLoss, D.Params))
	if err != nil {
		return err
	}
	dStep.Named("discriminator") // in profiles

	// The generator's step: what it draws is to be called real.
	gg := graph.New()
	gz := gg.Input("z", p.BatchSize, p.LatentDim)
	gLoss := nn.BCEWithLogits(D.forward(G.forward(gz, true), true), gg.Scalar(1))
	gStep, err := vm.Compile([]*graph.Node{gLoss}, graph.Backward(gLoss, G.Params))
	if err != nil {
		return err
	}
	gStep.Named("generator")

	dAdam, gAdam := optim.NewAdam(D.Params, p.LR), optim.NewAdam(G.Params, p.LR)
	dAdam.Beta1, gAdam.Beta1 = p.Beta1, p.Beta1
	eval, err := newGallery(s, G, p.LatentDim, p.FIDSamples)
	if err != nil {
		return err
	}

	noise := s.Rand("noise")
	run := course{s: s, total: p.Epochs * batches.PerEpoch(), perEpoch: batches.PerEpoch(), batches: batches, samples: p.BatchSize,
		checkpointEvery: p.CheckpointEvery, show: eval.show,
		parts: checkpoint.Parts{"generator": G.Params, "discriminator": D.Params, "generator.adam": gAdam, "discriminator.adam": dAdam}}
	for step := range run.steps() {
		batches.Inputs(dStep.Value(real))
		normal(noise, dStep.Value(dz))
		copy(gStep.Value(gz), dStep.Value(dz))
		dStep.Run()
		dAdam.Step()
		gStep.Run()
		gAdam.Step()

		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		s.Log(step, "g_loss", gStep.Scalar(gLoss))
		s.Log(step, "d_real", share(dStep.Value(onReal), func(x float32) bool { return x > 0 }))
		s.Log(step, "d_fake", share(dStep.Value(onFake), func(x float32) bool { return x < 0 }))
	}
	if !run.finished {
		return run.err
	}
	return saveDCGAN(s, G, D, p.LatentDim)
}

// saveDCGAN writes model.onnx, the generator, and discriminator.onnx.
func saveDCGAN(s *family.Session, G *generator, D *discriminator, latent int) error {
	draw := func(n exchange.Sizes) (in, out []exchange.Port) {
		z := graph.New().Input("z", n["batch"], latent)
		return []exchange.Port{{Name: "z", Node: z}}, []exchange.Port{{Name: "image", Node: G.forward(z, false), Image: true}}
	}
	judge := func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("image", n["batch"], 28, 28, 1)
		return []exchange.Port{{Name: "image", Node: x, Image: true}}, []exchange.Port{{Name: "logit", Node: D.forward(x, false)}}
	}
	if err := save(s, "dcgan", "model", draw, "image.range", "-1,1"); err != nil {
		return err
	}
	return save(s, "dcgan", "discriminator", judge, "image.range", "-1,1")
}

func recordFacts(s *family.Session, set *data.Set, split *data.Split, parameters int) {
	s.Fact("data.name", set.Name)
	s.Fact("data.sha256", set.SHA256)
	s.Fact("data.split", split.String())
	s.Fact("data.split_sha256", split.SHA256)
	s.Fact("model.parameters", fmt.Sprint(parameters))
	s.Fact("cpu.isa", vm.ISA())
}

// gallery draws from the same noise after every epoch: pictures and scores.
type gallery struct {
	s      *family.Session
	judge  *frechet.Judge
	draw   *vm.Cache[int, drawing] // by the number of images
	latent int
	noise  []float32 // for the scores
	grid   []float32 // for the pictures
	strip  []float32
}

// drawing is the generator for a number of images.
type drawing struct {
	*vm.Program
	z, images *graph.Node
}

const (
	galleryBatch          = 100
	gridSide              = 8
	stripRows, stripSteps = 6, 12
)

func newGallery(s *family.Session, G *generator, latent, samples int) (*gallery, error) {
	judge, err := frechet.NewJudge()
	if err != nil {
		return nil, err
	}
	ga := &gallery{s: s, judge: judge, latent: latent}
	ga.draw = vm.NewCache(4, func(n int) (d drawing, err error) { // of full batches, the last one, and of two pictures
		d.z = graph.New().Input("z", n, latent)
		d.images = G.forward(d.z, false)
		if d.Program, err = vm.Compile([]*graph.Node{d.images}); err == nil {
			d.Named("gallery")
		}
		return d, err
	})
	r := s.Rand("gallery")
	ga.grid = make([]float32, gridSide*gridSide*latent)
	normal(r, ga.grid)
	ends := make([]float32, 2*stripRows*latent)
	normal(r, ends)
	for row := range stripRows {
		from, to := ends[2*row*latent:(2*row+1)*latent], ends[(2*row+1)*latent:(2*row+2)*latent]
		for i := range stripSteps {
			ga.strip = append(ga.strip, slerp(from, to, float64(i)/(stripSteps-1))...)
		}
	}
	ga.noise = make([]float32, samples*latent)
	normal(r, ga.noise)
	return ga, nil
}

// drawn calls f with the images [n,28,28,1] that noise gives, a batch at a time.
func (ga *gallery) drawn(noise []float32, f func(images []float32) error) error {
	for len(noise) > 0 {
		d, err := ga.draw.For(min(galleryBatch, len(noise)/ga.latent))
		if err != nil {
			return err
		}
		noise = noise[copy(d.Value(d.z), noise):]
		d.Run()
		if err := f(d.Value(d.images)); err != nil {
			return err
		}
	}
	return nil
}

// show records the pictures and scores of the generator after a step.
func (ga *gallery) show(step int) error {
	for _, p := range []struct {
		name    string
		noise   []float32
		columns int
	}{{"samples", ga.grid, gridSide}, {"interpolation", ga.strip, stripSteps}} {
		var all []float32
		if err := ga.drawn(p.noise, func(images []float32) error { all = append(all, images...); return nil }); err != nil {
			return err
		}
		img, err := picture.Grid(picture.Images{Data: all, N: len(all) / (28 * 28), H: 28, W: 28, C: 1, Lo: -1, Hi: 1},
			picture.Layout{Columns: p.columns, Pad: 2, Zoom: 2})
		if err != nil {
			return err
		}
		if err := ga.s.Image(p.name, step, img); err != nil {
			return err
		}
	}
	unit := make([]float32, galleryBatch*28*28)
	err := ga.drawn(ga.noise, func(images []float32) error {
		for i, v := range images {
			unit[i] = (v + 1) / 2
		}
		return ga.judge.Add(unit[:len(images)])
	})
	if err != nil {
		return err
	}
	score := ga.judge.Score()
	ga.s.Log(step, "fid", score.FID)
	ga.s.Log(step, "diversity", score.Diversity)
	ga.s.Log(step, "classes", score.Classes)
	if score.Diversity < 0.25 || score.Classes < 3 {
		ga.s.Warnf("step %d: the generator may have collapsed: diversity %.2f, %.1f classes in effect", step, score.Diversity, score.Classes)
	}
	return nil
}
