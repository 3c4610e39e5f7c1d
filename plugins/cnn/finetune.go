package cnn

// Fine-tuning: a network that has learned something goes on with something else, all of
// it or its last layers alone. Yosinski, Clune, Bengio & Lipson, "How transferable are
// features in deep neural networks?" (2014). The network is any classifier of images in
// an ONNX file: a run of lab, or what PyTorch exported.
//
// What to expect: from a classify run on fashion-mini, data=digits freeze=[conv*] has a
// test_accuracy above 0.9 after the first epochs; of a ResNet-18 from PyTorch the loss
// falls, and its file keeps the names of every weight.

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"lab/core"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/supervised"
	"lab/core/tensor"
	"lab/core/vm"
)

type finetuneParams struct {
	ImageParams
	FitParams   `default:"epochs=3"`
	Examples    int      `default:"0" min:"0" doc:"training images to learn from; 0: all"`
	Freeze      []string `default:"[]" doc:"names of weights that stay as they are: patterns such as layer1.*, and with ! before it those that learn after all"`
	NewHead     bool     `default:"false" doc:"a new last layer, even if the old one has as many classes as the data"`
	LR          float64  `default:"3e-4" min:"0" doc:"AdamW's learning rate at the beginning; it falls to 0 along a cosine"`
	WeightDecay float64  `default:"0.01" min:"0" doc:"AdamW's decay of weights"`
	AugmentParams
}

var finetune = family.NewRecipe("finetune", "any classifier of images from an ONNX file learns something else", trainFinetune, promises...)

// imported is a network read from a file.
type imported struct {
	net   *exchange.Net
	input string
	flat  bool // takes [N,features], not images
}

func (n *imported) params() *graph.Params { return n.net.Params }

func (n *imported) forward(x *graph.Node, _ bool) *graph.Node {
	in := exchange.Port{Name: n.input, Node: x, Image: true}
	if n.flat {
		in = exchange.Port{Name: n.input, Node: nn.Flatten(x)} // [N,C·H·W]
	}
	out, err := n.net.Apply(in)
	if err != nil {
		graph.Fail("model", "%v", err)
	}
	return graph.Reshape(out[0], x.Shape()[0], -1) // [N,classes], also of [N,classes,1,1]
}

func trainFinetune(s *family.Session, p finetuneParams) error {
	vm.SetThreads(s.Threads())
	if s.From() == "" {
		return &core.Error{Kind: core.Usage, Msg: "fine-tuning starts from a model, and none is given", Try: "from=RUN, or from=FILE.onnx"}
	}
	im, err := openImages(s, p.ImageParams)
	if err != nil {
		return err
	}
	if p.Examples > 0 && p.Examples < im.Split.Train.Len() {
		im.Split.Train, _ = im.Split.Train.Cut(p.Examples, uint64(p.SplitSeed))
	}
	model, err := onnx.Read(s.From())
	if err != nil {
		return err
	}
	net, err := adapt(s, model, im, p)
	if err != nil {
		return &core.Error{Kind: core.Usage, Msg: "from=" + filepath.Base(s.From()), Err: err}
	}
	adam := optim.NewAdamW(net.params(), p.LR)
	adam.WeightDecay = p.WeightDecay
	adam.DecayOnly(optim.Matrices)
	plan := plan{FitParams: p.FitParams, optimiser: adam, augment: p.augment(),
		schedule: func(steps int) optim.Schedule { return optim.Cosine(p.LR, 0, steps) }}
	steps, err := fit(s, im, net, plan)
	if err != nil || steps == 0 {
		return err
	}
	if err := examine(s, im, net, steps); err != nil {
		return err
	}
	about := supervised.About(im.Set, &im.normal)
	for _, key := range slices.Sorted(maps.Keys(about)) { // in one order: the same weights give the same bytes
		model.SetMetadata(key, about[key])
	}
	file, err := net.net.Encode()
	if err != nil {
		return err
	}
	return s.SaveModel("model", 0, func(w io.Writer) error { _, err := w.Write(file); return err })
}

// adapt prepares the model for the data: a new last layer where the classes are others,
// images of the size that it takes, normalised as it was taught, and its frozen weights.
func adapt(s *family.Session, m *onnx.Model, im *images, p finetuneParams) (*imported, error) {
	if len(m.Inputs) != 1 || len(m.Outputs) == 0 {
		return nil, fmt.Errorf("the model has %d inputs and %d outputs; a classifier of images has one input", len(m.Inputs), len(m.Outputs))
	}
	net := &imported{input: m.Inputs[0].Name}
	shape := im.Set.Train.Shape.Clone()
	switch dims := m.Inputs[0].Dims; len(dims) {
	case 4: // [N,C,H,W]
		for axis, d := range []int{2, 0, 1} { // of the shape [H,W,C]
			if size := dims[axis+1].Size; size > 0 {
				shape[d] = size
			}
		}
	case 2:
		net.flat = true
		if size := dims[1].Size; size > 0 && size != shape.Size() {
			return nil, fmt.Errorf("the model takes %d numbers, and an image of %s has %d", size, im.Set.Name, shape.Size())
		}
	default:
		return nil, fmt.Errorf("the model's input %s is no batch of images", m.Inputs[0])
	}
	if err := im.bring(shape); err != nil {
		return nil, err
	}
	if known, ok, err := data.ParseStatistics("input", m.Metadata); err != nil {
		return nil, err
	} else if ok && len(known.Mean) == len(im.normal.Mean) {
		im.normal = known // what its weights were learned with
	}
	head, err := exchange.FindHead(m)
	if err != nil {
		return nil, err
	}
	if p.NewHead || head.Out != len(im.Classes) {
		s.Printf("%s: a new last layer, for %d classes instead of %d", head.Weight, len(im.Classes), head.Out)
		if _, err := exchange.NewHead(m, len(im.Classes), s.Rand("head")); err != nil {
			return nil, err
		}
	}
	if net.net, err = exchange.Load(m); err != nil {
		return nil, err
	}
	if err := net.net.Params.Freeze(p.Freeze...); err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: "freeze", Err: err, Try: "names such as " + someNames(net.net.Params)}
	}
	if len(net.net.Params.Trained()) == 0 {
		return nil, &core.Error{Kind: core.Usage, Msg: "every weight is frozen", Try: "freeze=[*,!" + head.Weight + "]"}
	}
	s.Fact("model.parameters", fmt.Sprint(net.net.Params.Count()))
	s.Fact("model.frozen", list(p.Freeze))
	// A model that cannot be built says so now, not at the first step.
	return net, graph.Build(func() { net.forward(im.input(2), false) })
}

// someNames are the first few parameters.
func someNames(p *graph.Params) string {
	var names []string
	for _, param := range p.All() {
		if !slices.Contains(names, param.Name) && len(names) < 4 {
			names = append(names, param.Name)
		}
	}
	return fmt.Sprint(names)
}

// bring makes the images ones of another size and number of channels.
func (im *images) bring(shape tensor.Shape) error {
	from := im.Set.Train.Shape
	if from[2] != shape[2] && from[2] != 1 && shape[2] != 1 {
		return fmt.Errorf("the model takes images of %d channels, and those of %s have %d", shape[2], im.Set.Name, from[2])
	}
	im.shape = shape
	return nil
}
