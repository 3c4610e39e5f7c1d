// Package stock is Gorgonia as it comes, a peer to measure against: its own ops,
// its tapeMachine and its Adam. The networks are those of bench/workload.
//
// It knows nothing of lab's engine. Start with stock.go.
package stock
