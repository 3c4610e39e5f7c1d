// Package env holds environments for reinforcement learning with the names, spaces,
// rewards and ends of Gymnasium 1.x (Towers et al. 2024, MIT licence), step by step the
// same, and a lander of its own. Vector steps several of them side by side.
//
// An episode ends in two ways that an algorithm must tell apart: terminated, the task
// says that there is nothing more to come (a value of 0), and truncated, only the time
// is up (the state after it still has a value).
//
// The package knows nothing of networks or of learning. Start with env.go and vector.go;
// cartpole.go is the shortest environment.
package env
