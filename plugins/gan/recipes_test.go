package gan

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"lab/core/family/familytest"
)

// Short runs with safe bars.

func TestDCGANShort(t *testing.T) {
	// After two epochs the pictures are far better than noise (fid 616) and nothing has
	// collapsed.
	r := familytest.Train(t, Family, "dcgan", "epochs=2", "fid_samples=1000", "channels=32")
	t.Logf("fid %.1f, classes %.1f, diversity %.2f", r.Values("fid"), r.Values("classes"), r.Values("diversity"))
	if fid := r.Last("fid"); !(fid < 180) {
		t.Errorf("fid %v after two epochs, want less than 180", fid)
	}
	if classes := r.Last("classes"); !(classes > 6) || warned(r) {
		t.Errorf("%v classes in effect, want more than 6: %q", classes, r.Log)
	}
}

func TestWGANShort(t *testing.T) {
	r := familytest.Train(t, Family, "wgan-gp", "epochs=1", "fid_samples=500", "channels=32")
	if fid := r.Last("fid"); !(fid < 450) {
		t.Errorf("fid %v after an epoch, want less than 450", fid)
	}
	norms, distances := r.Values("grad_norm"), r.Values("distance")
	if late := mean(norms[len(norms)-20:]); late < 0.7 || late > 1.5 {
		t.Errorf("the critic's gradient is %v long, want about 1", late)
	}
	if early, late := mean(distances[20:40]), mean(distances[len(distances)-20:]); late >= early {
		t.Errorf("the distance is %v early and %v late", early, late)
	}
}

func TestConditionalShort(t *testing.T) {
	r := familytest.Train(t, Family, "conditional", "epochs=1", "fid_samples=500", "channels=32")
	if a := r.Last("agreement"); !(a > 0.35) { // 0.1 by chance
		t.Errorf("agreement %v after an epoch, want more than 0.35", a)
	}
}

func TestCycleGANShort(t *testing.T) {
	r := familytest.Train(t, Family, "cyclegan", "epochs=2", "channels=16")
	if got, identity := r.Last("paired_error"), identityError(t, r); !(got < identity) {
		t.Errorf("paired error %v after two epochs, that of the identity is %v", got, identity)
	}
	if c := r.Values("cycle_l1"); !(c[1] < c[0]) {
		t.Errorf("there and back: %v", c)
	}
}

// TestFull holds the recipes of images to their bars on full-size runs: LAB_FULL=1, a
// quarter of an hour.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes a quarter of an hour; LAB_FULL=1 (make check-full) runs it")
	}
	for recipe, check := range map[string]func(t *testing.T, r *familytest.Record){
		"dcgan": func(t *testing.T, r *familytest.Record) {
			fid := r.Values("fid")
			t.Logf("fid by epoch %.1f", fid)
			if !(fid[2] <= 120) || !(fid[9] <= 55) || !(fid[9] < fid[0]/2) {
				t.Errorf("want fid ≤ 120 after epoch 3, ≤ 55 after epoch 10, less than half of the first")
			}
		},
		"wgan-gp": func(t *testing.T, r *familytest.Record) {
			fid, norms, distances := r.Values("fid"), r.Values("grad_norm"), r.Values("distance")
			epoch := len(distances) / 10
			early, late, norm := mean(distances[:epoch]), mean(distances[9*epoch:]), mean(norms[epoch:])
			t.Logf("fid by epoch %.1f; distance %.2f in the first epoch, %.2f in the last; gradient %.3f long", fid, early, late, norm)
			if !(fid[9] <= 100) || !(fid[9] < fid[0]/2) || !(late < early) || norm < 0.8 || norm > 1.25 {
				t.Errorf("want fid ≤ 100 after epoch 10 and less than half of the first, a distance that falls, a gradient about 1 long")
			}
		},
		"conditional": func(t *testing.T, r *familytest.Record) {
			t.Logf("agreement by epoch %.3f, fid %.1f", r.Values("agreement"), r.Values("fid"))
			if !(r.Last("agreement") >= 0.8) {
				t.Error("want an agreement of at least 0.8")
			}
		},
		"cyclegan": func(t *testing.T, r *familytest.Record) {
			cycle, identity := r.Values("cycle_l1"), identityError(t, r)
			t.Logf("there and back by epoch %.4f; paired error %.4f, to line %.4f, to colour %.4f, identity %.4f; change %.4f", cycle,
				r.Last("paired_error"), r.Last("paired_error_ab"), r.Last("paired_error_ba"), identity, r.Last("change"))
			if !(r.Last("cycle_l1") <= cycle[0]/2) {
				t.Error("want the difference there and back to halve")
			}
			if !(r.Last("paired_error") < identity) || !(r.Last("change") > identity/4) {
				t.Error("want translations nearer to the partners than the identity is, and no identity")
			}
		},
	} {
		for seed := range 3 {
			t.Run(fmt.Sprintf("%s/seed %d", recipe, seed), func(t *testing.T) {
				check(t, familytest.Train(t, Family, recipe, fmt.Sprintf("seed=%d", seed)))
			})
		}
	}
}

// identityError is what a cyclegan run says of images left as they are.
func identityError(t *testing.T, r *familytest.Record) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSpace(r.Facts["identity.error"]), 64)
	if err != nil || v < 0.1 {
		t.Fatalf("identity.error is %q: %v", r.Facts["identity.error"], err)
	}
	return v
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
