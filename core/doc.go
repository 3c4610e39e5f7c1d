// Package core holds the nouns that every side of lab shares: what a family
// offers ([Family], [Recipe], [ParamSpec]), what one run is told ([RunSpec]),
// what it says back ([Event]) and the kinds of error that survive the way
// between processes ([Error]).
//
// It imports the standard library only and knows nothing of graphs, plugins,
// files or databases. Start with family.go, then event.go.
package core
