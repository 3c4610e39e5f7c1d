package gan

import (
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// plane scores a generator of points, from the same noise at every look.
type plane struct {
	s     *family.Session
	world mixture
	*vm.Program
	drawn, norm *graph.Node
}

// planePoints are drawn for a score.
const planePoints = 10000

func newPlane(s *family.Session, world mixture, G, D *dense, latent int) (*plane, error) {
	g := graph.New()
	z, real, mix := g.Input("z", planePoints, latent), g.Input("real", planePoints, 2), g.Input("mix", planePoints)
	pl := &plane{s: s, world: world, drawn: G.forward(z)}
	_, pl.norm = nn.GradientPenalty(D.forward, real, pl.drawn, mix)
	var err error
	if pl.Program, err = vm.Compile([]*graph.Node{pl.drawn, pl.norm}); err != nil {
		return nil, err
	}
	pl.Named("plane")
	r := s.Rand("plane")
	normal(r, pl.Value(z))
	world.draw(r, pl.Value(real))
	uniform(r, pl.Value(mix))
	return pl, nil
}

// show records the scores after a step.
func (pl *plane) show(step int) error {
	pl.Run()
	t := pl.world.score(pl.Value(pl.drawn))
	pl.s.Log(step, "modes", float64(t.Modes))
	pl.s.Log(step, "high_quality", t.Quality)
	pl.s.Log(step, "modes_in_effect", t.InEffect)
	pl.s.Log(step, "grad_norm", pl.Scalar(pl.norm))
	if all := len(pl.world.centres); t.InEffect <= float64(all)/2 {
		pl.s.Warnf("step %d: the generator may have collapsed: it draws %.1f of %d modes in effect", step, t.InEffect, all)
	}
	return nil
}
