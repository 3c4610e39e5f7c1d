package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"lab/core"
	"lab/core/family"
	"lab/core/host"
	"lab/tracker"
)

// steps is a family whose recipes do nothing but steps of a millisecond.
var steps = family.Family{Name: "bench-steps", Version: "1.0.0", Doc: "steps of a millisecond", Recipes: []family.Recipe{
	family.NewRecipe("busy", "steps on every core, as a training's, with and without logging", busy, logged),
	family.NewRecipe("idle", "steps that only wait, so that all CPU time is the logging's", idle, logged),
}}

var logged = family.Metric("loss", "", core.Lower, "something to log")

type busyParams struct {
	Rounds int `default:"12" min:"2" doc:"rounds of three blocks of steps, of which one logs"`
	Log    int `default:"600" min:"1" doc:"steps of a block that may log"`
	Tail   int `default:"200" min:"0" doc:"steps after those, in which the last points find their way"`
}

// busy compares blocks that log 1,000 points a second with blocks that do not. Each
// round has one that logs and two that do not, in an order that rotates, so that
// drift hits all alike; the two tell how far blocks of one kind are apart. It reports
// the medians of its rounds, in percent of the time of a step.
func busy(s *family.Session, p busyParams) error {
	work := calibrate()
	step := 0
	block := func(logs bool) float64 {
		begin := time.Now()
		points := 0
		for i := range p.Log + p.Tail {
			work()
			for ; logs && i < p.Log && points < int(time.Since(begin).Milliseconds()); points++ {
				s.Log(step, "loss", 1/float64(step+1))
				step++
			}
		}
		return time.Since(begin).Seconds()
	}
	var cost, noise []float64
	for round := range p.Rounds {
		var seconds [3]float64 // logging; not; not
		for k := range seconds {
			kind := (round + k) % 3
			seconds[kind] = block(kind == 0)
		}
		share := 100 * float64(p.Log+p.Tail) / float64(p.Log)
		cost = append(cost, share*(2*seconds[0]/(seconds[1]+seconds[2])-1))
		noise = append(noise, share*(seconds[1]/seconds[2]-1))
	}
	s.Fact("bench.cost", core.FormatFloat(median(cost)))
	s.Fact("bench.noise", core.FormatFloat(math.Abs(median(noise))))
	return nil
}

type idleParams struct {
	Seconds int `default:"4" min:"1" doc:"how long"`
	Points  int `default:"1" min:"0" doc:"points a step"`
}

// idle reports the CPU time of its process, in percent of one core.
func idle(s *family.Session, p idleParams) error {
	begin, used := time.Now(), cpuTime()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	step := 0
	for time.Since(begin) < time.Duration(p.Seconds)*time.Second {
		<-tick.C
		for range p.Points {
			s.Log(step, "loss", 1/float64(step+1))
			step++
		}
	}
	s.Fact("bench.cpu", core.FormatFloat(100*(cpuTime()-used).Seconds()/time.Since(begin).Seconds()))
	return nil
}

// calibrate returns work that takes all cores about a millisecond.
func calibrate() func() {
	spin := func(n int) float64 {
		x := 0.0
		for i := range n {
			x += math.Sqrt(float64(i))
		}
		return x
	}
	n := 1000
	for {
		begin := time.Now()
		runtime.KeepAlive(spin(n))
		if d := time.Since(begin); d > 20*time.Millisecond {
			n = int(float64(n) * float64(time.Millisecond) / float64(d))
			break
		}
		n *= 2
	}
	cores := runtime.NumCPU()
	sums := make([]float64, cores)
	return func() {
		var wg sync.WaitGroup
		for c := range cores {
			wg.Go(func() { sums[c] = spin(n) })
		}
		wg.Wait()
		runtime.KeepAlive(sums)
	}
}

// step runs the recipes as lab does: another process, gRPC, host, tracker.
func (b *bench) step() error {
	cost := row{what: "a training step that logs 1,000 points/s takes longer by", bar: "≤ 1", unit: "%", kept: atMost(1), lower: true}
	noise := row{what: "  two steps that do not log, one against the other", unit: "%", lower: true}
	plugin := row{what: "  CPU time of logging them in the recipe's process", unit: "% of a core", lower: true}
	rest := row{what: "  and in lab's, database and all", unit: "% of a core", lower: true}
	for range b.rounds {
		facts, _, err := b.trainOnce("busy", nil)
		if err != nil {
			return err
		}
		cost.values, noise.values = append(cost.values, facts["bench.cost"]), append(noise.values, facts["bench.noise"])
		var own, others [2]float64
		for points := range own {
			facts, used, err := b.trainOnce("idle", []core.Override{{Key: "points", Value: strconv.Itoa(points)}})
			if err != nil {
				return err
			}
			own[points], others[points] = facts["bench.cpu"], used
		}
		plugin.values, rest.values = append(plugin.values, own[1]-own[0]), append(rest.values, others[1]-others[0])
	}
	for _, r := range []row{cost, noise, plugin, rest} {
		b.add(r)
	}
	return nil
}

// trainOnce returns what the recipe measured, and the CPU time that this process took
// meanwhile in percent of a core.
func (b *bench) trainOnce(name string, overrides []core.Override) (facts map[string]float64, used float64, err error) {
	db, home, err := b.open("step")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(home)
	defer db.Close()
	exe, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	p, err := host.Launch(b.ctx, host.Candidate{Name: steps.Name, Path: exe, Bundled: true}, host.Options{})
	if err != nil {
		return nil, 0, err
	}
	defer p.Close()
	recipe, _ := p.Family.Recipe(name)
	params, err := recipe.Resolve(steps.Name, overrides)
	if err != nil {
		return nil, 0, err
	}
	r, err := db.Start(tracker.NewRun{Family: steps.Name, Recipe: recipe.Name, Params: params, Metrics: recipe.Metrics})
	if err != nil {
		return nil, 0, err
	}
	begin, cpu := time.Now(), cpuTime()
	out := p.Train(b.ctx, core.RunSpec{Recipe: recipe.Name, Params: params, Dir: r.Dir(), Threads: runtime.NumCPU()}, r)
	used = 100 * (cpuTime() - cpu).Seconds() / time.Since(begin).Seconds()
	if err := r.Close(tracker.Exit{Status: out.Status, Reason: out.Reason}); err != nil {
		return nil, 0, err
	}
	if out.Err != nil {
		return nil, 0, out.Err
	}
	d, err := db.Show(b.ctx, r.UID())
	if err != nil {
		return nil, 0, err
	}
	facts = map[string]float64{}
	for _, f := range d.Facts {
		if facts[f.Key], err = core.ParseFloat(f.Value); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return facts, used, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
