package nn

import (
	"fmt"

	"lab/core/graph"
	"lab/core/tensor"
)

// GroupNorm is torch.nn.GroupNorm (Wu & He 2018): the channels, the last axis, are cut
// into groups, and each group of each example is normalised over its channels and all
// places: (x - mean) / sqrt(var + eps) · weight + bias, with the biased variance.
type GroupNorm struct {
	Weight, Bias *graph.Param // [channels]; nil with NoAffine
	Eps          float64      // 1e-5

	groups, channels int
}

// NewGroupNorm makes one: weight 1, bias 0.
func NewGroupNorm(s *Scope, groups, channels int, options ...NormOption) *GroupNorm {
	if groups < 1 || channels%groups != 0 {
		panic(fmt.Sprintf("nn: GroupNorm of %d channels in %d groups", channels, groups))
	}
	n := &GroupNorm{Eps: 1e-5, groups: groups, channels: channels}
	n.Weight, n.Bias = affine(s, tensor.Shape{channels}, options)
	return n
}

// Forward maps [N,...,channels] to itself.
func (n *GroupNorm) Forward(x *graph.Node) *graph.Node {
	return normalizeGroups("GroupNorm", x, n.Weight, n.Bias, graph.GroupNormAttr{Groups: n.groups, Eps: n.Eps}, n.channels)
}

// InstanceNorm is torch.nn.InstanceNorm1d/2d (Ulyanov, Vedaldi & Lempitsky 2016): each
// channel of each example is normalised over all places. As in PyTorch it has no
// weight and bias unless asked for, and keeps no running statistics.
type InstanceNorm struct {
	Weight, Bias *graph.Param // nil unless affine
	Eps          float64      // 1e-5

	channels int
}

// NewInstanceNorm makes one; with affine its weight is 1 and its bias 0.
func NewInstanceNorm(s *Scope, channels int, withAffine bool) *InstanceNorm {
	n := &InstanceNorm{Eps: 1e-5, channels: channels}
	if withAffine {
		n.Weight, n.Bias = affine(s, tensor.Shape{channels}, nil)
	}
	return n
}

// Forward maps [N,...,channels] to itself.
func (n *InstanceNorm) Forward(x *graph.Node) *graph.Node {
	return normalizeGroups("InstanceNorm", x, n.Weight, n.Bias, graph.GroupNormAttr{Groups: n.channels, Eps: n.Eps}, n.channels)
}

func normalizeGroups(layer string, x *graph.Node, weight, bias *graph.Param, a graph.GroupNormAttr, channels int) *graph.Node {
	last := len(x.Shape()) - 1
	if last < 1 || x.Shape()[last] != channels {
		graph.Fail(layer, "shape %v does not end in %d channels", x.Shape(), channels)
	}
	var w, b *graph.Node
	if weight != nil {
		w, b = scaleAndShift(x.Graph(), weight, bias, channels)
	}
	return NormalizeGroups(x, w, b, a)
}

// NormalizeGroups is group norm of x [N,...,C] with weight and bias [C], or none: both
// nil.
func NormalizeGroups(x, weight, bias *graph.Node, a graph.GroupNormAttr) *graph.Node {
	s := x.Shape()
	c := s[len(s)-1]
	t := graph.Reshape(x, s[0], -1, a.Groups, c/a.Groups) // [N,places,G,C/G]
	mean, variance := graph.Moments(t, 1, 2)
	if a.Groups != c { // the groups' channels are no neighbours of the places
		mean = graph.MeanKeep(t, 1, 3)
		variance = graph.MeanKeep(graph.Square(graph.Sub(t, mean)), 1, 3)
	}
	y := graph.Reshape(graph.Mul(graph.Sub(t, mean), graph.Rsqrt(graph.Shift(variance, a.Eps))), s...)
	args := []*graph.Node{x}
	if weight != nil {
		y, args = graph.Add(graph.Mul(y, weight), bias), append(args, weight, bias)
	}
	return graph.Label(y, graph.LabelGroupNorm, a, args...)
}
