package familytest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"lab/core"
	"lab/core/host"
)

// hostArg turns the program into a host that runs a recipe until it is killed. What
// it is to run is in the environment.
const (
	hostArg = "__familytest-host"
	taskEnv = "FAMILYTEST_TASK"
)

// task is what a host that is to be killed shall do.
type task struct {
	Candidate host.Candidate
	Recipe    string
	Overrides []string
	Dir       string
	DataDir   string
	From      string
}

// BeHost ends here when this process was started by the suite to be killed;
// otherwise it returns at once.
func BeHost() {
	if len(os.Args) != 2 || os.Args[1] != hostArg {
		return
	}
	if err := beHost(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// beHost runs a recipe and prints the plugin's process at the first event.
func beHost() error {
	var k task
	if err := json.Unmarshal([]byte(os.Getenv(taskEnv)), &k); err != nil {
		return err
	}
	p, err := host.Launch(context.Background(), k.Candidate, host.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	r, ok := p.Family.Recipe(k.Recipe)
	if !ok {
		return fmt.Errorf("no recipe %s", k.Recipe)
	}
	params, err := r.Resolve(p.Family.Name, parse(k.Overrides))
	if err != nil {
		return err
	}
	say := sync.OnceFunc(func() {
		fmt.Println(p.PID())
		time.Sleep(10 * time.Second) // to be killed in the middle of the run, however short that is
	})
	out := p.Train(context.Background(), core.RunSpec{Recipe: r.Name, Params: params, Dir: k.Dir, DataDir: k.DataDir, From: k.From, Threads: 1},
		&Record{hear: func(core.Event) { say() }})
	return out.Err
}
