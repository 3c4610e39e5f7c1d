// Package gan is the family of generative adversarial networks. Each recipe is one
// file, to be read from top to bottom; package frechet judges what they draw.
package gan

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "gan", Version: "1.0.0", Doc: "generative adversarial networks: draw images that look like the data's",
	Recipes: []family.Recipe{dcgan, wganGP, conditional, ringRecipe, cycleGAN},
}
