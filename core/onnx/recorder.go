package onnx

import (
	"fmt"

	onnxgo "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
)

// recorder is the onnx-go backend. To onnx-go a value of the model is a node of
// a graph, and an edge leads from each output of an operation to each of its
// inputs, weighted with the input's place.
type recorder struct {
	nodes  []step
	values []*recorded
	edges  []edge // since the last call
	calls  []call
}

var _ onnxgo.Backend = (*recorder)(nil)

// recorded is a value.
type recorded struct {
	id   int64
	name string
}

func (v *recorded) ID() int64           { return v.id }
func (v *recorded) SetName(name string) { v.name = name }
func (v *recorded) GetName() string     { return v.name }

type edge struct {
	from, to graph.Node
	weight   float64
}

func (e edge) From() graph.Node         { return e.from }
func (e edge) To() graph.Node           { return e.to }
func (e edge) ReversedEdge() graph.Edge { return edge{e.to, e.from, e.weight} }
func (e edge) Weight() float64          { return e.weight }

// call is one operation as onnx-go applied it.
type call struct {
	op              string
	inputs, outputs []string
}

// What follows up to ApplyOperation is graph.DirectedWeightedBuilder. onnx-go
// only builds and never asks, so what asks is answered with nothing.

func (r *recorder) NewNode() graph.Node { return &recorded{id: int64(len(r.values))} }

func (r *recorder) AddNode(n graph.Node) { r.values = append(r.values, n.(*recorded)) }

func (r *recorder) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return edge{from, to, weight}
}

func (r *recorder) SetWeightedEdge(e graph.WeightedEdge) { r.edges = append(r.edges, e.(edge)) }

func (r *recorder) Node(int64) graph.Node            { return nil }
func (r *recorder) Nodes() graph.Nodes               { return graph.Empty }
func (r *recorder) From(int64) graph.Nodes           { return graph.Empty }
func (r *recorder) To(int64) graph.Nodes             { return graph.Empty }
func (r *recorder) Edge(int64, int64) graph.Edge     { return nil }
func (r *recorder) HasEdgeBetween(int64, int64) bool { return false }
func (r *recorder) HasEdgeFromTo(int64, int64) bool  { return false }

// ApplyOperation ends one operation: the edges set since the last one are its.
// Those of the first output tell the inputs; the other outputs' say the same
// again, and so do those of a second output without a name, which is the same
// value to onnx-go.
func (r *recorder) ApplyOperation(op onnxgo.Operation, outputs ...graph.Node) error {
	i, ok := op.Attributes[indexKey].(int64)
	if !ok || i != int64(len(r.calls)) || int(i) >= len(r.nodes) {
		return fmt.Errorf("operation %s came in the place of node %d", op.Name, len(r.calls))
	}
	c := call{op: op.Name}
	for _, n := range outputs {
		c.outputs = append(c.outputs, n.(*recorded).name)
	}
	for _, e := range r.edges {
		if e.from == outputs[0] && e.weight == float64(len(c.inputs)) {
			c.inputs = append(c.inputs, e.to.(*recorded).name)
		}
	}
	if len(r.nodes[i].Inputs) == 0 {
		c.inputs = nil // the one that onnx-go makes up
	}
	r.edges = r.edges[:0]
	r.calls = append(r.calls, c)
	return nil
}
