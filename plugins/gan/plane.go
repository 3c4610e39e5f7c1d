package gan

import (
	"fmt"
	"image/color"
	"slices"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/picture"
	"lab/core/vm"
)

// plane scores and shows a generator of points, from the same noise at every look.
type plane struct {
	s     *family.Session
	world mixture
	*vm.Program
	real, drawn *graph.Node // points [planePoints,2]
	norm        *graph.Node
	judged      *graph.Node // the discriminator's opinion of a raster of the plane
	film        film
}

const (
	planePoints = 10000 // drawn for a score
	shownPoints = 1000  // of them in a picture
	planeEdge   = 3.2   // a picture shows the plane from -planeEdge to planeEdge
	raster      = 64    // cells a side
)

func newPlane(s *family.Session, world mixture, G, D *dense, latent int) (*plane, error) {
	g := graph.New()
	z, real, mix := g.Input("z", planePoints, latent), g.Input("real", planePoints, 2), g.Input("mix", planePoints)
	cells := g.Input("cells", raster*raster, 2)
	pl := &plane{s: s, world: world, real: real, drawn: G.forward(z), judged: D.forward(cells), film: newFilm()}
	_, pl.norm = nn.GradientPenalty(D.forward, real, pl.drawn, mix)
	var err error
	if pl.Program, err = vm.Compile([]*graph.Node{pl.drawn, pl.norm, pl.judged}); err != nil {
		return nil, err
	}
	pl.Named("plane")
	r := s.Rand("plane")
	normal(r, pl.Value(z))
	world.draw(r, pl.Value(real))
	uniform(r, pl.Value(mix))
	for i := range raster * raster { // rows from the top
		pl.Value(cells)[2*i] = planeEdge * (2*float32(i%raster) + 1 - raster) / raster
		pl.Value(cells)[2*i+1] = planeEdge * (raster - 1 - 2*float32(i/raster)) / raster
	}
	return pl, nil
}

// show records the scores after a step, and a picture: real and drawn points on what the
// discriminator holds for likely, pale to strong.
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
	axis := picture.Axis{Lo: -planeEdge, Hi: planeEdge}
	img, err := picture.Chart{Title: fmt.Sprintf("step %d: %d modes, %.0f %% of high quality", step, t.Modes, 100*t.Quality), X: axis, Y: axis,
		Width: 520, Height: 560, Field: pl.field(), Series: []picture.Series{pl.points("drawn", pl.drawn), pl.points("real", pl.real)}}.Draw()
	if err != nil {
		return err
	}
	pl.film.Add(img)
	return pl.s.Image("points", step, img)
}

// points are the first of a batch, those within the picture.
func (pl *plane) points(name string, n *graph.Node) picture.Series {
	s, v := picture.Series{Name: name, Points: true}, pl.Value(n)
	for i := range shownPoints {
		if x, y := float64(v[2*i]), float64(v[2*i+1]); max(x, -x, y, -y) <= planeEdge {
			s.X, s.Y = append(s.X, x), append(s.Y, y)
		}
	}
	return s
}

// field is the discriminator's opinion, from the lowest to the highest as 0 to 1.
func (pl *plane) field() *picture.Field {
	v := pl.Value(pl.judged)
	lo, hi := slices.Min(v), slices.Max(v)
	f := &picture.Field{Zero: color.White, One: color.Gray{Y: 150}}
	for row := range raster {
		var values []float64
		for _, x := range v[row*raster : (row+1)*raster] {
			values = append(values, float64((x-lo)/max(hi-lo, 1e-9)))
		}
		f.Values = append(f.Values, values)
	}
	return f
}

// animate writes points.gif: all pictures, one after another.
func (pl *plane) animate() error { return pl.s.File("points.gif", 0, pl.film.Encode) }
