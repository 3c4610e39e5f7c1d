//go:build !linux

package tracker

func cpu() (model, flags string) { return "", "" }
func kernel() string             { return "" }
func memory() int64              { return 0 }
