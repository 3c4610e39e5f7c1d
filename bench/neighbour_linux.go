package main

import "golang.org/x/sys/unix"

// pin binds the calling thread to the last core that this process may use.
func pin() error {
	var may, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return err
	}
	for i := range 1024 {
		if may.IsSet(i) {
			one.Zero()
			one.Set(i)
		}
	}
	return unix.SchedSetaffinity(0, &one)
}
