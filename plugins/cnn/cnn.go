// Package cnn is the family of convolutional networks that tell the class of an image.
// Each recipe is one file, to be read from top to bottom; fit.go is the loop that they
// share, report.go what a run shows of its network.
package cnn

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "cnn", Version: "1.0.0", Doc: "convolutional networks: tell what an image shows",
	Recipes: []family.Recipe{classify, resnet, finetune},
}
