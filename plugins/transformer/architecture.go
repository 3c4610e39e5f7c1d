package transformer

import (
	"fmt"

	"lab/core"
	"lab/core/graph"
	"lab/core/nn"
)

// architecture is what a network's shape follows from; it is kept in model files, so
// that a run can start from one without being told.
type architecture struct {
	Layers     int     `json:"layers"`
	Heads      int     `json:"heads"`
	Width      int     `json:"width"`
	Context    int     `json:"context"`   // positions there are
	Positions  string  `json:"positions"` // none, sinusoidal, learned, rotary
	Window     int     `json:"window"`    // tokens see only those less than so many away; 0: all
	PostNorm   bool    `json:"post_norm"` // norm after each sublayer, not before
	Vocabulary int     `json:"vocabulary"`
	Dropout    float64 `json:"-"`
	NoBias     bool    `json:"no_bias,omitempty"` // as in nanoGPT
}

// networkParams are the parameters of every transformer.
type networkParams struct {
	Heads     int     `default:"4" min:"1" doc:"heads of attention"`
	Width     int     `default:"64" min:"2" doc:"numbers a token is made of"`
	Positions string  `default:"learned" enum:"none,sinusoidal,learned,rotary" doc:"how a token says where it stands"`
	Norm      string  `default:"pre" enum:"pre,post" doc:"norms before the sublayers or, as in the original, after them"`
	Dropout   float64 `default:"0" min:"0" max:"0.9" doc:"share of activations dropped in training"`
}

func (p networkParams) architecture(layers, context int) architecture {
	return architecture{Layers: layers, Heads: p.Heads, Width: p.Width, Context: context, Positions: p.Positions, PostNorm: p.Norm == "post", Dropout: p.Dropout}
}

func (a architecture) check() error {
	switch {
	case a.Width%a.Heads != 0:
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("width %d does not divide into %d heads", a.Width, a.Heads), Try: fmt.Sprintf("width=%d", (a.Width/a.Heads+1)*a.Heads)}
	case a.Positions == "rotary" && a.Width/a.Heads%2 != 0:
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("rotary positions need heads of an even width, not %d/%d", a.Width, a.Heads), Try: fmt.Sprintf("width=%d", 2*a.Width)}
	}
	return nil
}

// layers are those of core/nn: GELU, a feed-forward network four times as wide.
func (a architecture) layers() nn.Transformer {
	t := nn.TransformerDefaults(a.Width, a.Heads)
	t.Hidden, t.Dropout, t.Gelu, t.NormFirst, t.NoBias = 4*a.Width, a.Dropout, true, !a.PostNorm, a.NoBias
	if a.Positions == "rotary" {
		t.Rotary = nn.NewRotary(a.Context, a.Width/a.Heads, 10000)
	}
	return t
}

// positions says where a token stands: added to it, but for rotary ones, which turn
// queries and keys, and none.
type positions struct {
	added interface {
		Forward(x *graph.Node) *graph.Node
		At(x, position *graph.Node) *graph.Node
	}
}

func newPositions(s *nn.Scope, a architecture) positions {
	switch a.Positions {
	case "learned":
		return positions{nn.NewLearnedPositions(s, a.Context, a.Width)}
	case "sinusoidal":
		return positions{nn.NewSinusoids(a.Context, a.Width)}
	}
	return positions{}
}

// forward places the rows of x [B,T,E].
func (p positions) forward(x *graph.Node) *graph.Node {
	if p.added == nil {
		return x
	}
	return p.added.Forward(x)
}

// at places one token of each sequence, x [B,1,E].
func (p positions) at(x, position *graph.Node) *graph.Node {
	if p.added == nil {
		return x
	}
	return p.added.At(x, position)
}
