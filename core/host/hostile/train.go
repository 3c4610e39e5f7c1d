//go:build unix

package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

var (
	stopped = make(chan struct{})
	stop    = sync.OnceFunc(func() { close(stopped) })
)

// line is where a run says what it wants to be believed.
type line struct {
	dir    string
	stream grpc.ServerStreamingServer[pb.Event]
	wire.Columns
}

func (l *line) say(e core.Event) error  { return l.stream.Send(wire.FromEvent(e)) }
func (l *line) send(e *pb.Event) error  { return l.stream.Send(e) }
func (l *line) path(name string) string { return filepath.Join(l.dir, name) }
func (l *line) done(status core.Status) error {
	return l.send(wire.FromDone(core.Done{Status: status}, nil))
}

// points sends one batch of points.
func (l *line) points(ps ...core.Point) error {
	for _, p := range ps {
		l.Add(p.Metric, p.Step, p.Time, p.Value)
	}
	return l.send(l.Take())
}

// file tells of an empty file, which it may not be or not have written, and ends well.
func (l *line) file(path string, size int64) error {
	if err := l.say(core.Artifact{Name: "loot", Kind: "file", Path: path, SHA256: emptySum, Bytes: size}); err != nil {
		return err
	}
	return l.end(nil)
}

// end says that all went well, if it did so far.
func (l *line) end(err error) error {
	if err != nil {
		return err
	}
	return l.done(core.Finished)
}

const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

var attacks = map[string]func(*line) error{
	"versions 1 and 2": func(l *line) error { return l.end(l.points(core.Point{Metric: "loss", Value: 1})) },
	"":                 func(l *line) error { return l.end(l.points(core.Point{Metric: "loss", Value: 1})) },
	"banner":           func(l *line) error { return l.end(l.points(core.Point{Metric: "loss", Value: 1})) },

	// Points.
	"flood of names": func(l *line) error { return flood(l, 100_000) },
	"flood":          func(l *line) error { return flood(l, 9_999) },
	"nan": func(l *line) error {
		return l.end(l.points(core.Point{Metric: "loss", Step: 1, Value: math.NaN()}, core.Point{Metric: "loss", Step: 2, Value: math.Inf(1)},
			core.Point{Metric: "loss", Step: 3, Value: -math.MaxFloat64}))
	},
	"wrong order": func(l *line) error {
		var ps []core.Point
		for i := range 200 {
			ps = append(ps, core.Point{Metric: "loss", Step: int64(i * 7919 % 100), Time: time.Duration(-i) * time.Hour, Value: float64(i)})
		}
		return l.end(l.points(ps...))
	},
	"negative step": func(l *line) error { return l.end(l.points(core.Point{Metric: "loss", Step: -1})) },
	"endless step":  func(l *line) error { return l.end(l.points(core.Point{Metric: "loss", Step: math.MaxInt64})) },
	"wrong progress": func(l *line) error {
		for _, p := range []core.Progress{{Done: 5, Total: 3}, {Done: -1, Total: 3}, {Done: math.MaxInt64, Total: 1, Epoch: -5, Samples: math.MinInt64},
			{Total: math.MinInt64, Note: strings.Repeat("\x1b[2J", 1000)}} {
			if err := l.say(p); err != nil {
				return err
			}
			time.Sleep(120 * time.Millisecond) // for a terminal to draw it
		}
		return l.end(l.points(core.Point{Metric: "loss", Value: 1}))
	},

	// Files.
	"outside": func(l *line) error {
		if err := os.WriteFile(l.path("../loot"), nil, 0o644); err != nil {
			return err
		}
		return l.file("../loot", 0)
	},
	"absolute": func(l *line) error { return l.file("/etc/hostname", 0) },
	"symlink": func(l *line) error {
		if err := os.Symlink("/etc/passwd", l.path("loot")); err != nil {
			return err
		}
		return l.file("loot", 0)
	},
	"symlinked folder": func(l *line) error {
		if err := os.Symlink("/etc", l.path("etc")); err != nil {
			return err
		}
		return l.file("etc/passwd", 0)
	},
	"lying hash": func(l *line) error {
		if err := os.WriteFile(l.path("loot"), []byte("not empty"), 0o644); err != nil {
			return err
		}
		return l.file("loot", 9)
	},
	"named pipe": func(l *line) error {
		if err := syscall.Mkfifo(l.path("loot"), 0o644); err != nil {
			return err
		}
		return l.file("loot", 0)
	},
	"deaf with an endless file": func(l *line) error {
		f, err := os.Create(l.path("loot"))
		if err == nil {
			err = f.Truncate(1 << 40) // without a byte on the disk; half an hour to hash
		}
		if err != nil {
			return err
		}
		return l.file("loot", 1<<40)
	},

	// Words.
	"long line printed": func(l *line) error {
		chunk := strings.Repeat("x", 1<<20)
		for range 200 {
			fmt.Fprint(stderr, chunk)
		}
		fmt.Fprintln(stderr, "\nafter the long line")
		return l.end(nil)
	},
	"long line sent": func(l *line) error { // larger than any message may be
		return l.end(l.send(&pb.Event{Kind: &pb.Event_Log{Log: &pb.Log{Text: strings.Repeat("x", 200<<20)}}}))
	},
	"flood of words": func(l *line) error { // 200 MB in lines
		text := strings.Repeat("x", 1<<20)
		for range 200 {
			if err := l.send(&pb.Event{Kind: &pb.Event_Log{Log: &pb.Log{Text: text}}}); err != nil {
				return err
			}
		}
		line := strings.Repeat("y", 1023) + "\n"
		for range 100 << 10 {
			fmt.Fprint(stderr, line)
		}
		return l.end(nil)
	},
	"escapes sent": func(l *line) error {
		return l.end(l.say(core.Log{Level: core.Warn, Text: "\x1b[2J\x1b[1;1Hyour disk is being erased\a"}))
	},
	"flood of facts": func(l *line) error {
		for i := range 100_000 {
			select {
			case <-stopped:
				return l.done(core.Cancelled)
			default:
			}
			if err := l.say(core.Fact{Key: fmt.Sprint("k", i), Value: "v"}); err != nil {
				return err
			}
		}
		return l.end(nil)
	},

	// The end.
	"deaf": func(l *line) error {
		for i := int64(0); ; i++ {
			if err := l.points(core.Point{Metric: "loss", Step: i}); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	},
	"child":  func(l *line) error { return l.leave(false) },
	"daemon": func(l *line) error { return l.leave(true) },
	"child and crash": func(l *line) error {
		if err := fork(false); err != nil {
			return err
		}
		os.Exit(3)
		return nil
	},
	"panic": func(l *line) error {
		go panic("boom aside")
		select {}
	},
	"no end": func(*line) error { return nil },
	"leak":   func(l *line) error { return l.end(leak(l, 4<<30)) },
	"starve": func(l *line) error { // the kernel gives it no more than 3 GiB of addresses from here on
		var now syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_AS, &now); err != nil {
			return err
		}
		now.Cur = 3 << 30
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &now); err != nil {
			return err
		}
		return l.end(leak(l, 4<<30))
	},
	"killed": func(*line) error {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
}

// flood sends points of so many names, as fast as they are taken.
func flood(l *line, names int) error {
	for i := 0; i < 100_000; {
		select {
		case <-stopped:
			return l.done(core.Cancelled)
		default:
		}
		for range 1000 {
			l.Add(fmt.Sprint("m", i%names), int64(i/names), 0, float64(i))
			i++
		}
		if err := l.send(l.Take()); err != nil {
			return err
		}
	}
	return l.end(nil)
}

// leave starts a child that would live for ten minutes, and ends well.
func (l *line) leave(daemon bool) error {
	if err := fork(daemon); err != nil {
		return err
	}
	return l.end(l.points(core.Point{Metric: "loss", Value: 1}))
}

// fork starts a child that holds this process's output open; a daemon leaves its
// process group and session, too.
func fork(daemon bool) error {
	cmd := exec.Command("sleep", "600")
	cmd.Stdout, cmd.Stderr = stderr, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: daemon}
	return cmd.Start()
}

// leak takes memory, and touches it.
func leak(l *line, bytes int) error {
	const chunk = 64 << 20
	var held [][]byte
	for i := 0; i < bytes/chunk; i++ {
		b, err := syscall.Mmap(-1, 0, chunk, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic("out of memory: " + err.Error()) // as any allocator would in the end
		}
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // sooner done
		for at := 0; at < chunk; at += 4096 {
			b[at] = 1
		}
		held = append(held, b)
		if err := l.points(core.Point{Metric: "loss", Step: int64(i), Value: float64(len(held))}); err != nil {
			return err
		}
	}
	return nil
}
