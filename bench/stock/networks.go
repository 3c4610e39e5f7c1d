package stock

import (
	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

func mlp(n *network, x *gorgonia.Node) *gorgonia.Node {
	h := n.relu(n.linear("fc1", x))
	h = n.relu(n.linear("fc2", h))
	return n.linear("fc3", h)
}

func cnn(n *network, x *gorgonia.Node) *gorgonia.Node {
	h := n.relu(n.conv("conv1", x)) // [N,32,26,26]
	h = n.relu(n.conv("conv2", h))  // [N,64,24,24]
	if n.err != nil {
		return nil
	}
	h = n.do(gorgonia.MaxPool2D(h, gt.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	h = n.do(gorgonia.Reshape(h, gt.Shape{h.Shape()[0], 64 * 12 * 12}))
	return n.linear("fc2", n.relu(n.linear("fc1", h)))
}

// linear is x·W + b; files keep W as [out, in].
func (n *network) linear(name string, x *gorgonia.Node) *gorgonia.Node {
	w, b := n.weight(name+".weight", 1, 0), n.weight(name+".bias")
	if n.err != nil {
		return nil
	}
	return n.do(gorgonia.BroadcastAdd(n.do(gorgonia.Mul(x, w)), b, nil, []byte{0}))
}

// conv is a 3×3 convolution without padding, with its bias.
func (n *network) conv(name string, x *gorgonia.Node) *gorgonia.Node {
	w, b := n.weight(name+".weight"), n.weight(name+".bias")
	if n.err != nil {
		return nil
	}
	y := n.do(gorgonia.Conv2d(x, w, gt.Shape{3, 3}, []int{0, 0}, []int{1, 1}, []int{1, 1}))
	b = n.do(gorgonia.Reshape(b, gt.Shape{1, b.Shape()[0], 1, 1}))
	return n.do(gorgonia.BroadcastAdd(y, b, nil, []byte{0, 2, 3}))
}

func (n *network) relu(x *gorgonia.Node) *gorgonia.Node {
	if n.err != nil {
		return nil
	}
	return n.do(gorgonia.Rectify(x))
}
