//go:build !unix

package familytest

import "lab/core/host"

func checkKilledHost(t T, _ host.Candidate, _ string, _ *settings) {
	t.Skipf("declared: descriptors are not inherited here; a plugin outlives its host")
}
