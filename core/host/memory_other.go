//go:build !linux

package host

// PeakMemory is the most memory that the plugin's process has held so far, in bytes;
// 0, not known, on this system.
func (p *Plugin) PeakMemory() int64 { return 0 }
