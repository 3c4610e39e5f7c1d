// Package pytorch holds PyTorch's side of what the benchmark measures: Python files
// that speak the lines of bench/protocol. Start with serve.py; networks.py is the
// table.
package pytorch

import "embed"

// Files are the Python files; serve.py is run.
//
//go:embed *.py
var Files embed.FS
