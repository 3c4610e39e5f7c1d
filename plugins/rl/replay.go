package rl

import (
	"errors"
	"math/rand/v2"

	"lab/core/tensor"
)

// replay remembers the last transitions, each over n steps: from s by action a to s',
// with the return Σ γ^k r_k on the way and the discount γⁿ of what s' is worth, which is 0
// where the episode terminated (Sutton 1988; Hessel et al. 2018 for DQN). Before a
// truncation, or an end, the way is shorter.
type replay struct {
	n        int
	gamma    float64
	capacity int
	count    int // transitions so far; the last one is at (count-1) % capacity

	obs, next                  []float32 // [capacity, size]
	action, reward, discount   []float32 // [capacity]
	waitObs, waitAct, waitRews []float32 // of the last steps, fewer than n, that are no transition yet
}

func newReplay(capacity, size, n int, gamma float64) *replay {
	return &replay{n: n, gamma: gamma, capacity: capacity, obs: make([]float32, capacity*size), next: make([]float32, capacity*size),
		action: make([]float32, capacity), reward: make([]float32, capacity), discount: make([]float32, capacity)}
}

// size is that of an observation.
func (b *replay) size() int { return len(b.obs) / b.capacity }

// add takes a step from obs to next.
func (b *replay) add(obs []float32, action, reward float64, next []float32, terminated, truncated bool) {
	b.waitObs = append(b.waitObs, obs...)
	b.waitAct = append(b.waitAct, float32(action))
	b.waitRews = append(b.waitRews, float32(reward))
	over := terminated || truncated
	for len(b.waitAct) == b.n || over && len(b.waitAct) > 0 {
		b.push(next, terminated)
	}
}

// push makes a transition of the step that has waited longest and all after it.
func (b *replay) push(next []float32, terminated bool) {
	size, total, discount := b.size(), 0.0, 1.0
	for _, r := range b.waitRews {
		total += discount * float64(r)
		discount *= b.gamma
	}
	if terminated {
		discount = 0
	}
	at := b.count % b.capacity
	copy(b.obs[at*size:], b.waitObs[:size])
	copy(b.next[at*size:(at+1)*size], next)
	b.action[at], b.reward[at], b.discount[at] = b.waitAct[0], float32(total), float32(discount)
	b.count++
	b.waitObs = append(b.waitObs[:0], b.waitObs[size:]...)
	b.waitAct = append(b.waitAct[:0], b.waitAct[1:]...)
	b.waitRews = append(b.waitRews[:0], b.waitRews[1:]...)
}

// sample draws places of transitions, with replacement.
func (b *replay) sample(r *rand.Rand, rows []int) {
	for i := range rows {
		rows[i] = r.IntN(min(b.count, b.capacity))
	}
}

// StateDict is what is remembered, for a checkpoint.
func (b *replay) StateDict() map[string]*tensor.Tensor {
	kept := min(b.count, b.capacity)
	d := map[string]*tensor.Tensor{"count": tensor.NewInt(tensor.Shape{1}, []int64{int64(b.count)})}
	for name, v := range b.fields() {
		rows := kept * len(*v) / b.capacity
		d[name] = tensor.New(tensor.Shape{rows}, append([]float32(nil), (*v)[:rows]...))
	}
	for name, v := range b.waiting() {
		d[name] = tensor.New(tensor.Shape{len(*v)}, append([]float32(nil), *v...))
	}
	return d
}

func (b *replay) fields() map[string]*[]float32 {
	return map[string]*[]float32{"obs": &b.obs, "next": &b.next, "action": &b.action, "reward": &b.reward, "discount": &b.discount}
}

func (b *replay) waiting() map[string]*[]float32 {
	return map[string]*[]float32{"waiting.obs": &b.waitObs, "waiting.action": &b.waitAct, "waiting.reward": &b.waitRews}
}

// LoadStateDict goes back to what StateDict returned.
func (b *replay) LoadStateDict(d map[string]*tensor.Tensor) error {
	bad := errors.New("not the state of a replay memory")
	if d["count"] == nil || len(d["count"].I) != 1 {
		return bad
	}
	b.count = int(d["count"].I[0])
	kept := min(b.count, b.capacity)
	for name, v := range b.fields() {
		if d[name] == nil || len(d[name].F) != kept*len(*v)/b.capacity {
			return bad
		}
		copy(*v, d[name].F)
	}
	for name, v := range b.waiting() {
		if d[name] == nil {
			return bad
		}
		*v = append([]float32(nil), d[name].F...)
	}
	return nil
}
