// Package graphtest checks ops: gradients of first and second order against
// finite differences in float64, the compiled program against that reference, and
// the program against Gorgonia's own tapeMachine. [Check] does all of it for one
// expression.
package graphtest
