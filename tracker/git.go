package tracker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"lab/core"
)

const (
	maxDiff      = 16 << 20 // bytes of uncommitted changes that are saved
	maxUntracked = 1000     // untracked files that are named
)

// gitState returns what git says of the folder: the facts listed at
// [Run.Capture], and the uncommitted changes of tracked files. Both are nil
// outside a repository, and where git isn't installed.
func gitState(ctx context.Context, dir string) ([]core.Fact, []byte) {
	root, err := git(ctx, dir, 4096, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, nil
	}
	facts := []core.Fact{{Key: "git.root", Value: strings.TrimSpace(string(root))}}
	status, err := git(ctx, dir, maxDiff, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal")
	if err != nil {
		return facts, nil
	}
	s := parseStatus(status)
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, core.Fact{Key: key, Value: value})
		}
	}
	add("git.commit", s.commit)
	add("git.branch", s.branch)
	add("git.dirty", fmt.Sprint(s.changed > 0))
	if n := len(s.untracked); n > maxUntracked {
		s.untracked = append(s.untracked[:maxUntracked], fmt.Sprintf("… and %d more", n-maxUntracked))
	}
	add("git.untracked", strings.Join(s.untracked, "\n"))
	if s.changed == 0 || s.commit == "" {
		return facts, nil
	}
	diff, err := git(ctx, dir, maxDiff, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--binary")
	if err != nil {
		add("git.diff", "not saved: "+err.Error())
		return facts, nil
	}
	return facts, diff
}

type status struct {
	commit, branch string // "" before the first commit; "" when detached
	changed        int    // tracked files that differ from the commit
	untracked      []string
}

// parseStatus reads `git status --porcelain=v2 --branch -z`.
func parseStatus(out []byte) status {
	var s status
	entries := strings.Split(string(out), "\x00")
	for i := 0; i < len(entries); i++ {
		e := entries[i]
		switch {
		case strings.HasPrefix(e, "# branch.oid "):
			if s.commit = e[len("# branch.oid "):]; s.commit == "(initial)" {
				s.commit = ""
			}
		case strings.HasPrefix(e, "# branch.head "):
			if s.branch = e[len("# branch.head "):]; s.branch == "(detached)" {
				s.branch = ""
			}
		case strings.HasPrefix(e, "? "):
			s.untracked = append(s.untracked, e[2:])
		case strings.HasPrefix(e, "2 "):
			s.changed++
			i++ // a rename: the next entry is the old path
		case strings.HasPrefix(e, "1 "), strings.HasPrefix(e, "u "):
			s.changed++
		}
	}
	return s
}

// git runs a git command that changes nothing and returns up to limit bytes of
// what it says; more is an error.
func git(ctx context.Context, dir string, limit int64, args ...string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	// Another git may be at work in the folder: take none of its locks.
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	n, _ := io.Copy(&b, io.LimitReader(out, limit+1))
	if n > limit {
		cancel()
		cmd.Wait()
		return nil, fmt.Errorf("git %s says more than %d MB", args[0], limit>>20)
	}
	return b.Bytes(), cmd.Wait()
}
