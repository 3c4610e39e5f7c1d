package env

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// pendulum is Pendulum-v1: swing a rod up and hold it with a torque in [-2, 2]. The state
// is θ, 0 upwards, and θ̇; a step costs θ² + 0.1 θ̇² + 0.001 torque².
type pendulum struct {
	r      *rand.Rand
	state  [2]float64
	torque float64 // last, for the picture
}

func newPendulum(r *rand.Rand) Env { return &pendulum{r: r} }

func (e *pendulum) Reset() {
	e.state = [2]float64{uniform(e.r, -math.Pi, math.Pi), uniform(e.r, -1, 1)}
	e.torque = 0
}

func (e *pendulum) State() []float64 { return e.state[:] }

func (e *pendulum) Observe(obs []float32) {
	sin, cos := math.Sincos(e.state[0])
	obs[0], obs[1], obs[2] = float32(cos), float32(sin), float32(e.state[1])
}

func (e *pendulum) Step(action []float64) (reward float64, terminated bool) {
	const g, dt = 10.0, 0.05 // mass and length are 1
	theta, w := e.state[0], e.state[1]
	e.torque = clamp(action[0], -2, 2)
	angle := math.Mod(theta+math.Pi, 2*math.Pi)
	if angle < 0 {
		angle += 2 * math.Pi
	}
	angle -= math.Pi // in [-π, π)
	cost := angle*angle + 0.1*w*w + 0.001*e.torque*e.torque
	w = clamp(w+(3*g/2*math.Sin(theta)+3*e.torque)*dt, -8, 8)
	e.state = [2]float64{theta + w*dt, w}
	return -cost, false
}

func (e *pendulum) Draw(c *Canvas) {
	c.View(-1.8, -1.2, 1.8, 1.2)
	sin, cos := math.Sincos(e.state[0])
	c.Line(0, 0, sin, cos, 0.2, color.RGBA{204, 77, 77, 255})
	c.Disc(0, 0, 0.1, color.RGBA{204, 77, 77, 255})
	c.Disc(sin, cos, 0.1, color.RGBA{204, 77, 77, 255})
	c.Disc(0, 0, 0.05, ink)
	c.Line(-1.7, -1.1, -1.7+math.Abs(e.torque), -1.1, 0.05, color.RGBA{129, 132, 203, 255}) // how hard it is turned
}
