// Package workload holds lab's side of what the benchmark measures: networks with
// their training step, written as a recipe would write them, and single ops for the
// sweeps. Each has a twin of the same name in bench/pytorch.
//
// It knows nothing of the peers and of how rounds are run. Start with workload.go
// and mlp.go.
package workload
