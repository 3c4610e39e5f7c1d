// Package nn holds layers and losses over core/graph: what PyTorch's torch.nn has,
// with the same names, defaults and state_dict keys. A layer owns parameters
// (graph.Params) and adds nodes to a graph when it is called; it holds no values of
// a run.
//
// The package knows nothing of programs, optimisers or data. Start with
// linear.go and batchnorm.go.
package nn
