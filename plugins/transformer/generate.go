package transformer

import (
	"math"
	"math/rand/v2"
	"slices"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// writer writes on with a language model, a token a run, over a cache of keys and
// values.
type writer struct {
	*vm.Program
	token, logits *graph.Node
	cache         *nn.Cache
	seen          []int32
}

func newWriter(m *gpt) (*writer, error) {
	w := &writer{cache: nn.NewCache(1, m.Context)}
	w.token = graph.New().Input("token", 1, 1)
	w.logits = m.decode(w.token, w.cache)
	var err error
	if w.Program, err = vm.Compile([]*graph.Node{w.logits}); err == nil {
		w.Named("writer")
	}
	return w, err
}

// read gives the logits of what follows the token. When the cache is full the older
// half of it is forgotten: what remains is read again, from the first position on.
func (w *writer) read(token int32) []float32 {
	if w.cache.Len() == w.cache.Cap() {
		w.seen = slices.Clone(w.seen[len(w.seen)-w.cache.Cap()/2:])
		w.cache.Reset()
		for _, t := range w.seen {
			w.Value(w.token)[0] = float32(t)
			w.Run()
		}
	}
	w.seen = append(w.seen, token)
	w.Value(w.token)[0] = float32(token)
	w.Run()
	return w.Value(w.logits)
}

// write returns n tokens that follow the prompt, which must not be empty.
func (w *writer) write(prompt []int32, n int, sample sampler) []int32 {
	w.cache.Reset()
	w.seen = w.seen[:0]
	var logits []float32
	for _, t := range prompt {
		logits = w.read(t)
	}
	out := make([]int32, 0, n)
	for len(out) < n {
		out = append(out, sample.draw(logits))
		if len(out) < n {
			logits = w.read(out[len(out)-1])
		}
	}
	return out
}

// sampler draws tokens from softmax(logits/Temperature), of the TopK likeliest alone
// where that is not 0 (Fan et al. 2018); at temperature 0 it takes the likeliest.
// Tokens below From, which stand for no text, are never drawn.
type sampler struct {
	Temperature float64
	TopK        int
	From        int
	*rand.Rand
}

func (s sampler) draw(logits []float32) int32 {
	order := make([]int32, 0, len(logits))
	for i := s.From; i < len(logits); i++ {
		order = append(order, int32(i))
	}
	if s.Temperature == 0 {
		return slices.MaxFunc(order, func(a, b int32) int { return compare(logits[a], logits[b]) })
	}
	if s.TopK > 0 && s.TopK < len(order) {
		slices.SortStableFunc(order, func(a, b int32) int { return compare(logits[b], logits[a]) })
		order = order[:s.TopK]
	}
	most := math.Inf(-1)
	for _, i := range order {
		most = max(most, float64(logits[i]))
	}
	sum := 0.0
	p := make([]float64, len(order))
	for at, i := range order {
		p[at] = math.Exp((float64(logits[i]) - most) / s.Temperature)
		sum += p[at]
	}
	u := s.Float64() * sum
	for at, i := range order {
		if u -= p[at]; u < 0 {
			return i
		}
	}
	return order[len(order)-1]
}

func compare(a, b float32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
