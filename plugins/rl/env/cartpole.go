package env

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// poleLimit is the angle at which an episode ends, 12°.
const poleLimit = 12 * 2 * math.Pi / 360

// cartPole is CartPole-v1 (Barto, Sutton & Anderson 1983): a pole on a cart that is
// pushed left (0) or right (1); each step is worth 1. The state is x, ẋ, θ, θ̇.
type cartPole struct {
	r     *rand.Rand
	state [4]float64
}

func newCartPole(r *rand.Rand) Env { return &cartPole{r: r} }

func (e *cartPole) Reset() {
	for i := range e.state {
		e.state[i] = uniform(e.r, -0.05, 0.05)
	}
}

func (e *cartPole) State() []float64 { return e.state[:] }

func (e *cartPole) Observe(obs []float32) {
	for i, v := range e.state {
		obs[i] = float32(v)
	}
}

func (e *cartPole) Step(action []float64) (reward float64, terminated bool) {
	const (
		gravity, tau   = 9.8, 0.02
		massPole, mass = 0.1, 1.1 // of the pole; of both
		length         = 0.5      // half of the pole's
		poleMoment     = massPole * length
	)
	x, dx, theta, dtheta := e.state[0], e.state[1], e.state[2], e.state[3]
	force := -10.0
	if action[0] == 1 {
		force = 10
	}
	sin, cos := math.Sincos(theta)
	push := (force + poleMoment*dtheta*dtheta*sin) / mass
	ddtheta := (gravity*sin - cos*push) / (length * (4.0/3 - massPole*cos*cos/mass))
	ddx := push - poleMoment*ddtheta*cos/mass

	// Euler: positions move with the velocities from before the step.
	e.state = [4]float64{x + tau*dx, dx + tau*ddx, theta + tau*dtheta, dtheta + tau*ddtheta}
	return 1, math.Abs(e.state[0]) > 2.4 || math.Abs(e.state[2]) > poleLimit
}

func (e *cartPole) Draw(c *Canvas) {
	c.View(-2.4, -0.6, 2.4, 2.6)
	x, theta := e.state[0], e.state[2]
	sin, cos := math.Sincos(theta)
	c.Line(-2.4, 0, 2.4, 0, 0.02, ink)
	c.Polygon(ink, x-0.25, -0.15, x+0.25, -0.15, x+0.25, 0.15, x-0.25, 0.15)
	c.Line(x, 0.08, x+sin, 0.08+cos, 0.1, color.RGBA{202, 152, 101, 255})
	c.Disc(x, 0.08, 0.06, color.RGBA{129, 132, 203, 255})
}
