// Package nn holds layers and losses over core/graph: what PyTorch's torch.nn has,
// with the same names, defaults and state_dict keys. A layer owns parameters
// (graph.Params) and adds nodes to a graph when it is called; it holds no values of
// a run. Channels and classes are the last axis: images are [N,H,W,C], sequences
// [N,L,C], batches of tokens [B,T,E].
//
// Layers are made in a [Scope], which names their parameters and draws their initial
// values ([Init]). What PyTorch computes is in testdata/torch, and compared with.
//
// The package knows nothing of programs, optimisers or data. Start with scope.go,
// linear.go and batchnorm.go; attention.go, transformer.go and cache.go for language
// models; loss.go for the options that losses share.
package nn
