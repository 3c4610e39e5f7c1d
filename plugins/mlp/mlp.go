// Package mlp is the family of multilayer perceptrons, on which the basics show: what
// learning is, what optimisers, activations and normalisation do, and what the
// landscape looks like that a network descends. Each recipe is one file, to be read
// from top to bottom; task.go, network.go, learner.go and fit.go hold what they share.
package mlp

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "mlp", Version: "1.0.0", Doc: "multilayer perceptrons: the basics of learning, on images, tables and curves",
	Recipes: []family.Recipe{classify, regress, activations, batchnorm, landscape},
}
