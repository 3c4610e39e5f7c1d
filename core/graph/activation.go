package graph

// Activations and other functions that are chains of elementwise ops: one call each,
// once a VM has fused them.

// Silu is x sigmoid(x), also called swish.
func Silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }

// Elu is x where x > 0, else alpha (e^x - 1).
func Elu(x *Node, alpha float64) *Node {
	low := Scale(Shift(Exp(Min(x, x.g.Scalar(0))), -1), alpha)
	return Where(Less(x.g.Scalar(0), x), x, low)
}

// Clip is min(max(x, lo), hi), as torch.clamp: its gradient is 1 within the bounds and
// on them, else 0.
func Clip(x *Node, lo, hi float64) *Node {
	g := x.g
	inside := Mul(LessEqual(g.Scalar(lo), x), LessEqual(x, g.Scalar(hi)))
	bound := StopGradient(Min(Max(x, g.Scalar(lo)), g.Scalar(hi)))
	return Where(inside, x, bound)
}

// HardSigmoid is min(max(x/6 + 1/2, 0), 1).
func HardSigmoid(x *Node) *Node { return Clip(Shift(Scale(x, 1.0/6), 0.5), 0, 1) }

// HardSwish is x HardSigmoid(x) (Howard et al. 2019).
func HardSwish(x *Node) *Node { return Mul(x, HardSigmoid(x)) }

// Tril is x with zeros above the diagonal of its last two axes, moved up by offset.
func Tril(x *Node, offset int) *Node { return triangle(x, offset, true) }

// Triu is x with zeros below it.
func Triu(x *Node, offset int) *Node { return triangle(x, offset, false) }

func triangle(x *Node, offset int, lower bool) *Node {
	r := len(x.shape)
	if r < 2 {
		fail("Tril", "shape %v has no last two axes", x.shape)
	}
	row := Reshape(Iota(x.g, x.shape[r-2]), -1, 1)
	column := Iota(x.g, x.shape[r-1])
	keep := LessEqual(column, Shift(row, float64(offset)))
	if !lower {
		keep = LessEqual(Shift(row, float64(offset)), column)
	}
	return Where(keep, x, x.g.Scalar(0))
}

// Stack joins along a new axis.
func Stack(axis int, xs ...*Node) *Node {
	parts := make([]*Node, len(xs))
	for i, x := range xs {
		if axis < 0 {
			axis += len(x.shape) + 1
		}
		if axis < 0 || axis > len(x.shape) {
			fail("Stack", "shape %v has no place for a new axis %d", x.shape, axis)
		}
		shape := append(x.shape[:axis:axis].Clone(), 1)
		parts[i] = Reshape(x, append(shape, x.shape[axis:]...)...)
	}
	return Concat(axis, parts...)
}

// Split cuts an axis into parts of the given sizes.
func Split(x *Node, axis int, sizes ...int) []*Node {
	parts := make([]*Node, len(sizes))
	at := 0
	for i, n := range sizes {
		parts[i] = Slice(x, axis, at, at+n, 1)
		at += n
	}
	return parts
}

// Tile repeats x along each axis.
func Tile(x *Node, repeats ...int) *Node {
	if len(repeats) != len(x.shape) {
		fail("Tile", "shape %v is repeated %v times", x.shape, repeats)
	}
	for axis, n := range repeats {
		if n == 1 {
			continue
		}
		xs := make([]*Node, n)
		for i := range xs {
			xs[i] = x
		}
		x = Concat(axis, xs...)
	}
	return x
}

// Upsample repeats each pixel of x [N,H,W,C] factor times in both directions: nearest
// neighbour.
func Upsample(x *Node, factor int) *Node {
	if len(x.shape) != 4 || factor < 1 {
		fail("Upsample", "shape %v by %d", x.shape, factor)
	}
	n, h, w, c := x.shape[0], x.shape[1], x.shape[2], x.shape[3]
	y := Expand(Reshape(x, n, h, 1, w, 1, c), n, h, factor, w, factor, c)
	return Reshape(y, n, h*factor, w*factor, c)
}
