package onnx

import (
	"fmt"
	"path/filepath"
	"slices"

	"lab/core/onnx/pb"
)

const (
	externalLeast = 1024 // bytes of a tensor that is worth a place of its own
	externalPage  = 4096 // which ExternalData.md recommends to begin at, for mapping into memory
)

// writeExternal writes the model with its larger initialisers in path.data: that file
// first, so that the model is never there without its weights. What a model of that name
// had there before is lost if the second step fails.
func writeExternal(path string, model *pb.Model) error {
	name := filepath.Base(path) + ".data"
	file, g := *model, *model.Graph
	file.Graph, g.Initializers = &g, slices.Clone(g.Initializers)
	var data []byte
	for i, t := range g.Initializers {
		if len(t.RawData) < externalLeast {
			continue
		}
		data = append(data, make([]byte, (externalPage-len(data)%externalPage)%externalPage)...)
		one := *t
		one.RawData, one.DataLocation = nil, pb.External
		one.ExternalData = []*pb.Entry{{Key: "location", Value: name}, {Key: "offset", Value: fmt.Sprint(len(data))}, {Key: "length", Value: fmt.Sprint(len(t.RawData))}}
		data = append(data, t.RawData...)
		g.Initializers[i] = &one
	}
	b, err := file.Marshal()
	if err != nil {
		return fmt.Errorf("write the model %s: %w", g.Name, err)
	}
	if data == nil {
		return writeFile(path, b)
	}
	if err := writeFile(path+".data", data); err != nil {
		return err
	}
	return writeFile(path, b)
}
