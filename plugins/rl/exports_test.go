package rl

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	familytest.TrainEach(t, Family, [][]string{
		{"reinforce", "total_steps=2000", "batch=4", "hidden=8", "eval_episodes=1"},
		{"a2c", "env=Pendulum-v1", "total_steps=1000", "hidden=8", "eval_episodes=1"},
		{"ppo", "total_steps=1024", "steps=64", "hidden=16", "epochs=1", "eval_episodes=1"},
		{"dqn", "total_steps=500", "start=100", "hidden=16", "eval_episodes=1"},
		{"qlearning", "total_steps=5000", "eval_episodes=1"},
		{"value-iteration", "eval_episodes=1"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare()
}
