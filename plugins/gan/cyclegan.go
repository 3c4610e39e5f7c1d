package gan

// CycleGAN: Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using
// Cycle-Consistent Adversarial Networks" (2017): two translators learn what two sets of
// images look like, and that there and back again leads to where one was. Nobody tells
// them which images belong together.
//
// What to expect of the defaults on emoji-pairs, in a minute and a half on one core: faces
// in colour become line drawings and drawings are coloured in, yellow where people are
// meant; cycle_l1 halves from the first epoch to the last, and paired_error, which knows
// the pairs, is about 0.21 where an image left as it is has 0.27 (fact identity.error).

import (
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

type cycleParams struct {
	Epochs          int     `default:"20" min:"1" doc:"passes over the images of either domain"`
	BatchSize       int     `default:"8" min:"1" doc:"images of each domain a step"`
	LR              float64 `default:"1e-3" min:"0" doc:"Adam's learning rate; falls to 0 over the second half"`
	LRCritic        float64 `default:"2e-4" min:"0" doc:"that of the discriminators, likewise"`
	CycleWeight     float64 `default:"10" min:"0" doc:"weight of the way there and back, the paper's lambda"`
	IdentityWeight  float64 `default:"0" min:"0" doc:"weight of leaving images of the target domain alone (section 5.2)"`
	Pool            int     `default:"50" min:"1" doc:"translations kept to show the discriminators again"`
	Channels        int     `default:"32" min:"2" doc:"channels at half the size; there are twice as many at a quarter"`
	CheckpointEvery int     `default:"10" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
}

var cycleGAN = family.NewRecipe("cyclegan", "translation between two domains without pairs, there and back again", trainCycleGAN,
	family.Metric("paired_error", "", core.Lower, "mean difference between translated test images and their partners, both ways; 1 is black to white"),
	family.Metric("paired_error_ab", "", core.Lower, "that of colour to line"),
	family.Metric("paired_error_ba", "", core.Lower, "that of line to colour"),
	family.Metric("cycle_l1", "", core.Lower, "mean difference between test images and what comes back of them"),
	family.Metric("change", "", core.Neutral, "mean difference between test images and their translations; 0 is the identity"),
	family.Metric("g_loss", "", core.Neutral, "loss of the translators, without the cycle"),
	family.Metric("d_loss", "", core.Neutral, "loss of the discriminators, 0.5 when they cannot tell"),
	family.Data("emoji-pairs"), family.StartsFrom(), family.Resumes())

// translator maps images [N,32,32,3] in [-1,1] to such images: down to a quarter of the
// size, two residual blocks, and up again beside what was there on the way down.
type translator struct {
	*nn.Scope
	down1, down2 *nn.Conv2d
	blocks       [2][2]*nn.Conv2d
	up1, up2     *nn.ConvTranspose2d
	last         *nn.Conv2d
}

func newTranslator(r *rand.Rand, c int) *translator {
	s, same := nn.NewScope(r), nn.Geometry{Kernel: 3, Padding: 1}
	t := &translator{Scope: s, down1: nn.NewConv2d(s.Sub("down1"), 3, c, doubling, true), down2: nn.NewConv2d(s.Sub("down2"), c, 2*c, doubling, true),
		up1: nn.NewConvTranspose2d(s.Sub("up1"), 2*c, c, doubling, true), up2: nn.NewConvTranspose2d(s.Sub("up2"), 2*c, c/2, doubling, true),
		last: nn.NewConv2d(s.Sub("last"), c/2+3, 3, same, true)}
	for i := range t.blocks {
		for k := range t.blocks[i] {
			t.blocks[i][k] = nn.NewConv2d(s.Sub(fmt.Sprintf("block%d", i+1)).Sub(fmt.Sprintf("conv%d", k+1)), 2*c, 2*c, same, true)
		}
	}
	return t
}

func (t *translator) forward(x *graph.Node) *graph.Node {
	norm := instanceNorm(t.Scope)
	half := graph.LeakyRelu(t.down1.Forward(x), 0.2) // [N,16,16,C]
	h := graph.Relu(norm(t.down2.Forward(half)))     // [N,8,8,2C]
	for _, b := range t.blocks {
		h = graph.Add(h, norm(b[1].Forward(graph.Relu(norm(b[0].Forward(h))))))
	}
	h = graph.Concat(3, graph.Relu(norm(t.up1.Forward(h))), half) // [N,16,16,2C]
	h = graph.Concat(3, graph.Relu(norm(t.up2.Forward(h))), x)    // [N,32,32,C/2+3]
	return graph.Tanh(t.last.Forward(h))
}

// instanceNorm normalises the channels of each image; it has nothing to learn.
func instanceNorm(s *nn.Scope) func(x *graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node { return nn.NewInstanceNorm(s, x.Shape()[3], false).Forward(x) }
}

// patchDiscriminator says how real each patch of an image looks: scores [N,8,8,1].
type patchDiscriminator struct {
	*nn.Scope
	conv1, conv2, conv3 *nn.Conv2d
}

func newPatchDiscriminator(r *rand.Rand, c int) *patchDiscriminator {
	s := nn.NewScope(r)
	return &patchDiscriminator{s, nn.NewConv2d(s.Sub("conv1"), 3, c, doubling, true), nn.NewConv2d(s.Sub("conv2"), c, 2*c, doubling, true),
		nn.NewConv2d(s.Sub("conv3"), 2*c, 1, nn.Geometry{Kernel: 3, Padding: 1}, true)}
}

func (d *patchDiscriminator) forward(x *graph.Node) *graph.Node {
	h := graph.LeakyRelu(d.conv1.Forward(x), 0.2)
	h = graph.LeakyRelu(instanceNorm(d.Scope)(d.conv2.Forward(h)), 0.2)
	return d.conv3.Forward(h)
}

func trainCycleGAN(s *family.Session, p cycleParams) error {
	vm.SetThreads(s.Threads())
	domains, err := openDomains(s, "emoji-pairs", p.BatchSize)
	if err != nil {
		return err
	}
	init := s.Rand("init")
	AB, BA := newTranslator(init, p.Channels), newTranslator(init, p.Channels)
	DA, DB := newPatchDiscriminator(init, p.Channels), newPatchDiscriminator(init, p.Channels)
	nets := []modelfile.Named{{Name: "model", Params: AB.Params}, {Name: "inverse", Params: BA.Params},
		{Name: "discriminator-a", Params: DA.Params}, {Name: "discriminator-b", Params: DB.Params}}
	if err := startFrom(s, nets[0].Params, nets[1:]...); err != nil {
		return err
	}
	domains.facts(s, AB.Params.Count()+BA.Params.Count()+DA.Params.Count()+DB.Params.Count())

	// The translators' step: equations 1 and 2, with least squares for the logarithms.
	gg := graph.New()
	a, b := gg.Input("a", p.BatchSize, 32, 32, 3), gg.Input("b", p.BatchSize, 32, 32, 3)
	fakeB, fakeA := AB.forward(a), BA.forward(b)
	fooling := graph.Scale(graph.Add(nn.LeastSquaresGenerator(DB.forward(fakeB)), nn.LeastSquaresGenerator(DA.forward(fakeA))), 2)
	cycle := graph.Add(nn.L1(BA.forward(fakeB), a), nn.L1(AB.forward(fakeA), b))
	gLoss := graph.Add(fooling, graph.Scale(cycle, p.CycleWeight))
	if p.IdentityWeight > 0 {
		gLoss = graph.Add(gLoss, graph.Scale(graph.Add(nn.L1(AB.forward(b), b), nn.L1(BA.forward(a), a)), p.IdentityWeight))
	}
	gStep, err := vm.Compile([]*graph.Node{fooling, fakeA, fakeB}, graph.Backward(gLoss, AB.Params, BA.Params))
	if err != nil {
		return err
	}
	gStep.Named("translators") // in profiles

	// The discriminators' step, on translations that may be of some steps ago.
	dg := graph.New()
	realA, realB := dg.Input("real a", p.BatchSize, 32, 32, 3), dg.Input("real b", p.BatchSize, 32, 32, 3)
	pastA, pastB := dg.Input("fake a", p.BatchSize, 32, 32, 3), dg.Input("fake b", p.BatchSize, 32, 32, 3)
	dLoss := graph.Add(nn.LeastSquaresCritic(DA.forward(realA), DA.forward(pastA)), nn.LeastSquaresCritic(DB.forward(realB), DB.forward(pastB)))
	dStep, err := vm.Compile([]*graph.Node{dLoss}, graph.Backward(dLoss, DA.Params, DB.Params))
	if err != nil {
		return err
	}
	dStep.Named("discriminators")

	r := s.Rand("pool")
	poolA, poolB := newPool(r, p.Pool, 32*32*3), newPool(r, p.Pool, 32*32*3)
	parts := checkpoint.Parts{"pool.a": poolA, "pool.b": poolB}
	var adams [4]*optim.Adam
	for i, n := range nets {
		adams[i] = optim.NewAdam(n.Params, 0)
		adams[i].Beta1 = 0.5
		parts[n.Name], parts[n.Name+".adam"] = n.Params, adams[i]
	}
	show, err := newMirror(s, domains, AB, BA)
	if err != nil {
		return err
	}
	perEpoch := domains.a.PerEpoch()
	total := p.Epochs * perEpoch
	falling := func(lr float64, step int) float64 { return optim.Linear(lr, 0, total-total/2)(max(0, step-total/2)) }
	parts["film"] = show.film
	loop := family.Loop{Steps: total, PerEpoch: perEpoch, Samples: 2 * p.BatchSize, State: parts, CheckpointEvery: p.CheckpointEvery * perEpoch,
		Batches: []family.Batches{domains.a, domains.b}}
	for step := range loop.Run(s) {
		for i, adam := range adams {
			adam.SetLR(falling([4]float64{p.LR, p.LR, p.LRCritic, p.LRCritic}[i], step-1))
		}
		domains.a.Inputs(gStep.Value(a))
		domains.b.Inputs(gStep.Value(b))
		copy(dStep.Value(realA), gStep.Value(a))
		copy(dStep.Value(realB), gStep.Value(b))
		gStep.Run()
		adams[0].Step()
		adams[1].Step()
		poolA.exchange(gStep.Value(fakeA), dStep.Value(pastA))
		poolB.exchange(gStep.Value(fakeB), dStep.Value(pastB))
		dStep.Run()
		adams[2].Step()
		adams[3].Step()
		s.Log(step, "g_loss", gStep.Scalar(fooling))
		s.Log(step, "d_loss", dStep.Scalar(dLoss))
		if loop.EpochEnds() {
			if err := show.show(step); err != nil {
				return err
			}
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	if err := show.animate(); err != nil {
		return err
	}
	return saveCycle(s, nets, []func(*graph.Node) *graph.Node{AB.forward, BA.forward, DA.forward, DB.forward})
}

// saveCycle writes model.onnx, from the first domain to the second, inverse.onnx, and a
// discriminator of either.
func saveCycle(s *family.Session, nets []modelfile.Named, forward []func(*graph.Node) *graph.Node) error {
	for i, n := range nets {
		err := save(s, "cyclegan", n.Name, "-1,1", func(size exchange.Sizes) (in, out []exchange.Port) {
			x := graph.New().Input("image", size["batch"], 32, 32, 3)
			return []exchange.Port{{Name: "image", Node: x, Image: true}}, []exchange.Port{{Name: "output", Node: forward[i](x), Image: true}}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
