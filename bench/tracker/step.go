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

// steps is a family whose recipe does nothing but steps of a millisecond, on every
// core, as a training does. In every other block of steps it logs a point a step.
var steps = family.Family{Name: "bench-steps", Version: "1.0.0", Doc: "steps of a millisecond", Recipes: []family.Recipe{
	family.NewRecipe("steps", "steps of a millisecond, with and without logging", train,
		family.Metric("loss", "", core.Lower, "something to log")),
}}

type stepParams struct {
	Blocks int `default:"20" min:"2" doc:"blocks of steps, half of them with logging"`
	Block  int `default:"400" min:"1" doc:"steps in a block"`
}

// train reports, as facts, the least milliseconds that a block took with and without
// logging, and the median of the ratios of neighbours.
func train(s *family.Session, p stepParams) error {
	work := calibrate()
	var with, without []float64
	for block := range p.Blocks {
		begin := time.Now()
		for i := range p.Block {
			work()
			if step := block*p.Block + i; block%2 == 1 {
				s.Log(step, "loss", 1/float64(step+1))
			}
		}
		ms := float64(time.Since(begin).Microseconds()) / 1e3
		if block%2 == 1 {
			with = append(with, ms)
		} else {
			without = append(without, ms)
		}
	}
	var ratios []float64
	for i := range with {
		ratios = append(ratios, with[i]/without[i])
	}
	s.Fact("bench.ratio", core.FormatFloat(median(ratios)))
	s.Fact("bench.best_ratio", core.FormatFloat(slices.Min(with)/slices.Min(without)))
	s.Fact("bench.step_ms", core.FormatFloat(median(without)/float64(p.Block)))
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

// step runs the recipe as lab does: another process, gRPC, host, tracker.
func (b *bench) step() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cost := row{what: "a training step that logs 1,000 points/s takes longer by", bar: "≤ 1", unit: "%", kept: atMost(1), lower: true}
	least := row{what: "  by the calmest blocks of either kind", unit: "%", lower: true}
	for range b.rounds {
		facts, err := b.trainOnce(exe)
		if err != nil {
			return err
		}
		for key, r := range map[string]*row{"bench.ratio": &cost, "bench.best_ratio": &least} {
			v, err := strconv.ParseFloat(facts[key], 64)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			r.values = append(r.values, 100*(v-1))
		}
	}
	b.add(cost)
	b.add(least)
	return nil
}

func (b *bench) trainOnce(exe string) (map[string]string, error) {
	db, home, err := b.open("step")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(home)
	defer db.Close()
	p, err := host.Launch(b.ctx, host.Candidate{Name: steps.Name, Path: exe, Bundled: true}, host.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	recipe, _ := p.Family.Recipe("")
	params, err := recipe.Resolve(steps.Name, nil)
	if err != nil {
		return nil, err
	}
	r, err := db.Start(tracker.NewRun{Family: steps.Name, Recipe: recipe.Name, Params: params, Metrics: recipe.Metrics})
	if err != nil {
		return nil, err
	}
	out := p.Train(b.ctx, core.RunSpec{Recipe: recipe.Name, Params: params, Dir: r.Dir(), Threads: runtime.NumCPU()}, r)
	if err := r.Close(tracker.Exit{Status: out.Status, Reason: out.Reason}); err != nil {
		return nil, err
	}
	if out.Err != nil {
		return nil, out.Err
	}
	d, err := db.Show(b.ctx, r.UID())
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for _, f := range d.Facts {
		facts[f.Key] = f.Value
	}
	return facts, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
