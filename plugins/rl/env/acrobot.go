package env

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// acrobot is Acrobot-v1 (Sutton 1996, with the equations of Sutton & Barto 2018): two
// links hang from a bar, a torque of -1, 0 or 1 acts between them, and each step costs 1
// until the tip is one length above the bar. The state is θ1, θ2, θ̇1, θ̇2; θ1 is 0
// downwards, θ2 is relative to the first link.
type acrobot struct {
	r     *rand.Rand
	state [4]float64
}

func newAcrobot(r *rand.Rand) Env { return &acrobot{r: r} }

func (e *acrobot) Reset() {
	for i := range e.state {
		e.state[i] = float64(float32(uniform(e.r, -0.1, 0.1)))
	}
}

func (e *acrobot) State() []float64 { return e.state[:] }

func (e *acrobot) Observe(obs []float32) {
	sin1, cos1 := math.Sincos(e.state[0])
	sin2, cos2 := math.Sincos(e.state[1])
	obs[0], obs[1], obs[2], obs[3] = float32(cos1), float32(sin1), float32(cos2), float32(sin2)
	obs[4], obs[5] = float32(e.state[2]), float32(e.state[3])
}

func (e *acrobot) Step(action []float64) (reward float64, terminated bool) {
	s := rungeKutta(e.state, 0.2, func(s [4]float64) [4]float64 { return acrobotRates(s, action[0]-1) })
	e.state = [4]float64{wrap(s[0]), wrap(s[1]), clamp(s[2], -4*math.Pi, 4*math.Pi), clamp(s[3], -9*math.Pi, 9*math.Pi)}
	if -math.Cos(e.state[0])-math.Cos(e.state[1]+e.state[0]) > 1 {
		return 0, true
	}
	return -1, false
}

// acrobotRates is the derivative of the state. Lengths, masses and moments of inertia of
// both links are 1, their centres of mass in the middle.
func acrobotRates(s [4]float64, torque float64) [4]float64 {
	const lc, g = 0.5, 9.8
	theta1, theta2, w1, w2 := s[0], s[1], s[2], s[3]
	sin2, cos2 := math.Sincos(theta2)
	d1 := lc*lc + (1 + lc*lc + 2*lc*cos2) + 1 + 1
	d2 := lc*lc + lc*cos2 + 1
	phi2 := lc * g * math.Cos(theta1+theta2-math.Pi/2)
	phi1 := -lc*w2*w2*sin2 - 2*lc*w2*w1*sin2 + (lc+1)*g*math.Cos(theta1-math.Pi/2) + phi2
	dw2 := (torque + d2/d1*phi1 - lc*w1*w1*sin2 - phi2) / (lc*lc + 1 - d2*d2/d1)
	return [4]float64{w1, w2, -(d2*dw2 + phi1) / d1, dw2}
}

// rungeKutta is one step of the classical fourth-order method.
func rungeKutta(y [4]float64, dt float64, rates func([4]float64) [4]float64) [4]float64 {
	along := func(k [4]float64, t float64) [4]float64 {
		for i := range k {
			k[i] = y[i] + t*k[i]
		}
		return k
	}
	k1 := rates(y)
	k2 := rates(along(k1, dt/2))
	k3 := rates(along(k2, dt/2))
	k4 := rates(along(k3, dt))
	for i := range y {
		y[i] += dt / 6 * (k1[i] + 2*k2[i] + 2*k3[i] + k4[i])
	}
	return y
}

// wrap brings an angle into [-π, π].
func wrap(x float64) float64 {
	for x > math.Pi {
		x -= 2 * math.Pi
	}
	for x < -math.Pi {
		x += 2 * math.Pi
	}
	return x
}

func (e *acrobot) Draw(c *Canvas) {
	c.View(-2.4, -2.2, 2.4, 2.2)
	link, joint := color.RGBA{0, 204, 204, 255}, color.RGBA{204, 204, 0, 255}
	sin, cos := math.Sincos(e.state[0])
	x, y := sin, -cos
	sin, cos = math.Sincos(e.state[0] + e.state[1])
	c.Line(-2.2, 1, 2.2, 1, 0.02, ink)
	c.Line(0, 0, x, y, 0.2, link)
	c.Line(x, y, x+sin, y-cos, 0.2, link)
	c.Disc(0, 0, 0.1, joint)
	c.Disc(x, y, 0.1, joint)
}
