package exchange

import (
	"slices"
	"strings"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that are sums of products.

func init() {
	register("MatMul", rule{since: versions(1, 9, 13), least: 2, most: 2, build: one(func(c *call) operand { return c.matmul(c.in[0], c.in[1]) })})
	register("Gemm",
		rule{since: versions(1, 6), least: 3, most: 3, build: one(buildGemm)},
		rule{since: versions(7, 9), least: 3, most: 3, build: one(buildGemm)},
		rule{since: versions(11, 13), least: 2, most: 3, build: one(buildGemm)})
	register("Einsum", rule{since: versions(12, 28), least: 1, most: many, build: one(buildEinsum)})
	register("MatMulInteger", rule{since: versions(10), least: 2, most: 4, host: true, build: one(func(c *call) operand {
		a, b := c.cast(c.in[0], pb.Int32), c.cast(c.in[1], pb.Int32)
		if c.has(2) { // one number, or one for each row
			zero := c.cast(c.in[2], pb.Int32)
			if zero.rank() == 1 && zero.shape()[0] > 1 {
				zero = c.reshape(zero, zero.shape()[0], 1)
			}
			a = c.sub(a, zero)
		}
		if c.has(3) {
			b = c.sub(b, c.cast(c.in[3], pb.Int32))
		}
		return c.matmul(a, b)
	})})
	register("Det", rule{since: versions(11, 22), least: 1, most: 1, host: true, build: one(func(c *call) operand {
		x := c.in[0]
		s := x.shape()
		if len(s) < 2 || s[len(s)-1] != s[len(s)-2] {
			c.fail("shape %v has no square matrices", s)
		}
		n := s[len(s)-1]
		m := array.Of[float64](array.Cast(c.value(0), pb.Double))
		out := array.New(pb.Double, s[:len(s)-2]...)
		for i := range out.Len() {
			array.Of[float64](out)[i] = determinant(slices.Clone(m[i*n*n:(i+1)*n*n]), n)
		}
		return known(array.Cast(out, x.typ))
	})})
}

// determinant eliminates with the greatest pivot of each column.
func determinant(m []float64, n int) float64 {
	d := 1.0
	for k := range n {
		p := k
		for i := k; i < n; i++ {
			if abs(m[i*n+k]) > abs(m[p*n+k]) {
				p = i
			}
		}
		if m[p*n+k] == 0 {
			return 0
		}
		if p != k {
			for j := range n {
				m[p*n+j], m[k*n+j] = m[k*n+j], m[p*n+j]
			}
			d = -d
		}
		d *= m[k*n+k]
		for i := k + 1; i < n; i++ {
			f := m[i*n+k] / m[k*n+k]
			for j := k; j < n; j++ {
				m[i*n+j] -= f * m[k*n+j]
			}
		}
	}
	return d
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

// buildGemm: alpha op(A) op(B) + beta C.
func buildGemm(c *call) operand {
	alpha, beta := float64(c.attrs.Float("alpha", 1)), float64(c.attrs.Float("beta", 1))
	ta, tb := c.flag("transA", false), c.flag("transB", false)
	if c.since < 7 {
		c.attrs.Ignore("broadcast")
	}
	a, b := c.in[0], c.in[1]
	t := c.alike(a, b)
	if a.rank() != 2 || b.rank() != 2 {
		c.fail("shapes %v and %v: both need two axes", a.shape(), b.shape())
	}
	if ta {
		a = c.transpose(a, 1, 0)
	}
	if tb {
		b = c.transpose(b, 1, 0)
	}
	y := c.matmul(a, b)
	product := y.shape()
	plain := alpha == 1 && beta == 1 && !ta && y.node != nil && a.shape().Size() > 0 && b.shape().Size() > 0
	if alpha != 1 {
		if !array.IsFloat(t) {
			c.fail("alpha=%v of %v", alpha, t)
		}
		y = c.mul(y, num(y, alpha))
	}
	args := []operand{a, b}
	if c.has(2) {
		bias := c.in[2]
		if !array.Broadcast(product, bias.shape()).Equal(product) {
			c.fail("C of shape %v does not broadcast to %v", bias.shape(), product)
		}
		plain = plain && bias.rank() == 1
		args = append(args, bias)
		if beta != 1 {
			if !array.IsFloat(t) {
				c.fail("beta=%v of %v", beta, t)
			}
			bias = c.mul(bias, num(bias, beta))
		}
		y = c.add(y, bias)
	}
	if plain {
		var in []*graph.Node
		for _, x := range args {
			in = append(in, c.plain(x))
		}
		y.node = graph.Label(y.as(nil), graph.LabelLinear, nil, in...)
	}
	return y
}

// buildEinsum multiplies operand after operand into the first, each time with the axes of
// both in one order, and sums an axis as soon as no other operand has it.
func buildEinsum(c *call) operand {
	terms, out := c.equation(c.attrs.String("equation", ""))
	c.alike(c.in...)
	x, labels := c.diagonals(c.in[0], terms[0])
	for i := 0; ; i++ {
		rest := out
		for _, t := range terms[i+1:] {
			rest += t
		}
		x, labels = c.sumOut(x, labels, rest)
		if i+1 == len(terms) {
			break
		}
		y, with := c.diagonals(c.in[i+1], terms[i+1])
		rest = out + labels
		for _, t := range terms[i+2:] {
			rest += t
		}
		y, with = c.sumOut(y, with, rest)
		x, labels = c.contract(x, labels, y, with, out+strings.Join(terms[i+2:], ""))
	}
	perm := make([]int, len(out))
	for i, l := range []rune(out) {
		perm[i] = strings.IndexRune(labels, l)
	}
	return c.transpose(x, perm...)
}

// equation reads the terms of Einsum, an ellipsis being replaced by digits, one for each
// of its axes.
func (c *call) equation(text string) (terms []string, out string) {
	text = strings.ReplaceAll(text, " ", "")
	left, right, explicit := strings.Cut(text, "->")
	terms = strings.Split(left, ",")
	if len(terms) != len(c.in) {
		c.fail("equation %q for %d inputs", text, len(c.in))
	}
	const digits = "0123456789"
	dots := ""
	for i, t := range terms {
		letters := strings.Replace(t, "...", "", 1)
		n := c.in[i].rank() - len(letters)
		if strings.Contains(t, "...") {
			if n < 0 || n > len(digits) {
				c.fail("equation %q for shape %v", text, c.in[i].shape())
			}
			if n > len(dots) {
				dots = digits[len(digits)-n:]
			}
			terms[i] = strings.Replace(t, "...", digits[len(digits)-n:], 1)
		}
		if len(terms[i]) != c.in[i].rank() || strings.ContainsFunc(letters, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) {
			c.fail("equation %q for shape %v", text, c.in[i].shape())
		}
	}
	all := strings.Join(terms, "")
	if explicit {
		out = strings.Replace(right, "...", dots, 1)
		for i, l := range out {
			if !strings.ContainsRune(all, l) || strings.ContainsRune(out[:i], l) || l == '.' {
				c.fail("equation %q", text)
			}
		}
		return terms, out
	}
	once := []rune{}
	for _, l := range all {
		if strings.Count(all, string(l)) == 1 && (l < '0' || l > '9') {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return terms, dots + string(once)
}

// diagonals takes the elements at which axes of the same label have the same index.
func (c *call) diagonals(x operand, labels string) (operand, string) {
	for i := 0; i < len(labels); i++ {
		j := strings.IndexByte(labels[i+1:], labels[i]) + i + 1
		if j <= i {
			continue
		}
		s := x.shape()
		if s[i] != s[j] {
			c.fail("shape %v for %q", s, labels)
		}
		shape, strides := slices.Delete(s.Clone(), j, j+1), s.Strides()
		strides[i] += strides[j]
		strides = slices.Delete(strides, j, j+1)
		x = c.take(x, shape, array.Places(array.Walk(shape, strides, 0), shape.Size()))
		labels = labels[:j] + labels[j+1:]
		i--
	}
	return x, labels
}

// sumOut sums over the axes whose labels are not in keep.
func (c *call) sumOut(x operand, labels, keep string) (operand, string) {
	over, left := make([]bool, len(labels)), ""
	for i := range labels {
		if over[i] = !strings.Contains(keep, labels[i:i+1]); !over[i] {
			left += labels[i : i+1]
		}
	}
	if left == labels {
		return x, labels
	}
	return c.squeezed(c.reduce(array.ReduceSum, x, over), over), left
}

// contract multiplies two operands and sums over the axes of both that are not in keep:
// a matrix product, batched over the axes of both that are.
func (c *call) contract(a operand, la string, b operand, lb, keep string) (operand, string) {
	size := map[byte]int{}
	for _, side := range []struct {
		x operand
		l string
	}{{a, la}, {b, lb}} {
		for i, d := range side.x.shape() {
			l := side.l[i]
			if was, ok := size[l]; ok && was != d && was != 1 && d != 1 {
				c.fail("axes %q of sizes %d and %d", l, was, d)
			}
			size[l] = max(size[l], d)
		}
	}
	var batch, sum, onlyA, onlyB string
	for i := range la {
		l := la[i : i+1]
		switch {
		case !strings.Contains(lb, l):
			onlyA += l
		case strings.Contains(keep, l):
			batch += l
		default:
			sum += l
		}
	}
	for i := range lb {
		if l := lb[i : i+1]; !strings.Contains(la, l) {
			onlyB += l
		}
	}
	count := func(labels string) int {
		n := 1
		for i := range labels {
			n *= size[labels[i]]
		}
		return n
	}
	// arrange brings an operand to the axes of labels, broadcast to their sizes
	arrange := func(x operand, have, want string) operand {
		perm, wide := make([]int, len(want)), make(tensor.Shape, len(want))
		for i := range want {
			perm[i], wide[i] = strings.IndexByte(have, want[i]), size[want[i]]
		}
		return c.expand(c.transpose(x, perm...), wide)
	}
	a = c.reshape(arrange(a, la, batch+onlyA+sum), count(batch), count(onlyA), count(sum))
	b = c.reshape(arrange(b, lb, batch+sum+onlyB), count(batch), count(sum), count(onlyB))
	labels := batch + onlyA + onlyB
	shape := make([]int, len(labels))
	for i := range labels {
		shape[i] = size[labels[i]]
	}
	return c.reshape(c.matmul(a, b), shape...), labels
}
