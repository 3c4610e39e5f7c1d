// Package vm compiles a graph to a [Program]: a flat list of kernel calls over
// memory that was planned beforehand. A run looks nothing up and allocates
// nothing.
//
// Compiling visits the graph from its roots (what nobody asks for is not
// computed), folds constants, fuses chains of elementwise ops, also into the sums
// that follow them (fuse.go), and gives every value a place in one arena, where
// values that are not alive together share memory (plan.go). Parameters live in
// their own flat memory (graph.Params); gradients are written there in place.
//
// Sizes are fixed when a program is compiled; [Cache] keeps one for each shape.
// Programs that are compiled while a profile is on time their calls for it
// (profile.go).
//
// The package knows kernels and graphs, nothing of layers, optimisers or data.
// Start with compile.go.
package vm
