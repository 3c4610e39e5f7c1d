//go:build !linux

package tracker

func cpu() (model, flags string) { return "", "" }
func kernel() string             { return "" }
