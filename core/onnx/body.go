package onnx

import "lab/core/onnx/pb"

// reader reads one graph: that of the model, or a body of one of its nodes.
type reader struct {
	*decoder
	file   *pb.Graph
	opsets map[string]int64
	again  bool    // it is a function's, of which the file has one for several
	outer  *reader // of the graph around this one
	out    *Graph
	maker  map[string]int  // name of a value → its step, -1 for what no step makes
	taken  map[string]bool // names used that graphs around define
	steps  []step          // still to be recorded, in order
}

// step is a node of a graph.
type step struct {
	*pb.Node
	index  int              // among the nodes of its graph in the file
	opsets map[string]int64 // that it is written in
	again  bool             // it stands for a node of a function
}

// read reads the graph into r.out.
func (r *reader) read() error {
	r.out.Name = r.file.Name
	for _, step := range []func() error{r.names, r.expand, r.order, r.normalize, r.record} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// body reads the body of a node. Its initialisers are constants: nobody trains them.
func (r *reader) body(g *pb.Graph, n step) (*Graph, error) {
	b := reader{decoder: r.decoder, file: g, opsets: n.opsets, again: n.again, outer: r, out: &Graph{}}
	if err := b.read(); err != nil {
		return nil, err
	}
	b.out.Constants = append(b.out.Initializers, b.out.Constants...)
	b.out.Initializers = nil
	return b.out, nil
}

// defined reports whether a graph around r defines the name.
func (r *reader) defined(name string) bool {
	for g := r.outer; g != nil; g = g.outer {
		if _, ok := g.maker[name]; ok {
			return true
		}
	}
	return false
}
