// Package task draws the tasks that learning to learn is about: few-shot regression of
// sines, few-shot classification of characters.
//
// A task has two sets of labelled points: the support set is there to learn it from, the
// query set tells how well that went. A Distribution draws them, from a source of random
// numbers alone: the same numbers give the same task.
//
// It knows numbers only, nothing of graphs, models or runs. Start with task.go and
// sine.go; open.go finds a distribution by the name of its data.
package task
