package exchange

import (
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/tensor"
)

func buildBatchNorm(c *call) (operand, error) {
	eps := float64(c.attrs.Float("epsilon", 1e-5))
	c.attrs.Ignore("momentum")
	if c.attrs.Int("training_mode", 0) != 0 || c.attrs.Int("spatial", 1) != 1 {
		return operand{}, c.Errorf("only inference with statistics per channel is supported")
	}
	if err := c.check(5, 5); err != nil {
		return operand{}, err
	}
	x := c.in[0]
	rank := len(x.node.Shape())
	if rank < 2 {
		return operand{}, c.Errorf("input of shape %v has no channels", x.shape())
	}
	l := channelsSecond(rank)
	n, weight, bias, mean, variance := x.as(l), c.in[1].as(nil), c.in[2].as(nil), c.in[3].as(nil), c.in[4].as(nil)
	return operand{node: nn.Normalize(n, weight, bias, mean, variance, eps), layout: l}, nil
}

// buildLayerNorm builds LayerNormalization and RMSNormalization over the last axes.
func buildLayerNorm(c *call) (operand, error) {
	axis, eps := int(c.attrs.Int("axis", -1)), float64(c.attrs.Float("epsilon", 1e-5))
	if c.attrs.Int("stash_type", 1) != 1 {
		return operand{}, c.Errorf("only statistics in float32 are supported")
	}
	most := 3
	if c.Op == "RMSNormalization" {
		most = 2
	}
	if err := c.check(2, most); err != nil {
		return operand{}, err
	}
	x, weight := c.in[0].as(nil), c.in[1].as(nil)
	s := x.Shape()
	if axis < 0 {
		axis += len(s)
	}
	if axis < 0 || axis >= len(s) || weight.Shape().Size() != s[axis:].Size() {
		return operand{}, c.Errorf("axis %d of shape %v and weights of shape %v", axis, s, weight.Shape())
	}
	n := s[axis:].Size()
	flat, w := graph.Reshape(x, append(s[:axis].Clone(), n)...), graph.Reshape(weight, n)
	if c.Op == "RMSNormalization" {
		return operand{node: graph.Reshape(graph.RMSNorm(flat, w, eps), s...)}, nil
	}
	b := c.graph.Const(tensor.New(tensor.Shape{n}, nil))
	if len(c.in) == 3 && c.in[2].node != nil {
		if b = c.in[2].as(nil); b.Shape().Size() != n {
			return operand{}, c.Errorf("B of shape %v for %d elements", b.Shape(), n)
		}
		b = graph.Reshape(b, n)
	}
	return operand{node: graph.Reshape(graph.LayerNorm(flat, w, b, eps), s...)}, nil
}

// buildGroupNorm builds InstanceNormalization, which has a group for each channel, and
// GroupNormalization.
func buildGroupNorm(c *call) (operand, error) {
	a := graph.GroupNormAttr{Eps: float64(c.attrs.Float("epsilon", 1e-5)), Groups: int(c.attrs.Int("num_groups", 0))}
	if c.attrs.Int("stash_type", 1) != 1 {
		return operand{}, c.Errorf("only statistics in float32 are supported")
	}
	if err := c.check(3, 3); err != nil {
		return operand{}, err
	}
	s := c.in[0].shape()
	if len(s) < 2 {
		return operand{}, c.Errorf("input of shape %v has no channels", s)
	}
	channels := s[1]
	if c.Op == "InstanceNormalization" {
		a.Groups = channels
	} else if c.Opset < 21 {
		return operand{}, c.Errorf("before opset 21 its weights are ambiguous; export with opset 21, or as InstanceNormalization")
	}
	weight, bias := c.in[1].as(nil), c.in[2].as(nil)
	want := tensor.Shape{channels}
	if a.Groups < 1 || channels%a.Groups != 0 || !weight.Shape().Equal(want) || !bias.Shape().Equal(want) {
		return operand{}, c.Errorf("shape %v in %d groups with weights %v and %v", s, a.Groups, weight.Shape(), bias.Shape())
	}
	l := channelsSecond(len(s))
	return operand{node: nn.NormalizeGroups(c.in[0].as(l), weight, bias, a), layout: l}, nil
}

func buildSoftmax(c *call) (operand, error) {
	def := int64(-1)
	if c.Opset < 13 {
		def = 1
	}
	axis := int(c.attrs.Int("axis", def))
	if err := c.check(1, 1); err != nil {
		return operand{}, err
	}
	x := c.in[0].as(nil)
	rank := len(x.Shape())
	if axis < 0 {
		axis += rank
	}
	if rank == 0 || axis != rank-1 {
		return operand{}, c.Errorf("axis %d of shape %v: only the last one is supported", axis, x.Shape())
	}
	if c.Op == "LogSoftmax" {
		return operand{node: graph.LogSoftmax(x)}, nil
	}
	return operand{node: graph.Softmax(x)}, nil
}

func buildGelu(c *call) (operand, error) {
	switch how := c.attrs.String("approximate", "none"); how {
	case "none":
		return c.unary(graph.Gelu)
	case "tanh":
		return c.unary(graph.GeluTanh)
	default:
		return operand{}, c.Errorf("approximate=%q is not supported", how)
	}
}
