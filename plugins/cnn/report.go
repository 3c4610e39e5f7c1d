package cnn

import (
	"lab/core/data"
	"lab/core/family"
	"lab/core/modelfile"
	"lab/core/onnx/exchange"
	"lab/core/supervised"
)

// examine reads the test images, once: how many the network tells right, which classes
// it takes for each other, and where it was most sure and wrong.
func examine(s *family.Session, im *images, net classifier, step int) error {
	test, err := score(evaluator(im, net), im, im.Split.Test)
	if err != nil {
		return err
	}
	return supervised.RecordClassifier(s, step, im.Set, test)
}

// startFrom sets the network to the weights of an earlier run or of a file. It reports
// whether the network knows nothing yet.
func startFrom(s *family.Session, net classifier, try string) (fresh bool, err error) {
	return s.From() == "", modelfile.StartFrom(s, try+"; or recipe=finetune, which takes any classifier", net.params())
}

// save writes model.onnx, which takes images normalised as its metadata say.
func save(s *family.Session, im *images, net classifier, recipe string) error {
	return supervised.Save(s, "model", "cnn-"+recipe, supervised.About(im.Set, &im.normal), func(n exchange.Sizes) (in, out []exchange.Port) {
		x := im.input(n["batch"])
		return []exchange.Port{{Name: "image", Node: x, Image: true}}, []exchange.Port{{Name: "logits", Node: net.forward(x, false)}}
	})
}

// batchOf is the first n test images, normalised.
func (im *images) batchOf(v data.View, n int) ([]float32, error) {
	v.Index = v.Index[:min(n, v.Len())]
	b, err := im.batches(v, data.Batching{Size: v.Len()})
	if err != nil {
		return nil, err
	}
	x := make([]float32, v.Len()*im.shape.Size())
	b.Start(1)
	b.Next()
	b.Inputs(x)
	return x, nil
}
