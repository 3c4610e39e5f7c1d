// Package deptest enforces who may import whom. The rules are the test; each
// carries the reason that is printed when it is broken. It knows package paths
// only, nothing of what the packages do.
package deptest
