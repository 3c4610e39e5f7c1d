package onnx

import (
	"testing"

	"lab/core/onnx/pb"
)

func TestSetMetadata(t *testing.T) {
	b := NewBuilder("m", DefaultOpset)
	b.AddOutput("y", b.Op("Relu", []string{b.AddInput("x", pb.Float, Fixed(1))}), pb.Float, Fixed(1))
	b.SetMetadata("classes", "a,b")
	b.SetMetadata("kept", "yes")
	file, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(file, "")
	if err != nil {
		t.Fatal(err)
	}
	m.SetMetadata("classes", "c,d")
	m.SetMetadata("input.mean", "0.5")
	if file, err = m.Encode(nil); err != nil {
		t.Fatal(err)
	}
	again, err := Decode(file, "")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"classes": "c,d", "kept": "yes", "input.mean": "0.5"} {
		if got := again.Metadata[key]; got != want || m.Metadata[key] != want {
			t.Errorf("%s is %q, %q before it was written; want %q", key, got, m.Metadata[key], want)
		}
	}
}
