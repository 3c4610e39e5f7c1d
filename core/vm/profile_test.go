package vm_test

import "testing"

// A profile has an entry for every call of the program, in order.
func TestProfile(t *testing.T) {
	tr := newTrainer(t)
	names := tr.p.Steps()
	times := tr.p.Profile(3)
	if len(times) != len(names) {
		t.Fatalf("%d entries for %d calls", len(times), len(names))
	}
	for i, s := range times {
		if s.Name != names[i] || s.Calls != 3 || s.Best <= 0 || s.Median < s.Best || len(s.Shape) == 0 && s.Name == "Conv" {
			t.Errorf("call %d, %s: %+v", i, names[i], s)
		}
	}
}
