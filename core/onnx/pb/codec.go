package pb

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	// MaxSize is the largest file that can be read or written, the limit of
	// protobuf itself. Weights beyond it go into external data.
	MaxSize = 1<<31 - 1

	// maxDepth bounds nesting, as protobuf's own readers do. A subgraph takes
	// three levels: graph, node, attribute.
	maxDepth = 100

	// maxMessages bounds the messages of one file. An empty message takes two
	// bytes of the file and a few hundred of memory; the largest published
	// models have well under a million.
	maxMessages = 1 << 21
)

// A message lists its fields to a codec: one call for each, with its number and
// where it is kept. The one list serves reading, sizing and writing.
type message interface {
	fields(c *codec)
	unknown() *[]byte
}

// rest holds, verbatim, the fields that a message does not know.
type rest struct{ Unknown []byte }

func (r *rest) unknown() *[]byte { return &r.Unknown }

type mode int

const (
	reading mode = iota
	sizing
	writing
)

// codec is handed to the lists of fields.
//
// Reading, a list is run through once for each field that the file holds, with
// that field at hand; the call that has its number takes it. Sizing and
// writing, a list is run through once for each message. Sizing leaves the size
// of every nested message in sizes, in the order in which writing needs them.
type codec struct {
	mode mode

	num      protowire.Number // field at hand, 0 once it is taken
	typ      protowire.Type
	val      []byte // its value; for bytes, without the length
	taken    bool
	depth    int
	messages int
	err      error // the first one; nothing is read after it

	sizes []int
	next  int // in sizes, the next message to be written
	size  int // so far, of the message being sized
	out   []byte
}

// Unmarshal reads a model. Its bytes fields alias b.
func Unmarshal(b []byte) (*Model, error) {
	m := &Model{}
	if err := unmarshal(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// UnmarshalTensor reads a bare tensor, the form of ONNX's own test data.
func UnmarshalTensor(b []byte) (*Tensor, error) {
	t := &Tensor{}
	if err := unmarshal(b, t); err != nil {
		return nil, err
	}
	return t, nil
}

// UnmarshalSequence reads a bare sequence of values.
func UnmarshalSequence(b []byte) (*Sequence, error) {
	s := &Sequence{}
	if err := unmarshal(b, s); err != nil {
		return nil, err
	}
	return s, nil
}

// UnmarshalOptional reads a bare optional value.
func UnmarshalOptional(b []byte) (*OptionalValue, error) {
	o := &OptionalValue{}
	if err := unmarshal(b, o); err != nil {
		return nil, err
	}
	return o, nil
}

// Marshal writes the model.
func (m *Model) Marshal() ([]byte, error) { return marshal(m) }

// Marshal writes the tensor bare, without a model around it.
func (t *Tensor) Marshal() ([]byte, error) { return marshal(t) }

func unmarshal(b []byte, m message) error {
	if len(b) > MaxSize {
		return fmt.Errorf("%d bytes, more than the 2 GiB a protobuf file may have", len(b))
	}
	c := codec{mode: reading}
	c.read(m, b)
	return c.err
}

func marshal(m message) ([]byte, error) {
	c := codec{mode: sizing}
	m.fields(&c)
	size := c.size + len(*m.unknown())
	if size > MaxSize {
		return nil, fmt.Errorf("%d bytes, more than the 2 GiB a protobuf file may have", size)
	}
	c.mode, c.out = writing, make([]byte, 0, size)
	m.fields(&c)
	return append(c.out, *m.unknown()...), nil
}

// read decodes b into m, merging with what m holds as protobuf asks for when a
// field that may occur once occurs again.
func (c *codec) read(m message, b []byte) {
	if c.depth++; c.depth > maxDepth {
		c.fail(fmt.Errorf("messages are nested deeper than %d", maxDepth))
	}
	if c.messages++; c.messages > maxMessages {
		c.fail(fmt.Errorf("more than %d messages", maxMessages))
	}
	for len(b) > 0 && c.err == nil {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			c.fail(protowire.ParseError(n))
			break
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			c.fail(fmt.Errorf("field %d: %w", num, protowire.ParseError(size)))
			break
		}
		whole := b[:n+size]
		b = b[n+size:]
		c.num, c.typ, c.val, c.taken = num, typ, whole[n:], false
		if typ == protowire.BytesType {
			c.val, _ = protowire.ConsumeBytes(c.val)
		}
		m.fields(c)
		if !c.taken {
			u := m.unknown()
			*u = append(*u, whole...)
		}
	}
	if c.err != nil {
		c.err = inside(m, c.err)
	}
	c.depth--
	c.num, c.taken = 0, true // for the list that this message was a field of
}

func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// at tells where in a file an error is: the innermost message only, since the
// way down to it names nothing that a reader of the message could look up.
type at struct {
	message string
	err     error
}

func (e *at) Error() string { return fmt.Sprintf("in a %s: %v", e.message, e.err) }
func (e *at) Unwrap() error { return e.err }

func inside(m message, err error) error {
	if known := (*at)(nil); errors.As(err, &known) {
		return err
	}
	return &at{fmt.Sprintf("%T", m)[len("*pb."):], err}
}
