package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"lab/core"
)

// captureLimit is how long what is looked up in the background may take, so that
// a huge repository cannot hold up the end of a run.
const captureLimit = 15 * time.Second

// variables are those of the environment that change how a run computes, or how
// fast.
var variables = []string{"LAB_ISA", "GODEBUG", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"}

// Surroundings are the facts about this process that cost next to nothing: the
// machine, the toolchain, the build. They belong in [NewRun.Environment].
func Surroundings() []core.Fact {
	host, _ := os.Hostname()
	facts := []core.Fact{
		{Key: "host.name", Value: host},
		{Key: "host.os", Value: runtime.GOOS},
		{Key: "host.arch", Value: runtime.GOARCH},
		{Key: "host.cpus", Value: strconv.Itoa(runtime.NumCPU())},
		{Key: "host.threads", Value: strconv.Itoa(runtime.GOMAXPROCS(0))},
		{Key: "go.version", Value: runtime.Version()},
	}
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, core.Fact{Key: key, Value: value})
		}
	}
	model, flags := cpu()
	add("host.cpu", model)
	add("host.cpu_flags", flags)
	add("host.kernel", kernel())
	if n := memory(); n > 0 {
		add("host.memory", strconv.FormatInt(n, 10))
	}
	for _, name := range variables {
		add("variable."+name, os.Getenv(name))
	}
	if dir, err := os.Getwd(); err == nil {
		add("command.dir", dir)
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		add("build.module", b.Main.Path)
		add("build.version", b.Main.Version)
		for _, s := range b.Settings {
			switch s.Key {
			case "vcs.revision", "vcs.modified", "vcs.time", "GOAMD64", "GOARM64", "CGO_ENABLED", "-tags", "-race":
				add("build."+strings.TrimPrefix(s.Key, "-"), s.Value)
			}
		}
	}
	return facts
}

// Capture looks up what takes longer, the git state of the folder dir ("" is
// the current one) and the hash of this executable, while the run is already
// starting. It returns at once; the facts are written when they are known, at
// the latest before [Run.Close] writes the final state.
//
// Facts: git.root, git.commit, git.branch, git.dirty, git.untracked (a path a
// line), exe.path, exe.sha256. Uncommitted changes are saved as the artifact
// source.diff, those of a second attempt as source-2.diff. A folder outside git
// has none of these.
func (r *Run) Capture(dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), captureLimit)
	r.background.Go(func() {
		facts, diff := gitState(ctx, dir)
		r.facts(facts)
		if len(diff) > 0 {
			r.saveDiff(diff)
		}
	})
	r.background.Go(func() { r.facts(executable(ctx)) })
	go func() {
		r.background.Wait()
		cancel()
	}()
}

// CaptureFile hashes a file in the background, as [Run.Capture] does: the plugin,
// a configuration. Facts: KEY.path, KEY.sha256.
func (r *Run) CaptureFile(key, path string) {
	r.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), captureLimit)
		defer cancel()
		facts := []core.Fact{{Key: key + ".path", Value: path}}
		if sum, err := hashFile(ctx, path); err == nil {
			facts = append(facts, core.Fact{Key: key + ".sha256", Value: sum})
		}
		r.facts(facts)
	})
}

// waitBackground waits for what Capture has begun.
func (r *Run) waitBackground() { r.background.Wait() }

func (r *Run) facts(facts []core.Fact) {
	for _, f := range facts {
		r.Put(f) // fails only after Close, which waits for this
	}
}

func (r *Run) saveDiff(diff []byte) {
	name := diffName
	if r.attempt > 1 { // the code of an earlier attempt stays
		name = fmt.Sprintf("source-%d.diff", r.attempt)
	}
	if err := writeWhole(filepath.Join(r.dir, name), diff); err != nil {
		r.Put(core.Log{Level: core.Warn, Text: "uncommitted changes could not be saved: " + err.Error()})
		return
	}
	sum := sha256.Sum256(diff)
	r.Put(core.Artifact{Name: name, Kind: "text", Path: name, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(diff))})
}

// executable hashes the running binary: tens of megabytes take tens of
// milliseconds.
func executable(ctx context.Context) []core.Fact {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	facts := []core.Fact{{Key: "exe.path", Value: path}}
	file := path
	if _, err := os.Stat(selfExe); err == nil {
		file = selfExe // what runs, even if the file at its path was replaced since
	}
	if sum, err := hashFile(ctx, file); err == nil {
		facts = append(facts, core.Fact{Key: "exe.sha256", Value: sum})
	}
	return facts
}

// selfExe is the running binary on Linux.
const selfExe = "/proc/self/exe"

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for ctx.Err() == nil {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", ctx.Err()
}
