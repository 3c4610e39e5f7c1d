package env

import (
	"image/color"
	"math"
	"math/rand/v2"
)

var mountainSpace = Space{Low: []float64{-1.2, -0.07}, High: []float64{0.6, 0.07}}

// mountainCar is MountainCar-v0 (Moore 1990): a car too weak for the hill has to swing up.
// Accelerate left (0), not (1) or right (2); each step costs 1 until position 0.5 is
// reached. The state is position and velocity.
type mountainCar struct {
	r     *rand.Rand
	state [2]float64
	goal  float64
}

func newMountainCar(r *rand.Rand) Env { return &mountainCar{r: r, goal: 0.5} }

func (e *mountainCar) Reset() { e.state = [2]float64{uniform(e.r, -0.6, -0.4), 0} }

func (e *mountainCar) State() []float64 { return e.state[:] }

func (e *mountainCar) Observe(obs []float32) {
	obs[0], obs[1] = float32(e.state[0]), float32(e.state[1])
}

func (e *mountainCar) Step(action []float64) (reward float64, terminated bool) {
	return -1, e.drive((action[0] - 1) * 0.001)
}

// drive accelerates the car and reports whether it is up.
func (e *mountainCar) drive(push float64) bool {
	v := clamp(e.state[1]+push-math.Cos(3*e.state[0])*0.0025, -0.07, 0.07)
	x := clamp(e.state[0]+v, -1.2, 0.6)
	if x == -1.2 && v < 0 { // the wall stops it
		v = 0
	}
	e.state = [2]float64{x, v}
	return x >= e.goal && v >= 0
}

// mountainCarContinuous is MountainCarContinuous-v0: a force in [-1, 1], which costs 0.1
// of its square at each step, and 100 for being up. Its state is float32.
type mountainCarContinuous struct{ mountainCar }

func newMountainCarContinuous(r *rand.Rand) Env {
	return &mountainCarContinuous{mountainCar{r: r, goal: 0.45}}
}

func (e *mountainCarContinuous) Step(action []float64) (reward float64, terminated bool) {
	up := e.drive(clamp(action[0], -1, 1) * 0.0015)
	for i, v := range e.state {
		e.state[i] = float64(float32(v))
	}
	reward = -0.1 * action[0] * action[0]
	if up {
		reward += 100
	}
	return reward, up
}

func (e *mountainCar) Draw(c *Canvas) {
	c.View(-1.2, -0.02, 0.6, 1.18)
	height := func(x float64) float64 { return 0.45*math.Sin(3*x) + 0.55 }
	for i := range 60 {
		x := -1.2 + 1.8*float64(i)/60
		c.Line(x, height(x), x+0.03, height(x+0.03), 0.008, ink)
	}
	c.Line(e.goal, height(e.goal), e.goal, height(e.goal)+0.15, 0.006, ink)
	c.Polygon(color.RGBA{204, 204, 0, 255}, e.goal, height(e.goal)+0.15, e.goal, height(e.goal)+0.11, e.goal+0.07, height(e.goal)+0.13)
	x := e.state[0]
	sin, cos := math.Sincos(math.Atan(1.35 * math.Cos(3*x)))
	at := func(along, up float64) (float64, float64) {
		return x + along*cos - up*sin, height(x) + along*sin + up*cos
	}
	x1, y1 := at(-0.06, 0.05)
	x2, y2 := at(0.06, 0.05)
	c.Line(x1, y1, x2, y2, 0.05, ink)
	for _, along := range []float64{-0.035, 0.035} {
		wx, wy := at(along, 0.025)
		c.Disc(wx, wy, 0.024, color.RGBA{128, 128, 128, 255})
	}
}
