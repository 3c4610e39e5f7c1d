// Command rl measures how many steps of CartPole-v1 a second go into PPO, learning
// included: lab's recipe, as a whole recorded run from the start of the command to its
// end, against CleanRL's ppo.py at the same settings (bench/pytorch/ppo_cartpole.py),
// whose clock leaves out the start of Python and PyTorch. In turns.
//
//	LAB_PYTHON=python go run ./bench/rl [-steps 200000] [-rounds 3] [-threads 1]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	steps := flag.Int("steps", 200_000, "`steps` of lab's run; the peer takes a tenth")
	rounds := flag.Int("rounds", 3, "`rounds`, of which the median counts")
	threads := flag.Int("threads", 1, "`threads` of both")
	flag.Parse()
	if err := run(*steps, *rounds, *threads); err != nil {
		fmt.Fprintln(os.Stderr, "bench/rl:", err)
		os.Exit(1)
	}
}

func run(steps, rounds, threads int) error {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		return fmt.Errorf("LAB_PYTHON names no Python with torch and gymnasium (make python sets it up)")
	}
	dir, err := os.MkdirTemp("", "lab-bench-rl-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	lab := filepath.Join(dir, "lab")
	if out, err := exec.Command("go", "build", "-o", lab, "lab/cmd/lab").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	var ratios []float64
	for round := range rounds {
		ours, err := timeLab(lab, dir, steps, threads, round)
		if err != nil {
			return err
		}
		theirs, err := timeCleanRL(python, steps/10, threads)
		if err != nil {
			return err
		}
		ratios = append(ratios, ours/theirs)
		fmt.Printf("round %d, %d threads: lab %.0f steps/s, CleanRL %.0f steps/s: %.1f×\n", round+1, threads, ours, theirs, ours/theirs)
	}
	slices.Sort(ratios)
	fmt.Printf("median %.1f×\n", ratios[len(ratios)/2])
	return nil
}

// timeLab is the steps a second of a whole run, at CleanRL's settings.
func timeLab(lab, dir string, steps, threads, seed int) (float64, error) {
	start := time.Now()
	out, err := exec.Command(lab, "--home", filepath.Join(dir, "home"), "run", "plugin=rl", "recipe=ppo", "--threads", fmt.Sprint(threads),
		fmt.Sprintf("total_steps=%d", steps), fmt.Sprintf("seed=%d", seed), "envs=4", "steps=128", "epochs=4", "minibatches=4",
		"lr=2.5e-4", "clip_value=true", "eval_episodes=1").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("lab: %w\n%s", err, out)
	}
	return float64(steps) / time.Since(start).Seconds(), nil
}

func timeCleanRL(python string, steps, threads int) (float64, error) {
	cmd := exec.Command(python, "bench/pytorch/ppo_cartpole.py", fmt.Sprint(steps), fmt.Sprint(threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("ppo_cartpole.py: %w", err)
	}
	var said struct {
		Steps   int
		Seconds float64
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return 0, fmt.Errorf("ppo_cartpole.py said %q: %w", out, err)
	}
	return float64(said.Steps) / said.Seconds, nil
}
