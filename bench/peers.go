package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"lab/bench/pytorch"
)

// allPeers are the peers that are measured against unless -peers says otherwise.
var allPeers = []string{"eager", "tuned", "compile", "onnxruntime", "gorgonia", "gomlx"}

// A stage is where contenders come from: the commands that start them and a folder
// for what they exchange.
type stage struct {
	self   string // this executable
	python string // LAB_PYTHON, or ""
	dir    string // temporary
}

func newStage() (*stage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lab-bench-")
	if err != nil {
		return nil, err
	}
	s := &stage{self: self, python: os.Getenv("LAB_PYTHON"), dir: dir}
	files, err := fs.Glob(pytorch.Files, "*.py")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		b, err := pytorch.Files.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			return nil, err
		}
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stopped
		s.close()
		os.Exit(130)
	}()
	return s, nil
}

func (s *stage) close() { os.RemoveAll(s.dir) }

// start starts a contender by name.
func (s *stage) start(name string, threads int) (*contender, error) {
	cmd, err := s.command(name, threads)
	if err != nil {
		return nil, err
	}
	return start(name, cmd)
}

func (s *stage) command(name string, threads int) (*exec.Cmd, error) {
	n := strconv.Itoa(threads)
	var cmd *exec.Cmd
	switch path, build := strings.CutPrefix(name, "build:"); {
	case build:
		return exec.Command(path, "-serve", "lab", "-threads", n), nil
	case name == "lab":
		return exec.Command(s.self, "-serve", "lab", "-threads", n), nil
	case name == "gorgonia":
		cmd = exec.Command(s.self, "-serve", name)
	case name == "gomlx":
		program, err := s.buildGoMLX()
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(program)
	case slices.Contains([]string{"eager", "tuned", "compile", "onnxruntime", "numpy"}, name):
		if s.python == "" {
			return nil, errors.New("LAB_PYTHON is not set to a Python with PyTorch (make python sets one up)")
		}
		cmd = exec.Command(s.python, filepath.Join(s.dir, "serve.py"), name, n)
	default:
		return nil, fmt.Errorf("there is no peer %q; there are %s, and build:PATH", name, strings.Join(allPeers, ", "))
	}
	cmd.Env = peerEnvironment(os.Environ(), n)
	return cmd, nil
}

// peerEnvironment is the environment without what would throttle a peer, and with
// the number of threads in every spelling.
func peerEnvironment(env []string, threads string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS"}, name)
	})
	return append(out, "OMP_NUM_THREADS="+threads, "MKL_NUM_THREADS="+threads, "OPENBLAS_NUM_THREADS="+threads, "GOMAXPROCS="+threads,
		"TORCHINDUCTOR_COMPILE_THREADS=1") // no pool of compilers left running beside the timings
}

// buildGoMLX compiles the peer in bench/gomlx, a module of its own, so that lab does
// not depend on it.
func (s *stage) buildGoMLX() (string, error) {
	program := filepath.Join(s.dir, "gomlx")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "lab").Output()
	if err != nil {
		return "", errors.New("its source is not here: run in lab's own folder")
	}
	said, err := exec.Command("go", "build", "-C", filepath.Join(strings.TrimSpace(string(root)), "bench", "gomlx"), "-o", program, ".").CombinedOutput()
	if err != nil {
		t := tail{said}
		return "", fmt.Errorf("does not build: %s", t.last(err.Error()))
	}
	return program, nil
}
