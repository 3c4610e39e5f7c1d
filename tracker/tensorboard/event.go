package tensorboard

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// event is what is read of tensorflow.Event (tensorboard/compat/proto/event.proto):
//
//	1 wall_time double · 2 step int64 · 3 file_version string · 5 summary Summary
type event struct {
	wall   float64 // seconds
	step   int64
	values []value
}

// value is tensorflow.Summary.Value (summary.proto):
//
//	1 tag · 2 simple_value float · 4 image Image · 8 tensor TensorProto · 9 metadata
type value struct {
	tag     string
	plugin  string // metadata.plugin_data.plugin_name
	content []byte // metadata.plugin_data.content
	simple  *float64
	image   []byte // encoded
	tensor  []byte
}

var errMalformed = errors.New("malformed protobuf")

// fields calls f for every field of a message: v is the number of a varint or
// fixed field, b the bytes of a length-delimited one.
func fields(msg []byte, f func(n protowire.Number, t protowire.Type, v uint64, b []byte) error) error {
	for len(msg) > 0 {
		n, t, size := protowire.ConsumeTag(msg)
		if size < 0 {
			return errMalformed
		}
		msg = msg[size:]
		var (
			v uint64
			b []byte
		)
		switch t {
		case protowire.VarintType:
			v, size = protowire.ConsumeVarint(msg)
		case protowire.Fixed64Type:
			v, size = protowire.ConsumeFixed64(msg)
		case protowire.Fixed32Type:
			var w uint32
			w, size = protowire.ConsumeFixed32(msg)
			v = uint64(w)
		case protowire.BytesType:
			b, size = protowire.ConsumeBytes(msg)
		default:
			size = protowire.ConsumeFieldValue(n, t, msg)
		}
		if size < 0 {
			return errMalformed
		}
		if err := f(n, t, v, b); err != nil {
			return err
		}
		msg = msg[size:]
	}
	return nil
}

// decode reads an event; its bytes are those of msg.
func decode(msg []byte) (e event, err error) {
	err = fields(msg, func(n protowire.Number, t protowire.Type, v uint64, b []byte) error {
		switch {
		case n == 1 && t == protowire.Fixed64Type:
			e.wall = math.Float64frombits(v)
		case n == 2 && t == protowire.VarintType:
			e.step = int64(v)
		case n == 5 && t == protowire.BytesType:
			return fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
				if n != 1 || t != protowire.BytesType {
					return nil
				}
				v, err := decodeValue(b)
				e.values = append(e.values, v)
				return err
			})
		}
		return nil
	})
	return e, err
}

func decodeValue(msg []byte) (s value, err error) {
	err = fields(msg, func(n protowire.Number, t protowire.Type, v uint64, b []byte) error {
		switch {
		case n == 1 && t == protowire.BytesType:
			s.tag = string(b)
		case n == 2 && t == protowire.Fixed32Type:
			x := float64(math.Float32frombits(uint32(v)))
			s.simple = &x
		case n == 4 && t == protowire.BytesType: // Image: 4 encoded_image_string
			return fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
				if n == 4 && t == protowire.BytesType {
					s.image = b
				}
				return nil
			})
		case n == 8 && t == protowire.BytesType:
			s.tensor = b
		case n == 9 && t == protowire.BytesType: // SummaryMetadata: 1 plugin_data{1 plugin_name, 2 content}
			return fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
				if n != 1 || t != protowire.BytesType {
					return nil
				}
				return fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
					if n == 1 && t == protowire.BytesType {
						s.plugin = string(b)
					} else if n == 2 && t == protowire.BytesType {
						s.content = b
					}
					return nil
				})
			})
		}
		return nil
	})
	return s, err
}

// Data types of TensorProto (tensorflow/core/framework/types.proto).
const (
	dtFloat, dtDouble, dtInt32, dtString, dtInt64 = 1, 2, 3, 7, 9
	dtBfloat16, dtHalf                            = 14, 19
)

// tensor is what is read of TensorProto: a number, or a list of strings.
//
//	1 dtype · 2 tensor_shape · 4 tensor_content · 5 float_val · 6 double_val · 7 int_val · 8 string_val · 10 int64_val · 13 half_val
type tensor struct {
	numbers []float64 // at most two: only one is a scalar
	strings [][]byte
}

func decodeTensor(msg []byte) (x tensor, err error) {
	var (
		dtype   uint64
		content []byte
	)
	add := func(v float64) {
		if len(x.numbers) < 2 {
			x.numbers = append(x.numbers, v)
		}
	}
	// Repeated numbers come packed, or one by one.
	each := func(t, single protowire.Type, v uint64, b []byte, f func(uint64) float64) error {
		if t == single {
			add(f(v))
			return nil
		}
		for len(b) > 0 && len(x.numbers) < 2 {
			var size int
			switch single {
			case protowire.Fixed32Type:
				var w uint32
				w, size = protowire.ConsumeFixed32(b)
				v = uint64(w)
			case protowire.Fixed64Type:
				v, size = protowire.ConsumeFixed64(b)
			default:
				v, size = protowire.ConsumeVarint(b)
			}
			if size < 0 {
				return errMalformed
			}
			add(f(v))
			b = b[size:]
		}
		return nil
	}
	err = fields(msg, func(n protowire.Number, t protowire.Type, v uint64, b []byte) error {
		switch n {
		case 1:
			dtype = v
		case 4:
			content = b
		case 5:
			return each(t, protowire.Fixed32Type, v, b, func(v uint64) float64 { return float64(math.Float32frombits(uint32(v))) })
		case 6:
			return each(t, protowire.Fixed64Type, v, b, math.Float64frombits)
		case 7, 10:
			return each(t, protowire.VarintType, v, b, func(v uint64) float64 { return float64(int64(v)) })
		case 8:
			x.strings = append(x.strings, b)
		case 13:
			return each(t, protowire.VarintType, v, b, func(v uint64) float64 { return from16(dtype, uint16(v)) })
		}
		return nil
	})
	if err != nil || len(content) == 0 {
		return x, err
	}
	width := map[uint64]int{dtFloat: 4, dtDouble: 8, dtInt32: 4, dtInt64: 8, dtBfloat16: 2, dtHalf: 2}[dtype]
	for width > 0 && len(content) >= width && len(x.numbers) < 2 {
		var v uint64
		for i := range width {
			v |= uint64(content[i]) << (8 * i)
		}
		switch dtype {
		case dtFloat:
			add(float64(math.Float32frombits(uint32(v))))
		case dtDouble:
			add(math.Float64frombits(v))
		case dtInt32:
			add(float64(int32(v)))
		case dtInt64:
			add(float64(int64(v)))
		default:
			add(from16(dtype, uint16(v)))
		}
		content = content[width:]
	}
	return x, nil
}

// from16 is a half or bfloat16 as float64.
func from16(dtype uint64, v uint16) float64 {
	if dtype == dtBfloat16 {
		return float64(math.Float32frombits(uint32(v) << 16))
	}
	sign, exp, frac := float64(1), int(v>>10&31), float64(v&1023)
	if v>>15 == 1 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// scalar is the value as a number, if it is one.
func (v *value) scalar() (float64, bool, error) {
	switch {
	case v.simple != nil:
		return *v.simple, true, nil
	case v.tensor == nil || v.plugin != "" && v.plugin != "scalars":
		return 0, false, nil
	}
	t, err := decodeTensor(v.tensor)
	if err != nil || len(t.numbers) != 1 {
		return 0, false, err
	}
	return t.numbers[0], true, nil
}

// picture is the value as an encoded picture, or nil. A tensor of pictures is
// width, height, and the pictures; the first is taken.
func (v *value) picture() ([]byte, error) {
	if v.image != nil || v.tensor == nil || v.plugin != "images" {
		return v.image, nil
	}
	t, err := decodeTensor(v.tensor)
	if err != nil || len(t.strings) < 3 {
		return nil, err
	}
	return t.strings[2], nil
}

// encode writes an event with one value.
func encode(wall float64, step int64, v []byte) []byte {
	var b []byte
	b = protowire.AppendTag(b, 1, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(wall))
	if step != 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	return appendMessage(b, 5, appendMessage(nil, 1, v))
}

func appendMessage(b []byte, n protowire.Number, msg []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), msg)
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendInt(b []byte, n protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), uint64(v))
}

func appendDouble(b []byte, n protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, n, protowire.Fixed64Type), math.Float64bits(v))
}

func scalarValue(tag string, v float64) []byte {
	b := appendString(nil, 1, tag)
	return protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(float32(v)))
}

func imageValue(tag string, width, height int, encoded []byte) []byte {
	img := appendInt(appendInt(appendInt(nil, 1, int64(height)), 2, int64(width)), 3, 3) // colour space: RGB
	return appendMessage(appendString(nil, 1, tag), 4, appendMessage(img, 4, encoded))
}

// pluginValue is a value that lies in its metadata alone.
func pluginValue(tag, plugin string, content []byte) []byte {
	data := appendMessage(appendString(nil, 1, plugin), 2, content)
	return appendMessage(appendString(nil, 1, tag), 9, appendMessage(nil, 1, data))
}

func fault(file string, at int64, err error) error {
	return fmt.Errorf("%s: the event at byte %d: %w", file, at, err)
}
