// Command lab-plugin-thirdparty is a plugin of lab with a family of its own: the recipe
// mlp, which is one file. To add a recipe, write such a file and name it here.
package main

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "thirdparty", Version: "0.1.0", Doc: "a family in a module of its own",
	Recipes: []family.Recipe{mlp},
}

func main() { family.Serve(Family) }
