package familytest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The report of a command does what testing.T does.
func TestReport(t *testing.T) {
	var told []string
	tell := func(r Result) {
		told = append(told, fmt.Sprintf("%s %s %s", r.Verdict, r.Check, strings.Join(r.Notes, "; ")))
	}
	dir, order := "", ""
	r := &report{tell: tell, ctx: t.Context()}
	ok := r.Run("", func(t T) {
		t.Run("fine", func(t T) {
			t.Cleanup(func() { order += "1" })
			t.Cleanup(func() { order += "2" })
			dir = t.TempDir()
			t.Logf("a note")
		})
		t.Run("nested", func(t T) {
			t.Run("fatal", func(t T) {
				t.Errorf("first")
				t.Fatalf("second")
				t.Error("never")
			})
			t.Run("skipped", func(t T) { t.Skipf("declared: no reason") })
		})
		t.Run("panics", func(t T) { panic("boom") })
		if t.Context().Err() != nil {
			order += "early"
		}
	})
	if ok {
		t.Error("all is well, it says")
	}
	if _, err := os.Stat(dir); dir == "" || err == nil || order != "21" {
		t.Errorf("clean-up: %s, %q", dir, order)
	}
	if got := strings.Join(told[:3], "\n"); got != "passed fine a note\nfailed nested/fatal first; second\nskipped nested/skipped declared: no reason" {
		t.Errorf("got\n%s", got)
	}
	if len(told) != 4 || !strings.HasPrefix(told[3], "failed panics panic: boom\ngoroutine ") {
		t.Errorf("got %q", told[3:])
	}
	if ok := r.Run("", func(t T) { t.Run("x", func(T) {}) }); !ok {
		t.Error("a new start is no better")
	}
}
