package gan

import (
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

// startFrom sets a run's networks to those of an earlier run, if it shall start from one.
func startFrom(s *family.Session, first *graph.Params, others ...modelfile.Named) error {
	return modelfile.StartFrom(s, "the recipe and the sizes that the file was trained with", first, others...)
}

// save writes a network of the recipe as NAME.onnx; pixels are what its images have, if
// it has to do with any.
func save(s *family.Session, recipe, name, pixels string, model exchange.Model) error {
	b, err := exchange.Export("gan-"+recipe+"-"+name, onnx.DefaultOpset, exchange.Batch, model)
	if err != nil {
		return err
	}
	about := map[string]string{}
	if pixels != "" {
		about["image.range"] = pixels
	}
	return modelfile.Save(s, name, b, "gan", recipe, about)
}
