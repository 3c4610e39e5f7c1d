package env

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// lander is Lander-v0, lab's own: bring a craft down on a pad on the Moon, slowly and
// upright. Actions as in Gymnasium's LunarLander: nothing (0), left engine (1), main
// engine (2), right engine (3). The state is x, y of the feet above the pad in m, their
// velocities in m/s, the angle in rad, anticlockwise, and its rate, then the last action.
//
// A step is worth what it gains in -100 (distance/10 + speed/5 + |angle|), 0.3 less with
// the main engine and 0.03 with another. The ground ends an episode: +100 on the pad (2 m
// to either side) at most 1 m/s fast and 0.3 rad tilted, else -100, as for leaving the
// picture. A good landing comes to about 200.
type lander struct {
	r     *rand.Rand
	state [7]float64
}

const (
	landerGravity = 1.62 // of the Moon, m/s²
	landerMain    = 3.5  // acceleration of the main engine, along the craft
	landerSide    = 0.15 // of the others, across it
	landerTurn    = 0.8  // rad/s² that these turn it with
	landerStep    = 0.05 // s
	landerPad     = 2.0  // m
)

func newLander(r *rand.Rand) Env { return &lander{r: r} }

func (e *lander) Reset() {
	e.state = [7]float64{uniform(e.r, -4, 4), uniform(e.r, 9, 11), uniform(e.r, -1, 1), uniform(e.r, -1, 0),
		uniform(e.r, -0.2, 0.2), uniform(e.r, -0.1, 0.1), 0}
}

func (e *lander) State() []float64 { return e.state[:] }

func (e *lander) Observe(obs []float32) {
	for i, unit := range [6]float64{10, 10, 5, 5, 1, 1} {
		obs[i] = float32(e.state[i] / unit)
	}
}

// promise is how good a state looks; what a step adds to it is its reward (Ng, Harada &
// Russell 1999).
func (e *lander) promise() float64 {
	s := e.state
	return -100 * (math.Hypot(s[0], s[1])/10 + math.Hypot(s[2], s[3])/5 + math.Abs(s[4]))
}

func (e *lander) Step(action []float64) (reward float64, terminated bool) {
	before := e.promise()
	x, y, vx, vy, angle, w := e.state[0], e.state[1], e.state[2], e.state[3], e.state[4], e.state[5]
	sin, cos := math.Sincos(angle)
	ax, ay := 0.0, -landerGravity
	switch action[0] {
	case 1:
		ax, ay, w, reward = ax+landerSide*cos, ay+landerSide*sin, w-landerTurn*landerStep, -0.03
	case 2:
		ax, ay, reward = ax-landerMain*sin, ay+landerMain*cos, -0.3
	case 3:
		ax, ay, w, reward = ax-landerSide*cos, ay-landerSide*sin, w+landerTurn*landerStep, -0.03
	}
	vx, vy = vx+ax*landerStep, vy+ay*landerStep
	e.state = [7]float64{x + vx*landerStep, max(0, y+vy*landerStep), vx, vy, angle + w*landerStep, w, action[0]}
	reward += e.promise() - before
	switch s := e.state; {
	case s[1] == 0 && math.Abs(s[0]) <= landerPad && math.Hypot(s[2], s[3]) <= 1 && math.Abs(s[4]) <= 0.3:
		return reward + 100, true
	case s[1] == 0, math.Abs(s[0]) > 10, s[1] > 15:
		return reward - 100, true
	}
	return reward, false
}

func (e *lander) Draw(c *Canvas) {
	c.View(-10, -1.5, 10, 13.5)
	grey, flame := color.RGBA{120, 120, 128, 255}, color.RGBA{240, 140, 40, 255}
	c.Polygon(color.RGBA{205, 202, 196, 255}, -20, -3, 20, -3, 20, 0, -20, 0)
	c.Line(-landerPad, 0, landerPad, 0, 0.15, color.RGBA{240, 205, 90, 255})
	x, y := e.state[0], e.state[1]
	sin, cos := math.Sincos(e.state[4])
	at := func(points ...float64) []float64 { // from the craft's axes to the picture's
		for i := 0; i < len(points); i += 2 {
			a, b := points[i], points[i+1]
			points[i], points[i+1] = x+a*cos-b*sin, y+a*sin+b*cos
		}
		return points
	}
	line := func(p []float64, width float64, with color.RGBA) { c.Line(p[0], p[1], p[2], p[3], width, with) }
	switch e.state[6] {
	case 1:
		c.Polygon(flame, at(-0.6, 1.3, -1.3, 1.15, -0.6, 1)...)
	case 2:
		c.Polygon(flame, at(-0.25, 0.5, 0, -0.7, 0.25, 0.5)...)
	case 3:
		c.Polygon(flame, at(0.6, 1.3, 1.3, 1.15, 0.6, 1)...)
	}
	line(at(-0.4, 0.6, -0.8, 0), 0.12, grey)
	line(at(0.4, 0.6, 0.8, 0), 0.12, grey)
	c.Polygon(color.RGBA{129, 132, 203, 255}, at(-0.6, 0.5, 0.6, 0.5, 0.5, 1.3, 0.3, 1.6, -0.3, 1.6, -0.5, 1.3)...)
}
