package main

import (
	"lab/core/family"
	"lab/plugins/gan"
)

// bundled is the one list of the families inside this program.
var bundled = []family.Family{
	gan.Family,
}
