// Package protocol is how the benchmark talks to what it measures: every contender,
// lab's own engine too, is a child process that reads one JSON object a line on
// stdin and answers with one on stdout. The contender builds a workload once and
// then times steps of it on request, so that all are timed by the same rule: a loop
// of steps between two readings of a monotonic clock.
//
// It knows nothing of engines. Start with protocol.go; serve.go is the contender's
// end.
package protocol
