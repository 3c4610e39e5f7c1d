package stock

import (
	"math"
	"path/filepath"
	"testing"

	"lab/bench/protocol"
	"lab/bench/workload"
)

// Gorgonia's network and lab's compute the same.
func TestSameLoss(t *testing.T) {
	for name := range networks {
		path := filepath.Join(t.TempDir(), name)
		ours, err := workload.Ready(name, path, true)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := Builder{}.Build(protocol.Request{Workload: name, State: path})
		if err != nil {
			t.Fatal(err)
		}
		ours.Step()
		theirs.Step()
		if a, b := ours.Losses()[0], theirs.Losses()[0]; math.Abs(a-b) > 1e-4 {
			t.Errorf("%s: %v, lab's %v", name, b, a)
		}
	}
}
