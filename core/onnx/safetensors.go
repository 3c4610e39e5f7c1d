package onnx

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// The safetensors format: eight bytes, little-endian, with the size of the
// header; the header, a JSON object that maps names to type, shape and place;
// the data. The places follow each other without holes, from 0 to the end.

const (
	maxHeader   = 100 << 20 // the limit of the reference implementation
	metadataKey = "__metadata__"
)

var safeTypes = map[string]pb.DataType{
	"F64": pb.Double, "F32": pb.Float, "F16": pb.Float16, "BF16": pb.BFloat16,
	"I64": pb.Int64, "I32": pb.Int32, "I16": pb.Int16, "I8": pb.Int8,
	"U64": pb.Uint64, "U32": pb.Uint32, "U16": pb.Uint16, "U8": pb.Uint8, "BOOL": pb.Bool,
}

// safeEntry is one tensor in the header.
type safeEntry struct {
	DType   string   `json:"dtype"`
	Shape   *[]int64 `json:"shape"`
	Offsets []int64  `json:"data_offsets"` // begin and end, from the header's end
}

// EncodeSafetensors returns the bytes of a safetensors file with the tensors, as
// F32 and I64. The widest type comes first and names are in order within a type,
// as the reference implementation has them, so that all data is aligned.
func EncodeSafetensors(sd map[string]*tensor.Tensor, metadata map[string]string) ([]byte, error) {
	names := slices.SortedFunc(maps.Keys(sd), func(a, b string) int {
		if wa, wb := sd[a].I != nil, sd[b].I != nil; wa != wb {
			if wa {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var header bytes.Buffer
	end := 0
	header.WriteByte('{')
	add := func(key string, v any) {
		if header.Len() > 1 {
			header.WriteByte(',')
		}
		k, _ := json.Marshal(key) // strings, ints and maps of strings cannot fail
		j, _ := json.Marshal(v)
		header.Write(k)
		header.WriteByte(':')
		header.Write(j)
	}
	if len(metadata) > 0 {
		add(metadataKey, metadata)
	}
	for _, name := range names {
		if name == metadataKey || !utf8.ValidString(name) {
			return nil, fmt.Errorf("safetensors: a tensor cannot have the name %q", name)
		}
		t := sd[name]
		shape := make([]int64, len(t.Shape))
		for i, d := range t.Shape {
			shape[i] = int64(d)
		}
		dtype := "F32"
		if t.I != nil {
			dtype = "I64"
		}
		begin := end
		end += rawSize(t)
		add(name, safeEntry{dtype, &shape, []int64{int64(begin), int64(end)}})
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+header.Len()+end), uint64(header.Len()))
	out = append(out, header.Bytes()...)
	for _, name := range names {
		out = appendRaw(out, sd[name])
	}
	return out, nil
}

// WriteSafetensors writes EncodeSafetensors to path: all of it or nothing.
func WriteSafetensors(path string, sd map[string]*tensor.Tensor, metadata map[string]string) error {
	b, err := EncodeSafetensors(sd, metadata)
	if err != nil {
		return err
	}
	return writeFile(path, b)
}

// ReadSafetensors reads a safetensors file: its tensors in the order of their
// data, and its metadata.
func ReadSafetensors(path string) ([]Weight, map[string]string, error) {
	b, err := readFile(path, math.MaxInt64)
	if err != nil {
		return nil, nil, err
	}
	ws, metadata, err := DecodeSafetensors(b)
	if err != nil {
		return nil, nil, about(text(path), err)
	}
	return ws, metadata, nil
}

// DecodeSafetensors reads the bytes of a safetensors file.
func DecodeSafetensors(b []byte) ([]Weight, map[string]string, error) {
	if len(b) < 8 {
		return nil, nil, bad("not a safetensors file: it has %d bytes", len(b))
	}
	size := binary.LittleEndian.Uint64(b)
	if size > maxHeader || size > uint64(len(b)-8) {
		return nil, nil, bad("not a safetensors file: a header of %d bytes", size)
	}
	header, data := b[8:8+size], b[8+size:]
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, about(text("not a safetensors file"), err)
	}
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		x, y := entries[a].Offsets, entries[b].Offsets
		if x[0] != y[0] || x[1] != y[1] {
			return slices.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
	var ws []Weight
	end := int64(0)
	for _, name := range names {
		e := entries[name]
		what := text(fmt.Sprintf("tensor %q", name))
		if e.Offsets[0] != end || e.Offsets[1] < end || e.Offsets[1] > int64(len(data)) {
			return nil, nil, bad("%v: its data is at %d to %d, where data begins at %d and ends at %d",
				what, e.Offsets[0], e.Offsets[1], end, len(data))
		}
		raw := data[end:e.Offsets[1]]
		end = e.Offsets[1]
		t, ok := safeTypes[e.DType]
		if !ok {
			return nil, nil, bad("%v: data type %q is not supported", what, e.DType)
		}
		shape, err := shapeOf(*e.Shape)
		if err != nil {
			return nil, nil, about(what, err)
		}
		a, err := array.FromRaw(t, shape, raw)
		if err != nil {
			return nil, nil, about(what, err)
		}
		w := newWeight(name, a)
		if w.Tensor == nil {
			return nil, nil, bad("%v: holds a %v that neither a float32 nor an int64 can hold", what, t)
		}
		ws = append(ws, w)
	}
	if end != int64(len(data)) {
		return nil, nil, bad("the last tensor ends at %d, the data at %d", end, len(data))
	}
	return ws, metadata, nil
}

// parseHeader reads the JSON object entry by entry, because a map would let the
// second of two tensors with one name win.
func parseHeader(header []byte) (map[string]safeEntry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') || header[0] != '{' {
		return nil, nil, errors.New("the header is no JSON object")
	}
	entries, metadata := map[string]safeEntry{}, map[string]string{}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, nil, fmt.Errorf("the header has %q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var e safeEntry
		if err := dec.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Shape == nil || len(e.Offsets) != 2 {
			return nil, nil, fmt.Errorf("tensor %q has no shape or no data_offsets", name)
		}
		entries[name] = e
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("something follows the header's JSON")
	}
	return entries, metadata, nil
}
