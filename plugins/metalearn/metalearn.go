// Package metalearn is the family of learning to learn: from many tasks with few examples
// each, how to learn the next one. Each recipe is one file, to be read from top to bottom;
// learner.go is what they train, package task what they train it on.
package metalearn

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "metalearn", Version: "1.0.0", Doc: "learning to learn: adapt to a new task from a few examples",
	Recipes: []family.Recipe{maml, fomaml, reptile, protonet},
}
