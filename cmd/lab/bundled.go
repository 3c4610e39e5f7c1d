package main

import (
	"lab/core/family"
	"lab/plugins/cnn"
	"lab/plugins/gan"
	"lab/plugins/metalearn"
	"lab/plugins/mlp"
	"lab/plugins/rl"
	"lab/plugins/transformer"
)

// bundled is the one list of the families inside this program.
var bundled = []family.Family{
	cnn.Family,
	gan.Family,
	metalearn.Family,
	mlp.Family,
	rl.Family,
	transformer.Family,
}
