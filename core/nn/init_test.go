package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lab/core/nn"
	"lab/core/tensor"
)

// Each initialiser has the mean, deviation and bounds that torch.nn.init documents.
func TestInit(t *testing.T) {
	shape := tensor.Shape{30, 20, 3, 3} // fan in 180, fan out 270
	for _, c := range []struct {
		name             string
		init             nn.Init
		mean, std, bound float64
	}{
		{"constant", nn.Constant(3), 3, 0, 3},
		{"uniform", nn.Uniform(-1, 3), 1, 4 / math.Sqrt(12), 3},
		{"normal", nn.Normal(1, 2), 1, 2, 0},
		{"truncated", nn.TruncNormal(0, 1, -2, 2), 0, 0.8796, 2},
		{"xavier uniform", nn.XavierUniform(2), 0, 2 * math.Sqrt(2.0/450), 2 * math.Sqrt(6.0/450)},
		{"xavier normal", nn.XavierNormal(1), 0, math.Sqrt(2.0 / 450), 0},
		{"kaiming uniform", nn.KaimingUniform(nn.FanIn, nn.ReluGain), 0, math.Sqrt(2.0 / 180), math.Sqrt(6.0 / 180)},
		{"kaiming normal", nn.KaimingNormal(nn.FanOut, nn.LeakyGain(0.2)), 0, math.Sqrt(2 / 1.04 / 270), 0},
		{"orthogonal", nn.Orthogonal(1), 0, math.Sqrt(1.0 / 180), 0},
	} {
		v := make([]float32, shape.Size())
		c.init(rand.New(rand.NewPCG(1, 2)), shape, v)
		var sum, squares, most float64
		for _, x := range v {
			sum += float64(x)
			squares += float64(x) * float64(x)
			most = max(most, math.Abs(float64(x)))
		}
		n := float64(len(v))
		mean := sum / n
		std := math.Sqrt(max(0, squares/n-mean*mean))
		if math.Abs(mean-c.mean) > 0.05*max(c.std, 0.01) || math.Abs(std-c.std) > 0.03*c.std+1e-9 {
			t.Errorf("%s: mean %v and deviation %v, want %v and %v", c.name, mean, std, c.mean, c.std)
		}
		if c.bound > 0 && (most > c.bound*(1+1e-6) || most < 0.97*c.bound) {
			t.Errorf("%s: up to %v, want %v", c.name, most, c.bound)
		}
	}
}

func TestOrthogonal(t *testing.T) {
	for _, shape := range []tensor.Shape{{4, 6}, {7, 3}, {4, 2, 2}} {
		rows, columns := shape[0], shape[1:].Size()
		v := make([]float32, rows*columns)
		nn.Orthogonal(2)(rand.New(rand.NewPCG(1, 2)), shape, v)
		at := func(i, k int) float64 { return float64(v[i*columns+k]) }
		n, length := rows, columns
		if rows > columns {
			n, length = columns, rows
			at = func(i, k int) float64 { return float64(v[k*columns+i]) }
		}
		for i := range n {
			for j := range n {
				product := 0.0
				for k := range length {
					product += at(i, k) * at(j, k)
				}
				want := 0.0
				if i == j {
					want = 4
				}
				if math.Abs(product-want) > 1e-6 {
					t.Errorf("%v: the product of %d and %d is %v, want %v", shape, i, j, product, want)
				}
			}
		}
	}
}

// Fresh layers are drawn from the distributions of PyTorch 2.15's reset_parameters.
func TestDefaults(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	nn.NewLinear(s.Sub("linear"), 50, 80, true)
	nn.NewConv2d(s.Sub("conv"), 8, 20, nn.Rectangle{Kernel: [2]int{3, 5}, Groups: 2}, true)
	nn.NewConvTranspose1d(s.Sub("up"), 40, 30, nn.Geometry{Kernel: 3}, true)
	nn.NewPaddedEmbedding(s.Sub("embedding"), 60, 50, 3)
	nn.NewMultiheadAttention(s.Sub("attention"), 40, 4, 0, true)
	state := s.Params.StateDict()
	for name, c := range map[string]struct{ std, bound float64 }{
		"linear.weight":             {0, 1 / math.Sqrt(50)},
		"linear.bias":               {0, 1 / math.Sqrt(50)},
		"conv.weight":               {0, 1 / math.Sqrt(4*3*5)},
		"up.weight":                 {0, 1 / math.Sqrt(30*3)},
		"attention.in_proj_weight":  {0, math.Sqrt(6.0 / 160)},
		"attention.out_proj.weight": {0, 1 / math.Sqrt(40)},
		"embedding.weight":          {1, 0},
	} {
		if c.std == 0 { // a uniform distribution's
			c.std = c.bound / math.Sqrt(3)
		}
		var squares, most float64
		for _, x := range state[name].F {
			squares += float64(x) * float64(x)
			most = max(most, math.Abs(float64(x)))
		}
		std := math.Sqrt(squares / float64(len(state[name].F)))
		if math.Abs(std/c.std-1) > 0.1 || c.bound > 0 && (most > c.bound || most < 0.95*c.bound) {
			t.Errorf("%s: deviation %v, up to %v; want %v and %v", name, std, most, c.std, c.bound)
		}
	}
	for name, v := range map[string][]float32{"bias": state["attention.in_proj_bias"].F, "output's bias": state["attention.out_proj.bias"].F,
		"padding": state["embedding.weight"].F[150:200]} {
		if slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) {
			t.Errorf("the %s does not start from 0", name)
		}
	}
}

// A scope's initialisers hold for the layers below it, but not for norms; the same
// source of numbers gives the same weights.
func TestWithInit(t *testing.T) {
	values := func(seed uint64) map[string]*tensor.Tensor {
		s := nn.NewScope(rand.New(rand.NewPCG(seed, 0)))
		nn.NewLinear(s.Sub("plain"), 3, 4, true)
		in := s.Sub("block").WithInit(nn.Orthogonal(1), nn.Constant(0.5))
		nn.NewConv2d(in.Sub("conv"), 2, 3, nn.Geometry{Kernel: 3}, true)
		nn.NewBatchNorm(in.Sub("bn"), 3)
		nn.NewMultiheadAttention(in.Sub("attention"), 4, 2, 0, true)
		return s.Params.StateDict()
	}
	a, b, c := values(1), values(1), values(2)
	for name := range a {
		if !slices.Equal(a[name].F, b[name].F) {
			t.Errorf("%s differs between two models of one seed", name)
		}
	}
	if slices.Equal(a["block.conv.weight"].F, c["block.conv.weight"].F) {
		t.Error("two seeds give one weight")
	}
	for name, want := range map[string]float32{"block.conv.bias": 0.5, "block.attention.in_proj_bias": 0.5, "block.bn.bias": 0, "block.bn.weight": 1} {
		if got := a[name].F[0]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if a["plain.bias"].F[0] == 0.5 {
		t.Error("the scope beside is initialised, too")
	}
}
