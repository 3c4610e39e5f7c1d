package supervised

import (
	"encoding/json"
	"fmt"
	"strings"

	"lab/core/data"
	"lab/core/family"
	"lab/core/modelfile"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

// About is what the user of a model file has to know of it, as the file's metadata:
// what its inputs were normalised by ("input.mean" and "input.std", or "image.range"),
// and the names of its classes ("classes") or features ("features"), as JSON lists.
// normal is nil where the inputs were not normalised.
func About(set *data.Set, normal *data.Statistics) map[string]string {
	about := map[string]string{"data.name": set.Name, "data.sha256": set.SHA256}
	add := func(key, value string) { about[key] = value }
	switch {
	case normal != nil:
		normal.Metadata("input", add)
	case set.Train.Pixels != nil:
		about["image.range"] = "0,1"
	}
	for key, names := range map[string][]string{"classes": set.Classes, "features": set.Features} {
		if names != nil {
			list, err := json.Marshal(names)
			if err != nil {
				panic(err) // strings always encode
			}
			about[key] = string(list)
		}
	}
	if set.Target != "" {
		about["target"] = set.Target
	}
	return about
}

// Save writes what the model computes as NAME.onnx, for any size of batch, with the
// given metadata. title is family-recipe.
func Save(s *family.Session, name, title string, about map[string]string, model exchange.Model) error {
	b, err := exchange.Export(title, onnx.DefaultOpset, exchange.Batch, model)
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	plugin, recipe, _ := strings.Cut(title, "-")
	return modelfile.Save(s, name, b, plugin, recipe, about)
}
