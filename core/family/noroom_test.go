//go:build linux

package family

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lab/core"
)

// Files that find no room are left out with one warning, and the run goes on; the model
// of the run, which it was made for, is not.
func TestNoRoom(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.Int())
	}
	big := func(w io.Writer) error {
		if _, err := w.Write(bytes.Repeat([]byte{1}, 1<<20)); err != nil {
			return errors.New("cannot encode") // and does not say why
		}
		return nil
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
	}
	defer limit(old.Cur)
	dir := t.TempDir()
	h := play(t, core.RunSpec{Dir: dir}, false, func(s *Session) error {
		limit(4096)
		for _, err := range []error{s.Image("samples", 1, noise), s.Checkpoint(1, big), s.Text("notes", 0, "short"), s.Image("samples", 2, noise)} {
			if err != nil {
				return err
			}
		}
		s.Log(3, "loss", 1)
		limit(old.Cur)
		if err := s.Checkpoint(1, big); err != nil { // there is room again
			return err
		}
		limit(4096)
		defer limit(old.Cur)
		return s.SaveModel("model", 0, big)
	})
	if h.done.Status != core.Failed || !strings.Contains(h.done.Reason, "model model.onnx: ") || !strings.Contains(h.done.Reason, "file too large") {
		t.Errorf("got %+v", h.done)
	}
	if logs := all[core.Log](h); len(logs) != 1 || logs[0].Level != core.Warn || !strings.HasPrefix(logs[0].Text, "image samples.png: file too large; the run goes on") {
		t.Errorf("logs %+v", logs)
	}
	if points := all[core.Metrics](h); len(points) != 1 {
		t.Errorf("points %+v", points)
	}
	if got := fmt.Sprint(len(all[core.Artifact](h)), len(all[core.Checkpoint](h))); got != "1 1" {
		t.Errorf("%s artifacts and checkpoints, want one of either", got)
	}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if strings.HasPrefix(info.Name(), ".tmp") {
			t.Errorf("%s is left behind", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
