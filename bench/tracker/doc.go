// Command tracker measures what the tracker promises, and MLflow's stores beside it
// where LAB_PYTHON names a Python with MLflow.
//
//	go run ./bench/tracker                      every part, about six minutes
//	go run ./bench/tracker -part commits,step   some of them
//	go run ./bench/tracker -dir /mnt/disk       on the disk of that folder
//
// It is a command, never a timed test: a promise is kept or missed on the machine
// and the disk it names. Every figure is the median of the rounds with the best
// beside it; the parts of one round follow each other, so that a machine that slows
// down slows all of them. Start with main.go.
package main
