package familytest

import (
	"context"
	"fmt"
	"os"
	"sync"

	"lab/core"
	"lab/core/host"
)

// hostArg turns the test program into a host that runs a recipe until it is killed.
const hostArg = "__familytest-host"

const (
	dirEnv  = "FAMILYTEST_DIR"
	dataEnv = "FAMILYTEST_DATA"
	fromEnv = "FAMILYTEST_FROM"
)

// beHost runs a recipe and prints the plugin's process at the first event.
func beHost(name, recipe string, overrides []string) {
	err := func() error {
		c, err := (&host.Finder{Bundled: []string{name}}).Find(name)
		if err != nil {
			return err
		}
		p, err := host.Launch(context.Background(), c, host.Options{})
		if err != nil {
			return err
		}
		defer p.Close()
		r, _ := p.Family.Recipe(recipe)
		params, err := r.Resolve(name, parse(overrides))
		if err != nil {
			return err
		}
		say := sync.OnceFunc(func() { fmt.Println(p.PID()) })
		out := p.Train(context.Background(), core.RunSpec{Recipe: recipe, Params: params, Dir: os.Getenv(dirEnv),
			DataDir: os.Getenv(dataEnv), From: os.Getenv(fromEnv), Threads: 1}, &Record{hear: func(core.Event) { say() }})
		return out.Err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
