package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// neighbour is a process that uses one core when told to.
type neighbour struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

func startNeighbour(self, kind string) (*neighbour, error) {
	cmd := exec.Command(self, "-serve", kind)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := &tail{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // one that is not there would make the others look good
		cmd.Wait()
		return nil, fmt.Errorf("busy neighbour: %s", said.last(err.Error()))
	}
	return &neighbour{cmd, in}, nil
}

func (n *neighbour) spin() { io.WriteString(n.in, "spin\n"); time.Sleep(settle) }
func (n *neighbour) rest() { io.WriteString(n.in, "rest\n"); time.Sleep(settle) }

func (n *neighbour) close() {
	n.in.Close()
	n.cmd.Wait()
}

// beBusy computes between a line "spin" and a line "rest", until in ends.
func beBusy(pinned bool, in io.Reader) error {
	var busy, done atomic.Bool
	idle := make(chan struct{}, 1)
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if pinned {
			if err := pin(); err != nil {
				failed <- err
				return
			}
		}
		close(failed)
		x := 1.0
		for !done.Load() {
			if !busy.Load() {
				<-idle
				continue
			}
			for range 1000 {
				x = x*0.999 + 1
			}
		}
		sum.Store(x > 0)
	}()
	if err := <-failed; err != nil {
		return err
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		busy.Store(strings.TrimSpace(lines.Text()) == "spin")
		select {
		case idle <- struct{}{}:
		default:
		}
	}
	done.Store(true)
	return lines.Err()
}

var sum atomic.Bool // what the loop comes to, so that it has to run
