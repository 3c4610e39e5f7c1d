// Package fetch downloads the data sets of package data's registry. A file lies under
// its own name only once its hash is right; what has arrived before lies beside it,
// named .part, and a later attempt goes on from there.
//
// It knows files and hashes, nothing of what is in them. Recipes do not import it: they
// open what lies on the disk.
package fetch
