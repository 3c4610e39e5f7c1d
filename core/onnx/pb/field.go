package pb

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// One function for each type of field in onnx.proto. Reading, each takes the
// field at hand if it has the number; sizing and writing, each adds its value
// unless that is absent. They report whether they took something, for the sake
// of the members of a oneof.

// take uses the field at hand up if it is num. It fails for another wire type:
// protobuf would file such a field under unknown, but here that would silently
// drop a weight or an attribute.
func (c *codec) take(num protowire.Number, types ...protowire.Type) bool {
	if c.num != num || c.mode != reading {
		return false
	}
	c.num, c.taken = 0, true
	for _, t := range types {
		if c.typ == t {
			return true
		}
	}
	c.fail(fmt.Errorf("field %d has wire type %d", num, c.typ))
	return false
}

// integer is a field that protobuf writes as a varint.
type integer interface {
	~int32 | ~int64 | ~uint64
}

func varint[T integer](c *codec, num protowire.Number, p *T) bool {
	if c.take(num, protowire.VarintType) {
		v, _ := protowire.ConsumeVarint(c.val)
		*p = T(v)
		return true
	}
	if c.mode != reading && *p != 0 {
		c.putVarint(num, uint64(*p))
	}
	return false
}

// optVarint is a varint that may be absent.
func optVarint(c *codec, num protowire.Number, p **int64) bool {
	if c.take(num, protowire.VarintType) {
		v, _ := protowire.ConsumeVarint(c.val)
		i := int64(v)
		*p = &i
		return true
	}
	if c.mode != reading && *p != nil {
		c.putVarint(num, uint64(**p))
	}
	return false
}

func optFloat(c *codec, num protowire.Number, p **float32) {
	if c.take(num, protowire.Fixed32Type) {
		v, _ := protowire.ConsumeFixed32(c.val)
		f := math.Float32frombits(v)
		*p = &f
	}
	if c.mode != reading && *p != nil {
		c.putFloat(num, **p)
	}
}

func str(c *codec, num protowire.Number, p *string) bool {
	if c.take(num, protowire.BytesType) {
		*p = string(c.val)
		return true
	}
	if c.mode != reading && *p != "" {
		putBytes(c, num, *p)
	}
	return false
}

// raw is bytes that alias the file; nil is absent, empty is not.
func raw(c *codec, num protowire.Number, p *[]byte) {
	if c.take(num, protowire.BytesType) {
		*p = c.val[:len(c.val):len(c.val)]
	}
	if c.mode != reading && *p != nil {
		putBytes(c, num, *p)
	}
}

func strs(c *codec, num protowire.Number, p *[]string) {
	if c.take(num, protowire.BytesType) {
		*p = append(*p, string(c.val))
	}
	if c.mode != reading {
		for _, s := range *p {
			putBytes(c, num, s)
		}
	}
}

func raws(c *codec, num protowire.Number, p *[][]byte) {
	if c.take(num, protowire.BytesType) {
		*p = append(*p, c.val[:len(c.val):len(c.val)])
	}
	if c.mode != reading {
		for _, s := range *p {
			putBytes(c, num, s)
		}
	}
}

// msg is a message that may be absent.
func msg[T any, P interface {
	*T
	message
}](c *codec, num protowire.Number, p **T) bool {
	if c.take(num, protowire.BytesType) {
		if *p == nil {
			*p = new(T)
		}
		c.read(P(*p), c.val)
		return true
	}
	if c.mode != reading && *p != nil {
		c.putMessage(num, P(*p))
	}
	return false
}

func msgs[T any, P interface {
	*T
	message
}](c *codec, num protowire.Number, p *[]*T) {
	if c.take(num, protowire.BytesType) {
		m := new(T)
		*p = append(*p, m)
		c.read(P(m), c.val)
	}
	if c.mode != reading {
		for _, m := range *p {
			c.putMessage(num, P(m))
		}
	}
}

// varints is a repeated varint. Both forms are read, whichever is declared;
// packed says which one is written.
func varints[T integer](c *codec, num protowire.Number, p *[]T, packed bool) {
	if c.take(num, protowire.BytesType, protowire.VarintType) {
		for b := c.val; len(b) > 0; {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				c.fail(fmt.Errorf("field %d: %w", num, protowire.ParseError(n)))
				return
			}
			*p = append(*p, T(v))
			b = b[n:]
		}
	}
	if c.mode == reading || len(*p) == 0 {
		return
	}
	if !packed {
		for _, v := range *p {
			c.putVarint(num, uint64(v))
		}
		return
	}
	n := 0
	for _, v := range *p {
		n += protowire.SizeVarint(uint64(v))
	}
	if c.putHeader(num, n) {
		for _, v := range *p {
			c.out = protowire.AppendVarint(c.out, uint64(v))
		}
	}
}

func floats(c *codec, num protowire.Number, p *[]float32, packed bool) {
	if c.take(num, protowire.BytesType, protowire.Fixed32Type) {
		if len(c.val)%4 != 0 {
			c.fail(fmt.Errorf("field %d: %d bytes of packed floats", num, len(c.val)))
			return
		}
		if *p == nil {
			*p = make([]float32, 0, len(c.val)/4)
		}
		for b := c.val; len(b) > 0; b = b[4:] {
			v, _ := protowire.ConsumeFixed32(b)
			*p = append(*p, math.Float32frombits(v))
		}
	}
	if c.mode == reading || len(*p) == 0 {
		return
	}
	if !packed {
		for _, v := range *p {
			c.putFloat(num, v)
		}
		return
	}
	if c.putHeader(num, 4*len(*p)) {
		for _, v := range *p {
			c.out = protowire.AppendFixed32(c.out, math.Float32bits(v))
		}
	}
}

// doubles is a repeated double, which onnx.proto has packed only.
func doubles(c *codec, num protowire.Number, p *[]float64) {
	if c.take(num, protowire.BytesType, protowire.Fixed64Type) {
		if len(c.val)%8 != 0 {
			c.fail(fmt.Errorf("field %d: %d bytes of packed doubles", num, len(c.val)))
			return
		}
		for b := c.val; len(b) > 0; b = b[8:] {
			v, _ := protowire.ConsumeFixed64(b)
			*p = append(*p, math.Float64frombits(v))
		}
	}
	if c.mode != reading && len(*p) > 0 && c.putHeader(num, 8*len(*p)) {
		for _, v := range *p {
			c.out = protowire.AppendFixed64(c.out, math.Float64bits(v))
		}
	}
}

func (c *codec) putVarint(num protowire.Number, v uint64) {
	if c.mode == sizing {
		c.size += protowire.SizeTag(num) + protowire.SizeVarint(v)
		return
	}
	c.out = protowire.AppendTag(c.out, num, protowire.VarintType)
	c.out = protowire.AppendVarint(c.out, v)
}

func (c *codec) putFloat(num protowire.Number, v float32) {
	if c.mode == sizing {
		c.size += protowire.SizeTag(num) + protowire.SizeFixed32()
		return
	}
	c.out = protowire.AppendTag(c.out, num, protowire.Fixed32Type)
	c.out = protowire.AppendFixed32(c.out, math.Float32bits(v))
}

// putHeader puts what stands before n bytes of content. It reports whether the
// content is to follow; sizing has counted it already.
func (c *codec) putHeader(num protowire.Number, n int) bool {
	if c.mode == sizing {
		c.size += protowire.SizeTag(num) + protowire.SizeBytes(n)
		return false
	}
	c.out = protowire.AppendTag(c.out, num, protowire.BytesType)
	c.out = protowire.AppendVarint(c.out, uint64(n))
	return true
}

func putBytes[T string | []byte](c *codec, num protowire.Number, v T) {
	if c.putHeader(num, len(v)) {
		c.out = append(c.out, v...)
	}
}

func (c *codec) putMessage(num protowire.Number, m message) {
	if c.mode == sizing {
		before, i := c.size, len(c.sizes)
		c.sizes, c.size = append(c.sizes, 0), 0
		m.fields(c)
		c.sizes[i] = c.size + len(*m.unknown())
		c.size = before
		c.putHeader(num, c.sizes[i])
		return
	}
	c.putHeader(num, c.sizes[c.next])
	c.next++
	m.fields(c)
	c.out = append(c.out, *m.unknown()...)
}
