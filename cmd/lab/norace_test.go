//go:build !race

package main

// raceDetector says whether memory can be measured: the detector takes several times
// as much.
const raceDetector = false
