package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lab/core"
	"lab/core/data"
)

// server serves files; what it was asked for is in asked. It hangs up after so many
// bytes where cut is set, and ignores ranges where whole is.
type server struct {
	*httptest.Server
	files map[string][]byte
	asked []string
	cut   int
	whole bool
}

func newServer(t *testing.T) *server {
	s := &server{files: map[string][]byte{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
		b, ok := s.files[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case s.cut > 0:
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			w.Write(b[:s.cut])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case s.whole:
			w.Write(b)
		default:
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
		}
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// two is a set of a compressed file, whose hash is of its content, and an archive.
func two(s *server) *data.Entry {
	raw, archive := noise(300_000), noise(1000)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(raw)
	z.Close()
	s.files["/set/a.gz"], s.files["/set/b.zip"] = packed.Bytes(), archive
	return &data.Entry{Name: "set", URL: s.URL + "/set/", Files: []data.File{
		{Name: "a.gz", SHA256: hash(raw)}, {Name: "b.zip", SHA256: hash(archive), Archive: true}}}
}

func TestFetch(t *testing.T) {
	s := newServer(t)
	e, dir := two(s), filepath.Join(t.TempDir(), "new", "set")
	var last Progress
	f := &Fetcher{Show: func(p Progress) { last = p }}
	if err := f.Set(context.Background(), e, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range s.files {
		if got, err := os.ReadFile(filepath.Join(dir, filepath.Base(name))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %d bytes of %d", name, err, len(got), len(want))
		}
	}
	if last.File != "b.zip" || last.Bytes != 1000 || last.Total != 1000 {
		t.Errorf("told %+v", last)
	}
	if err := f.Set(context.Background(), e, dir); err != nil || len(s.asked) != 2 {
		t.Errorf("a second time: %v, %q", err, s.asked)
	}
	os.WriteFile(filepath.Join(dir, "b.zip"), []byte("mine"), 0o644)
	if err := f.Set(context.Background(), e, dir); err == nil || !strings.Contains(err.Error(), "is another file") || core.KindOf(err) != core.Usage {
		t.Errorf("got %v", err)
	}
}

// A download that breaks off goes on where it stopped.
func TestResume(t *testing.T) {
	s := newServer(t)
	e, dir := two(s), t.TempDir()
	s.cut = 100_000
	err := new(Fetcher).Set(context.Background(), e, dir)
	if err == nil || !strings.Contains(err.Error(), "unexpected EOF") || core.TryOf(err) == "" {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.gz")); err == nil {
		t.Error("half a file has the name of a whole one")
	}
	s.cut = 0
	if err := new(Fetcher).Set(context.Background(), e, dir); err != nil {
		t.Fatal(err)
	}
	if want := "/set/a.gz bytes=100000-"; s.asked[1] != want {
		t.Errorf("asked for %q; want %q", s.asked[1], want)
	}
	// A server that knows no ranges sends all of it, and all of it is taken.
	dir = t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.gz.part"), s.files["/set/a.gz"][:777], 0o644)
	s.whole = true
	if err := new(Fetcher).Set(context.Background(), e, dir); err != nil {
		t.Fatal(err)
	}
	// A part that is whole needs nothing more.
	s.whole = false
	dir = t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.gz.part"), s.files["/set/a.gz"], 0o644)
	if err := new(Fetcher).Set(context.Background(), e, dir); err != nil {
		t.Fatal(err)
	}
}

func TestErrors(t *testing.T) {
	s := newServer(t)
	e := two(s)
	dir := t.TempDir()
	s.files["/set/a.gz"][5000] ^= 1
	if err := new(Fetcher).Set(context.Background(), e, dir); err == nil || !strings.Contains(err.Error(), "is not the file") {
		t.Errorf("a flipped bit: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.gz.part")); err == nil {
		t.Error("the wrong file would be gone on from")
	}
	s.files["/set/a.gz"] = []byte("<html>please log in</html>")
	if err := new(Fetcher).Set(context.Background(), e, dir); err == nil || !strings.Contains(err.Error(), "gzip: invalid header") {
		t.Errorf("a page: %v", err)
	}
	delete(s.files, "/set/a.gz")
	if err := new(Fetcher).Set(context.Background(), e, dir); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
	if err := (&Fetcher{Mirror: s.URL + "/mirror/"}).Set(context.Background(), e, dir); err == nil || s.asked[len(s.asked)-1] != "/mirror/set/a.gz" {
		t.Errorf("got %v, asked for %q", err, s.asked)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := new(Fetcher).Set(ctx, e, dir); core.KindOf(err) != core.Interrupted {
		t.Errorf("got %v", err)
	}
}

// A server that falls silent does not hold anyone up.
func TestStall(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 10))
		w.(http.Flusher).Flush()
		<-stop
	}))
	defer s.Close()
	defer close(stop)
	e := &data.Entry{Name: "set", URL: s.URL + "/", Files: []data.File{{Name: "a", SHA256: hash(nil)}}}
	err := (&Fetcher{Stall: 50 * time.Millisecond}).Set(context.Background(), e, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "nothing came for 50ms") {
		t.Errorf("got %v", err)
	}
}
