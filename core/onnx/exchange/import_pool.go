package exchange

import "lab/core/graph"

// pool reads what poolings share.
func (c *call) pool() (a graph.PoolAttr, err error) {
	var dilation [2]int
	if a.Stride, dilation, a.Pad, err = c.window(); err != nil {
		return a, err
	}
	if a.Kernel, err = c.pair("kernel_shape", 0); err != nil {
		return a, err
	}
	if dilation != [2]int{1, 1} || c.attrs.Int("ceil_mode", 0) != 0 {
		return a, c.Errorf("dilations and ceil_mode are not supported")
	}
	return a, nil
}

// image is the one input, which has two spatial axes.
func (c *call) image() (*graph.Node, error) {
	if err := c.check(1, 1); err != nil {
		return nil, err
	}
	if len(c.in[0].node.Shape()) != 4 {
		return nil, c.Errorf("input of shape %v: only two spatial axes are supported", c.in[0].shape())
	}
	return c.in[0].as(nchw), nil
}

func buildMaxPool(c *call) (operand, error) {
	a, err := c.pool()
	if err != nil {
		return operand{}, err
	}
	c.attrs.Ignore("storage_order") // of the indices, which nobody asks for
	x, err := c.image()
	if err != nil {
		return operand{}, err
	}
	return operand{node: graph.MaxPool(x, a), layout: nchw}, nil
}

func buildAveragePool(c *call) (operand, error) {
	a, err := c.pool()
	if err != nil {
		return operand{}, err
	}
	countPad := c.attrs.Int("count_include_pad", 0) != 0
	x, err := c.image()
	if err != nil {
		return operand{}, err
	}
	return operand{node: graph.MeanPool(x, a, countPad), layout: nchw}, nil
}

func buildGlobalPool(c *call) (operand, error) {
	x, err := c.image()
	if err != nil {
		return operand{}, err
	}
	return operand{node: graph.Label(graph.MeanKeep(x, 1, 2), graph.LabelGlobalPool, nil, x), layout: nchw}, nil
}
