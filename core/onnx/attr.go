package onnx

import (
	"fmt"
	"strings"

	"lab/core/onnx/pb"
)

// Attr is one attribute of a node; Type says which field holds its value.
type Attr struct {
	Name    string
	Type    pb.AttributeType
	Float   float32
	Int     int64
	String  string
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensor  Weight
	Graph   *Graph // body of a control-flow node
	Of      *Value // a type
}

// Bodies are the graphs among the node's attributes: those of control flow.
func (n *Node) Bodies() (bodies []*Graph) {
	for _, a := range n.attrs {
		if a.Graph != nil {
			bodies = append(bodies, a.Graph)
		}
	}
	return bodies
}

// Attrs reads the attributes of one node, so that none is overlooked: a type
// that does not fit, and an attribute that nobody asked for, which would change
// the result unnoticed, are errors. The first one is kept for [Attrs.Done].
//
//	a := n.Attrs()
//	axis := a.Int("axis", -1)
//	if err := a.Done(); err != nil {
type Attrs struct {
	node *Node
	read map[string]bool
	err  error
}

// Attrs starts reading the node's attributes.
func (n *Node) Attrs() *Attrs { return &Attrs{node: n, read: map[string]bool{}} }

// Has reports whether the attribute is given. It does not count as read.
func (a *Attrs) Has(name string) bool {
	for i := range a.node.attrs {
		if a.node.attrs[i].Name == name {
			return true
		}
	}
	return false
}

// Int is the attribute of that name, or def when it is not given.
func (a *Attrs) Int(name string, def int64) int64 {
	if at := a.get(name, pb.AttrInt); at != nil {
		return at.Int
	}
	return def
}

// Float is Int for a float.
func (a *Attrs) Float(name string, def float32) float32 {
	if at := a.get(name, pb.AttrFloat); at != nil {
		return at.Float
	}
	return def
}

// String is Int for a string.
func (a *Attrs) String(name, def string) string {
	if at := a.get(name, pb.AttrString); at != nil {
		return at.String
	}
	return def
}

// Ints is the attribute of that name, nil when it is not given, empty but not
// nil when it is given so.
func (a *Attrs) Ints(name string) []int64 {
	if at := a.get(name, pb.AttrInts); at != nil {
		return at.Ints
	}
	return nil
}

// Floats is Ints for floats.
func (a *Attrs) Floats(name string) []float32 {
	if at := a.get(name, pb.AttrFloats); at != nil {
		return at.Floats
	}
	return nil
}

// Strings is Ints for strings.
func (a *Attrs) Strings(name string) []string {
	if at := a.get(name, pb.AttrStrings); at != nil {
		return at.Strings
	}
	return nil
}

// Tensor is the attribute of that name, or nil when it is not given.
func (a *Attrs) Tensor(name string) *Weight {
	if at := a.get(name, pb.AttrTensor); at != nil {
		return &at.Tensor
	}
	return nil
}

// Graph is the attribute of that name, or nil when it is not given.
func (a *Attrs) Graph(name string) *Graph {
	if at := a.get(name, pb.AttrGraph); at != nil {
		return at.Graph
	}
	return nil
}

// Ignore marks attributes as read that do not change the result.
func (a *Attrs) Ignore(names ...string) {
	for _, name := range names {
		a.read[name] = true
	}
}

// Done returns the first error of the reads before it, or one that names the
// attributes that none of them asked for.
func (a *Attrs) Done() error {
	if a.err != nil {
		return a.err
	}
	var left []string
	for i := range a.node.attrs {
		if name := a.node.attrs[i].Name; !a.read[name] {
			left = append(left, fmt.Sprintf("%q", name))
		}
	}
	if left != nil {
		return a.node.Errorf("attribute %s is not supported", strings.Join(left, ", "))
	}
	return nil
}

func (a *Attrs) get(name string, want pb.AttributeType) *Attr {
	a.read[name] = true
	for i := range a.node.attrs {
		at := &a.node.attrs[i]
		if at.Name != name {
			continue
		}
		if at.Type != want {
			if a.err == nil {
				a.err = a.node.Errorf("attribute %s is of type %v, want %v", name, at.Type, want)
			}
			return nil
		}
		return at
	}
	return nil
}

// attrs types the attributes of a node.
func (r *reader) attrs(n step) ([]Attr, error) {
	seen := map[string]bool{}
	out := make([]Attr, 0, len(n.Attributes))
	for _, p := range n.Attributes {
		if seen[p.Name] {
			return nil, fmt.Errorf("attribute %q is given twice", p.Name)
		}
		seen[p.Name] = true
		a, err := r.attr(p, n)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", p.Name, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// attr types one attribute. A number or string that is not there is the zero
// that proto3 writers leave out.
func (r *reader) attr(p *pb.Attribute, n step) (a Attr, err error) {
	if p.RefAttrName != "" {
		return a, fmt.Errorf("refers to attribute %q of a function, outside of one", p.RefAttrName)
	}
	a.Name, a.Type = p.Name, p.Type
	if a.Type == pb.AttrUndefined {
		if a.Type, err = inferType(p); err != nil {
			return a, err
		}
	}
	switch a.Type {
	case pb.AttrFloat:
		if p.F != nil {
			a.Float = *p.F
		}
	case pb.AttrInt:
		if p.I != nil {
			a.Int = *p.I
		}
	case pb.AttrString:
		a.String = string(p.S)
	case pb.AttrFloats:
		a.Floats = append([]float32{}, p.Floats...)
	case pb.AttrInts:
		a.Ints = append([]int64{}, p.Ints...)
	case pb.AttrStrings:
		a.Strings = make([]string, len(p.Strings))
		for i, s := range p.Strings {
			a.Strings[i] = string(s)
		}
	case pb.AttrTensor:
		if p.T == nil {
			return a, fmt.Errorf("holds no tensor")
		}
		a.Tensor, err = r.weight(p.T, n.again)
	case pb.AttrGraph:
		if p.G == nil {
			return a, fmt.Errorf("holds no graph")
		}
		a.Graph, err = r.body(p.G, n)
	case pb.AttrType:
		if p.TP == nil {
			return a, fmt.Errorf("holds no type")
		}
		var v Value
		v, err = value(&pb.ValueInfo{Type: p.TP})
		a.Of = &v
	default:
		return a, fmt.Errorf("type %v is not supported", a.Type)
	}
	return a, err
}

// inferType finds the type of an attribute that does not say, as files of IR
// version 1 do not: one field alone may be set.
func inferType(p *pb.Attribute) (pb.AttributeType, error) {
	var found pb.AttributeType
	n := 0
	for t, set := range map[pb.AttributeType]bool{
		pb.AttrFloat: p.F != nil, pb.AttrInt: p.I != nil, pb.AttrString: p.S != nil,
		pb.AttrFloats: p.Floats != nil, pb.AttrInts: p.Ints != nil, pb.AttrStrings: p.Strings != nil,
		pb.AttrTensor: p.T != nil, pb.AttrGraph: p.G != nil, pb.AttrType: p.TP != nil,
	} {
		if set {
			found = t
			n++
		}
	}
	if n != 1 {
		return 0, fmt.Errorf("has no type")
	}
	return found, nil
}
