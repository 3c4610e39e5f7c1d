package onnx

import (
	"fmt"

	"lab/core/onnx/pb"
)

const (
	// maxCalls bounds how deep functions call each other.
	maxCalls = 64

	// maxInlined bounds the nodes that calls of functions stand for.
	maxInlined = 1 << 17
)

// callee names a function.
type callee struct{ domain, name, overload string }

// functions lists the model's own.
func functions(file *pb.Model) (map[callee]*pb.Function, error) {
	all := map[callee]*pb.Function{}
	for _, f := range file.Functions {
		c := callee{domainOf(f.Domain), f.Name, f.Overload}
		if all[c] != nil {
			return nil, bad("the model defines the function %s.%s twice", c.domain, c.name)
		}
		all[c] = f
	}
	return all, nil
}

// expand lists the nodes of the graph, with the nodes of a function in the place of a
// call of it (ONNX, IR.md, Functions).
func (r *reader) expand() error {
	for i, n := range r.file.Nodes {
		if err := r.inline(step{Node: n, index: i, opsets: r.opsets, again: r.again}, 0); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) inline(s step, depth int) error {
	f := r.functions[callee{domainOf(s.Domain), s.OpType, s.Overload}]
	if f == nil {
		r.steps = append(r.steps, s)
		return nil
	}
	if depth >= maxCalls {
		return r.about(s, fmt.Errorf("functions call each other more than %d deep", maxCalls))
	}
	if len(s.Inputs) > len(f.Inputs) || len(s.Outputs) > len(f.Outputs) {
		return r.about(s, fmt.Errorf("has %d inputs and %d outputs, its function %d and %d", len(s.Inputs), len(s.Outputs), len(f.Inputs), len(f.Outputs)))
	}
	opsets, err := opsetsOf(f.OpsetImports)
	if err != nil {
		return r.about(s, err)
	}
	c := inliner{names: map[string]string{}, attrs: map[string]*pb.Attribute{}}
	for _, a := range f.AttributeProtos {
		c.attrs[a.Name] = a
	}
	for _, a := range s.Attributes {
		c.attrs[a.Name] = a
	}
	for i, name := range f.Inputs {
		if c.names[name] = ""; i < len(s.Inputs) {
			c.names[name] = s.Inputs[i]
		}
	}
	r.inlined++
	c.prefix = fmt.Sprintf("%s#%d/", s.OpType, r.inlined)
	for i, name := range f.Outputs {
		if i >= len(s.Outputs) || s.Outputs[i] == "" {
			continue
		}
		if to, given := c.names[name]; given { // an input that is handed through
			id := &pb.Node{OpType: "Identity", Inputs: []string{to}, Outputs: []string{s.Outputs[i]}}
			r.steps = append(r.steps, step{Node: id, index: s.index, opsets: r.opsets, again: true})
			continue
		}
		c.names[name] = s.Outputs[i]
	}
	for _, n := range f.Nodes {
		n = c.node(n)
		if r.nodes += c.made; r.nodes > maxInlined {
			return r.about(s, fmt.Errorf("calls of functions stand for more than %d nodes", maxInlined))
		}
		c.made = 0
		if n.Name = s.Name + "/" + n.Name; s.Name == "" {
			n.Name = s.OpType + n.Name
		}
		if err := r.inline(step{Node: n, index: s.index, opsets: opsets, again: true}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// inliner rewrites the nodes of a function for one call.
type inliner struct {
	names  map[string]string        // in the function → around the call
	attrs  map[string]*pb.Attribute // of the call, and defaults
	prefix string                   // of names that are the function's own
	made   int                      // nodes
}

func (c *inliner) rename(name string) string {
	if name == "" {
		return ""
	}
	to, ok := c.names[name]
	if !ok {
		to = c.prefix + name
		c.names[name] = to
	}
	return to
}

func (c *inliner) renamed(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = c.rename(name)
	}
	return out
}

func (c *inliner) node(n *pb.Node) *pb.Node {
	c.made++
	out := *n
	out.Inputs, out.Outputs, out.Attributes = c.renamed(n.Inputs), c.renamed(n.Outputs), nil
	for _, a := range n.Attributes {
		switch {
		case a.RefAttrName != "":
			given := c.attrs[a.RefAttrName]
			if given == nil {
				continue // an optional one that the call leaves out
			}
			one := *given
			one.Name = a.Name
			out.Attributes = append(out.Attributes, &one)
		case a.G != nil:
			one := *a
			one.G = c.body(a.G)
			out.Attributes = append(out.Attributes, &one)
		default:
			out.Attributes = append(out.Attributes, a)
		}
	}
	return &out
}

func (c *inliner) body(g *pb.Graph) *pb.Graph {
	out := *g
	values := func(vs []*pb.ValueInfo) []*pb.ValueInfo {
		renamed := make([]*pb.ValueInfo, len(vs))
		for i, v := range vs {
			one := *v
			one.Name = c.rename(v.Name)
			renamed[i] = &one
		}
		return renamed
	}
	out.Inputs, out.Outputs = values(g.Inputs), values(g.Outputs)
	out.Initializers = make([]*pb.Tensor, len(g.Initializers))
	for i, t := range g.Initializers {
		one := *t
		one.Name = c.rename(t.Name)
		out.Initializers[i] = &one
	}
	out.Nodes = make([]*pb.Node, len(g.Nodes))
	for i, n := range g.Nodes {
		out.Nodes[i] = c.node(n)
	}
	return &out
}
