package rl

import (
	"fmt"
	"math"
	"os"
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("reinforce", "env=Pendulum-v1", "total_steps=2000", "batch=4", "hidden=8", "variance_every=1", "eval_episodes=2"),
		familytest.Long("reinforce", "total_steps=4000", "batch=4", "hidden=8", "eval_episodes=2"),
		familytest.Short("a2c", "total_steps=2000", "hidden=8", "eval_episodes=2"),
		familytest.Long("a2c", "env=Pendulum-v1", "total_steps=60_000", "hidden=8", "eval_episodes=2"),
		familytest.Short("ppo", "total_steps=2048", "steps=64", "hidden=16", "epochs=2", "eval_episodes=2"),
		familytest.Long("ppo", "total_steps=32_768", "steps=64", "hidden=16", "epochs=2", "eval_episodes=2"),
		familytest.Short("dqn", "total_steps=1000", "start=100", "hidden=16", "eval_episodes=2"),
		familytest.Long("dqn", "total_steps=5000", "start=100", "hidden=16", "eval_episodes=2"),
		familytest.Short("qlearning", "total_steps=5000", "eval_episodes=2"),
		familytest.Long("qlearning", "total_steps=500_000", "eval_episodes=2"),
		familytest.Short("value-iteration", "eval_episodes=2"),
		familytest.Long("value-iteration", "env=CliffWalkingSlippery-v1", "sweeps=100_000", "tolerance=0", "eval_episodes=2"),
		familytest.Reload(trial.Check))
}

// reached is the first step at which a metric was at least as high as the bar, or NaN.
func reached(r *familytest.Record, metric string, bar float64) float64 {
	for _, p := range r.Points {
		if p.Metric == metric && p.Value >= bar {
			return float64(p.Step)
		}
	}
	return math.NaN()
}

// short are short runs with safe bars.
var short = []struct {
	recipe string
	params []string
	metric string
	bar    float64
}{
	{"reinforce", []string{"total_steps=60_000"}, "return_100", 195},
	{"a2c", []string{"total_steps=100_000"}, "return_100", 195},
	{"ppo", []string{"total_steps=60_000"}, "return_100", 195},
	{"dqn", []string{"total_steps=12_000", "start=500", "explore=4_000", "target_every=250", "hidden=64"}, "eval_return", 150},
	{"qlearning", []string{"total_steps=300_000"}, "eval_return", 0.6},
}

func TestShort(t *testing.T) {
	for _, c := range short {
		t.Run(c.recipe, func(t *testing.T) {
			r := familytest.Train(t, Family, c.recipe, append(c.params, "seed=1")...)
			step := reached(r, c.metric, c.bar)
			if math.IsNaN(step) {
				t.Errorf("%s came to %v and never to %v", c.metric, r.Values(c.metric), c.bar)
			}
			t.Logf("%s reached %v at step %v, then %v; eval_return %v", c.metric, c.bar, step, r.Last(c.metric), r.Last("eval_return"))
		})
	}
}

// full are full-size runs with the bars of the README.
var full = []struct {
	recipe string
	params []string
	metric string
	bar    float64
	seeds  int
}{
	{"reinforce", []string{"total_steps=100_000"}, "return_100", 195, 5},
	{"reinforce", nil, "return_100", 475, 5},
	{"a2c", nil, "return_100", 475, 5},
	{"ppo", nil, "return_100", 475, 5},
	{"dqn", nil, "eval_return", 475, 5},
	{"qlearning", []string{"eval_episodes=1000"}, "eval_return", 0.70, 5},
	{"ppo", []string{"env=Acrobot-v1", "total_steps=150_000", "envs=16", "steps=64", "epochs=4", "lr=1e-3"}, "return_100", -95, 3},
	{"ppo", []string{"env=Pendulum-v1", "total_steps=143_360", "steps=256", "epochs=10", "lr=1e-3", "minibatches=8", "gamma=0.9", "entropy=0", "reward_scale=0.1"}, "return_100", -280, 3},
	{"ppo", []string{"env=Lander-v0", "total_steps=500_000", "envs=16", "minibatches=8", "lr=5e-4", "gamma=0.999", "lambda=0.98", "reward_scale=0.02"}, "return_100", 150, 5},
}

// TestFull holds the recipes to their bars: LAB_FULL=1, some minutes.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for _, c := range full {
		t.Run(fmt.Sprint(c.recipe, c.params), func(t *testing.T) {
			for seed := range c.seeds {
				r := familytest.Train(t, Family, c.recipe, append(c.params, fmt.Sprintf("seed=%d", seed))...)
				step := reached(r, c.metric, c.bar)
				if math.IsNaN(step) {
					t.Errorf("seed %d: %s never came to %v", seed, c.metric, c.bar)
				}
				t.Logf("seed %d: %s reached %v at step %v, then %.1f; eval_return %.1f", seed, c.metric, c.bar, step, r.Last(c.metric), r.Last("eval_return"))
			}
		})
	}
}

// Value iteration is exact.
func TestValueIteration(t *testing.T) {
	for id, want := range map[string]float64{"FrozenLake-v1": 0.7442, "FrozenLake8x8-v1": 0.9132, "CliffWalking-v1": -13} {
		r := familytest.Train(t, Family, "value-iteration", "env="+id, "eval_episodes=10")
		if got := r.Last("value"); math.Abs(got-want) > 5e-5 {
			t.Errorf("%s: value %.6f, want %.4f", id, got, want)
		}
	}
}
