package modelfile

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"lab/core/family"
	"lab/core/onnx"
)

// Save writes a model as NAME.onnx of the run. Its metadata are lab.family and
// lab.recipe, the recipe whose networks it holds, and what is to be known about it.
func Save(s *family.Session, name string, b *onnx.Builder, plugin, recipe string, about map[string]string) error {
	b.SetMetadata("lab.family", plugin)
	b.SetMetadata("lab.recipe", recipe)
	for _, key := range slices.Sorted(maps.Keys(about)) { // in one order: the same model gives the same bytes
		b.SetMetadata(key, about[key])
	}
	file, err := b.Encode()
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return s.SaveModel(name, 0, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}
