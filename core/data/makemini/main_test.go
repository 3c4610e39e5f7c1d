package main

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"lab/core/data"
	"lab/core/data/idx"
)

// The embedded files hold what this program would draw again.
func TestEmbeddedIsDrawn(t *testing.T) {
	full, err := data.Open("fashion-mnist", "")
	if err != nil {
		t.Skip("needs the full set: ", err)
	}
	e := entry("fashion-mini")
	for i, a := range draw(full) {
		h := sha256.New()
		idx.Write(h, a)
		if got := hex.EncodeToString(h.Sum(nil)); got != e.Files[i].SHA256 {
			t.Errorf("%s would now be %s; the registry says %s", e.Files[i].Name, got, e.Files[i].SHA256)
		}
	}
}
