package rl

import (
	"errors"
	"math"

	"lab/core"
	"lab/core/family"
	"lab/core/picture"
	"lab/core/tensor"
	"lab/plugins/rl/env"
)

// window is how many episodes the headline is the mean of.
const window = 100

// curve follows the returns of the episodes that a training goes through.
type curve struct {
	s      *family.Session
	last   []float64 // returns of the last episodes, at most window
	all    int       // episodes so far
	points []float64 // of the return curve: step, mean and standard deviation of the last returns
}

// returnMetrics are those that a curve logs, and the evaluation after the training.
func returnMetrics(others ...family.Option) []family.Option {
	return append([]family.Option{
		family.Metric("return_100", "", core.Higher, "mean return of the last 100 episodes, or of all if there were fewer"),
		family.Metric("eval_return", "", core.Higher, "mean return of the policy's likeliest actions, after the training"),
		family.Metric("episodes", "", core.Neutral, "episodes so far"),
	}, others...)
}

// add takes episodes that ended.
func (c *curve) add(ended []env.Episode) {
	for _, ep := range ended {
		c.all++
		if c.last = append(c.last, ep.Return); len(c.last) > window {
			c.last = c.last[1:]
		}
	}
}

// log logs the curve after so many steps of environments.
func (c *curve) log(step int) {
	c.s.Log(step, "episodes", float64(c.all))
	if len(c.last) == 0 {
		return
	}
	mean, deviation := moments(c.last)
	c.s.Log(step, "return_100", mean)
	c.points = append(c.points, float64(step), mean, deviation)
}

// moments are the mean and the standard deviation.
func moments(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / float64(max(1, len(v)-1))
	}
	return mean, math.Sqrt(deviation)
}

// draw draws the curve, the standard deviation of the returns around it.
func (c *curve) draw(step int) error {
	var s picture.Series
	for i := 0; i < len(c.points); i += 3 {
		s.X, s.Y, s.Spread = append(s.X, c.points[i]), append(s.Y, c.points[i+1]), append(s.Spread, c.points[i+2])
	}
	img, err := picture.Chart{Title: "return of the last 100 episodes", X: picture.Axis{Label: "steps"}, Series: []picture.Series{s}}.Draw()
	if err != nil {
		return err
	}
	return c.s.Image("returns", step, img)
}

// StateDict is what the curve remembers, for a checkpoint.
func (c *curve) StateDict() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{"last": bits(c.last), "points": bits(c.points), "episodes": tensor.NewInt(tensor.Shape{1}, []int64{int64(c.all)})}
}

// LoadStateDict goes back to what StateDict returned.
func (c *curve) LoadStateDict(d map[string]*tensor.Tensor) error {
	last, points, all := d["last"], d["points"], d["episodes"]
	if last == nil || points == nil || all == nil || len(all.I) != 1 {
		return errors.New("not the state of a return curve")
	}
	c.last, c.points, c.all = floats(last), floats(points), int(all.I[0])
	return nil
}

// bits keeps float64 as they are in a tensor, which has float32 only.
func bits(v []float64) *tensor.Tensor {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(math.Float64bits(x))
	}
	return tensor.NewInt(tensor.Shape{len(out)}, out)
}

// floats is the inverse of bits.
func floats(t *tensor.Tensor) []float64 {
	out := make([]float64, len(t.I))
	for i, x := range t.I {
		out[i] = math.Float64frombits(uint64(x))
	}
	return out
}
