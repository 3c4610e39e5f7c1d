// Package rl is the family of reinforcement learning: agents that learn from the rewards
// of the environments in package env. Each algorithm is one file, to be read from top to
// bottom: reinforce.go, a2c.go, ppo.go, dqn.go, qlearning.go and value_iteration.go.
//
// What they share: agent.go has networks and what they make of an observation,
// actor_critic.go pairs of them and rollout.go the steps that these learn from, curve.go
// the return curve, and policy.go plays a finished policy, draws it and saves it.
package rl

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "rl", Version: "1.0.0", Doc: "reinforcement learning: agents that learn to act from rewards",
	Recipes: []family.Recipe{reinforce, a2c, ppo, dqn, qlearning, valueIteration},
}
