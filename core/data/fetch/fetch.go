package fetch

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lab/core"
	"lab/core/data"
)

// Progress is how far a file is.
type Progress struct {
	File  string
	Bytes int64 // that have arrived, those of earlier attempts included
	Total int64 // -1 where the server does not say
}

// Fetcher downloads files. The zero value does, with http.DefaultClient's transport.
type Fetcher struct {
	Client *http.Client
	Show   func(Progress) // called at every piece that arrives; may be nil

	// Mirror is an address to use instead of the published ones: the files of a set lie
	// below Mirror/NAME/.
	Mirror string

	// Stall is how long a server may send nothing; 0 means 30 seconds.
	Stall time.Duration
}

const defaultStall = 30 * time.Second

// Set brings the files of a set into a folder, which is made if need be. Files that are
// there already are only checked.
func (f *Fetcher) Set(ctx context.Context, e *data.Entry, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return storage(err)
	}
	for _, file := range e.Files {
		base := e.URL
		if f.Mirror != "" {
			base = strings.TrimSuffix(f.Mirror, "/") + "/" + e.Name + "/"
		}
		if err := f.file(ctx, base+file.Name, filepath.Join(dir, file.Name), file); err != nil {
			return err
		}
	}
	return nil
}

// file brings one file from url to path.
func (f *Fetcher) file(ctx context.Context, url, path string, want data.File) error {
	if sum, err := hashFile(path, want); err == nil && sum == want.SHA256 {
		return nil
	} else if err == nil {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is there, but is another file: its content has SHA-256 %.12s…, not %.12s…", path, sum, want.SHA256), Try: "move it away"}
	} else if !errors.Is(err, os.ErrNotExist) {
		return &core.Error{Kind: core.Usage, Msg: path + " is there, but cannot be read", Err: err, Try: "move it away"}
	}
	part := path + ".part"
	if err := f.download(ctx, url, part, want.Name); err != nil {
		return err
	}
	sum, err := hashFile(part, want)
	if err != nil || sum != want.SHA256 {
		os.Remove(part) // going on from it would not help
		e := &core.Error{Kind: core.Other, Msg: fmt.Sprintf("what %s sent is not the file: its content has SHA-256 %.12s…, not %.12s…", url, sum, want.SHA256)}
		if err != nil {
			e.Msg, e.Err = fmt.Sprintf("what %s sent is not the file", url), err
		}
		return e
	}
	return storage(os.Rename(part, path))
}

// download fills part, going on from what it holds.
func (f *Fetcher) download(ctx context.Context, url, part, name string) error {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return storage(err)
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return storage(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := f.Stall
	if stall == 0 {
		stall = defaultStall
	}
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watch.Stop()
	failed := func(err error) error {
		if u := (*neturl.Error)(nil); errors.As(err, &u) { // the address is named already
			err = u.Err
		}
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		e := &core.Error{Kind: core.Other, Msg: "download " + url, Err: err, Try: "again: it goes on where it stopped"}
		if errors.Is(err, context.Canceled) {
			e.Kind = core.Interrupted
		}
		return e
	}
	response, err := f.get(ctx, url, have)
	if err != nil {
		return failed(err)
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusRequestedRangeNotSatisfiable && have > 0: // nothing is missing, or nothing fits
		return nil
	case code == http.StatusPartialContent && strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case code == http.StatusOK: // from the beginning
		have = 0
		if err := out.Truncate(0); err != nil {
			return storage(err)
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return storage(err)
		}
	default:
		return &core.Error{Kind: core.Other, Msg: "download " + url, Err: errors.New("the server answered " + response.Status)}
	}
	total := int64(-1)
	if response.ContentLength >= 0 {
		total = have + response.ContentLength
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := response.Body.Read(buf)
		watch.Reset(stall)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return storage(err)
			}
			have += int64(n)
			if f.Show != nil {
				f.Show(Progress{File: name, Bytes: have, Total: total})
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return failed(err)
		}
	}
	return storage(out.Close())
}

func (f *Fetcher) get(ctx context.Context, url string, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // a hash is of what is published
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	client := f.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(request)
}

// hashFile is the SHA-256 of a file as the registry means it: of what is compressed
// in it, unless the hash is of the file as published.
func hashFile(path string, want data.File) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(want.Name, ".gz") && !want.Archive {
		if r, err = gzip.NewReader(f); err != nil {
			return "", err
		}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func storage(err error) error {
	if err == nil {
		return nil
	}
	return &core.Error{Kind: core.Storage, Err: err}
}
