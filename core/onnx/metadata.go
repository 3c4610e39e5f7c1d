package onnx

import (
	"slices"

	"lab/core/onnx/pb"
)

// SetMetadata sets one of the model's metadata, which Encode then writes: the names of
// the classes of a new last layer, say.
func (m *Model) SetMetadata(key, value string) {
	m.Metadata[key] = value
	file := *m.file
	file.MetadataProps = slices.DeleteFunc(slices.Clone(file.MetadataProps), func(e *pb.Entry) bool { return e.Key == key })
	file.MetadataProps = append(file.MetadataProps, &pb.Entry{Key: key, Value: value})
	m.file = &file
}
