//go:build !linux

package tracker

import "io/fs"

func cpu() (model, flags string) { return "", "" }
func kernel() string             { return "" }
func inode(fs.FileInfo) string   { return "" }
