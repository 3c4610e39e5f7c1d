package optim

import "lab/core/graph"

// Settings are what all optimisers have: the learning rate, the weight decay, and
// which parameters they apply to. LR and WeightDecay may be changed between steps.
type Settings struct {
	LR          float64
	WeightDecay float64

	params        *graph.Params
	values, grads []float32
	decays        func(*graph.Param) bool    // nil: all do
	factor        func(*graph.Param) float64 // nil: 1
	spans         []span
}

// span is a stretch of flat memory with the same settings.
type span struct {
	lo, hi int
	factor float64 // of the learning rate
	decays bool
}

func settings(params *graph.Params, lr, decay float64) Settings {
	values, grads := params.Flat()
	s := Settings{LR: lr, WeightDecay: decay, params: params, values: values, grads: grads}
	s.cut()
	return s
}

// SetLR sets the learning rate.
func (s *Settings) SetLR(lr float64) { s.LR = lr }

// DecayOnly restricts the weight decay to some parameters; see [Matrices]. In
// PyTorch: a parameter group of the others with weight_decay=0.
func (s *Settings) DecayOnly(which func(*graph.Param) bool) {
	s.decays = which
	s.cut()
}

// ScaleLR gives each parameter its own factor of the learning rate; 0 freezes its
// value. In PyTorch: parameter groups with an lr of their own.
func (s *Settings) ScaleLR(factor func(*graph.Param) float64) {
	s.factor = factor
	s.cut()
}

// Matrices reports whether a parameter has two axes or more. Decay for these only
// leaves out biases and the gains of norms, as GPT's training does.
func Matrices(p *graph.Param) bool { return len(p.Shape) >= 2 }

// cut divides the memory into as few spans as the settings allow.
func (s *Settings) cut() {
	s.spans = nil
	for _, p := range s.params.Trained() {
		now := span{factor: 1, decays: s.decays == nil || s.decays(p)}
		now.lo, now.hi = p.Span()
		if s.factor != nil {
			now.factor = s.factor(p)
		}
		if n := len(s.spans); n > 0 && s.spans[n-1].factor == now.factor && s.spans[n-1].decays == now.decays {
			s.spans[n-1].hi = now.hi
			continue
		}
		s.spans = append(s.spans, now)
	}
}

// at returns learning rate and weight decay within a span.
func (s *Settings) at(p span) (lr, decay float64) {
	if p.decays {
		decay = s.WeightDecay
	}
	return s.LR * p.factor, decay
}
