package main

import (
	"lab/core/family"
	"lab/plugins/cnn"
	"lab/plugins/gan"
	"lab/plugins/transformer"
	"lab/plugins/metalearn"
	"lab/plugins/rl"
)

// bundled is the one list of the families inside this program.
var bundled = []family.Family{
	cnn.Family,
	gan.Family,
	transformer.Family,
	metalearn.Family,
	rl.Family,
}
