//go:build !linux

package host

import "os"

// PeakMemory is not known here.
func (p *Plugin) PeakMemory() int64 { return 0 }

var oomKills = func() int64 { return 0 }

func peakOf(*os.ProcessState) int64 { return 0 }
func spareOthers(int)               {}
