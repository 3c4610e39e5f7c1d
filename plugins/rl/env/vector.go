package env

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core/tensor"
)

// Vector steps n environments of one kind side by side. An episode that ends is followed
// by the next one at once, within the same step: Gymnasium's SyncVectorEnv with
// AutoresetMode.SAME_STEP. Fields are of the last step, and not to be written.
type Vector struct {
	*Spec
	N int

	Obs        []float32 // [N, Observation.Size()], what each sees now
	Final      []float32 // likewise, but of those whose episode ended what it saw last
	Rewards    []float64 // [N]
	Terminated []bool    // [N]
	Truncated  []bool    // [N]; not where it terminated in the same step
	Ended      []Episode // those that the step ended

	envs    []Env
	lengths []int
	returns []float64
}

// Episode is one that came to its end.
type Episode struct {
	Return float64 // sum of its rewards
	Length int     // steps
}

// NewVector makes n environments that draw from r and are reset.
func NewVector(id string, n int, r *rand.Rand) (*Vector, error) {
	spec, err := Find(id)
	if err != nil {
		return nil, err
	}
	size := spec.Observation.Size()
	v := &Vector{Spec: spec, N: n, Obs: make([]float32, n*size), Final: make([]float32, n*size), Rewards: make([]float64, n),
		Terminated: make([]bool, n), Truncated: make([]bool, n), lengths: make([]int, n), returns: make([]float64, n)}
	for range n {
		v.envs = append(v.envs, spec.Make(r))
	}
	v.Reset()
	return v, nil
}

// Reset begins a new episode everywhere; those that were going on are forgotten.
func (v *Vector) Reset() {
	v.Ended = v.Ended[:0]
	clear(v.lengths)
	clear(v.returns)
	for i, e := range v.envs {
		e.Reset()
		e.Observe(v.at(v.Obs, i))
	}
}

// at is the row of environment i.
func (v *Vector) at(rows []float32, i int) []float32 {
	size := len(rows) / v.N
	return rows[i*size : (i+1)*size]
}

// Env is environment i.
func (v *Vector) Env(i int) Env { return v.envs[i] }

// Done reports whether the last step ended the episode of environment i.
func (v *Vector) Done(i int) bool { return v.Terminated[i] || v.Truncated[i] }

// Step takes an action in each environment: [N, Action.Width()].
func (v *Vector) Step(actions []float64) {
	v.Ended = v.Ended[:0]
	width := len(actions) / v.N
	for i, e := range v.envs {
		v.Rewards[i], v.Terminated[i] = e.Step(actions[i*width : (i+1)*width])
		v.lengths[i]++
		v.returns[i] += v.Rewards[i]
		v.Truncated[i] = !v.Terminated[i] && v.lengths[i] == v.MaxEpisodeSteps
		e.Observe(v.at(v.Final, i))
		if v.Done(i) {
			v.Ended = append(v.Ended, Episode{v.returns[i], v.lengths[i]})
			v.lengths[i], v.returns[i] = 0, 0
			e.Reset()
		}
		e.Observe(v.at(v.Obs, i))
	}
}

// StateDict is where all environments stand, for a checkpoint. Their random numbers are
// the caller's.
func (v *Vector) StateDict() map[string]*tensor.Tensor {
	var bits []int64
	for i, e := range v.envs {
		bits = append(bits, int64(v.lengths[i]), int64(math.Float64bits(v.returns[i])))
		for _, s := range e.State() {
			bits = append(bits, int64(math.Float64bits(s)))
		}
	}
	return map[string]*tensor.Tensor{"state": tensor.NewInt(tensor.Shape{v.N, len(bits) / v.N}, bits)}
}

// LoadStateDict goes back to what StateDict returned.
func (v *Vector) LoadStateDict(d map[string]*tensor.Tensor) error {
	width := 2 + len(v.envs[0].State())
	t := d["state"]
	if t == nil || len(t.I) != v.N*width {
		return fmt.Errorf("the state is not one of %d environments %s", v.N, v.ID)
	}
	for i, e := range v.envs {
		row := t.I[i*width : (i+1)*width]
		v.lengths[i], v.returns[i] = int(row[0]), math.Float64frombits(uint64(row[1]))
		for j, bits := range row[2:] {
			e.State()[j] = math.Float64frombits(uint64(bits))
		}
		e.Observe(v.at(v.Obs, i))
	}
	return nil
}
