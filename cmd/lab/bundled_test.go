package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every bundled family is held to the conformance suite by the tests beside it.
func TestBundledFamiliesAreChecked(t *testing.T) {
	for _, f := range bundled {
		tests, err := filepath.Glob(filepath.Join("../../plugins", f.Name, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		checked := false
		for _, path := range tests {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checked = checked || strings.Contains(string(b), "familytest.Run(")
		}
		if !checked {
			t.Errorf("no test in plugins/%s calls familytest.Run", f.Name)
		}
	}
}
