package family_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"lab/core"
	"lab/core/family"
	"lab/core/host"
)

// bowlParams are the parameters of a recipe: steps, lr, optim.momentum.
type bowlParams struct {
	Steps int     `default:"3" min:"1" doc:"steps of the descent"`
	LR    float64 `default:"0.25" min:"0" doc:"learning rate"`
	Optim struct {
		Momentum float64 `default:"0" min:"0" max:"1" doc:"share of the last step that is kept"`
	}
}

// bowl is a family whose one recipe walks down x².
var bowl = family.Family{Name: "bowl", Version: "1.0.0", Doc: "walks down a bowl", Recipes: []family.Recipe{
	family.NewRecipe("descend", "gradient descent on x²", descend,
		family.Metric("loss", "", core.Lower, "height above the ground"), family.Resumes()),
}}

func descend(s *family.Session, p bowlParams) error {
	x, v := 4.0, 0.0
	step, err := s.Resume(func(r io.Reader) error { _, err := fmt.Fscan(r, &x, &v); return err })
	if err != nil {
		return err
	}
	for ; step < p.Steps; step++ {
		if s.Stopped() {
			return s.Checkpoint(step, func(w io.Writer) error { _, err := fmt.Fprintln(w, x, v); return err })
		}
		v = p.Optim.Momentum*v - p.LR*2*x
		x += v
		s.Log(step+1, "loss", x*x)
		s.Progress(core.Progress{Done: int64(step + 1), Total: int64(p.Steps)})
	}
	loss, at, _ := s.Best("loss")
	s.Printf("best loss %v at step %d", loss, at)
	return s.Text("where", 0, fmt.Sprintln("x =", x))
}

// All of a plugin's main.
func ExampleServe() {
	if os.Getenv("LAB_PLUGIN_COOKIE") == "" { // not started by lab: Serve would say so and exit
		fmt.Println("lab-plugin-bowl: to be started by lab")
		return
	}
	family.Serve(bowl)
	// Output: lab-plugin-bowl: to be started by lab
}

// A struct becomes the parameters of a recipe, with types, defaults, bounds and words.
func ExampleNewRecipe() {
	d, err := bowl.Describe()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range d.Recipes[0].Params {
		fmt.Printf("%s %s = %s  %s\n", p.Key, p.Type, p.Default, p.Doc)
	}
	_, err = d.Recipes[0].Resolve("bowl", []core.Override{{Key: "optim.momentum", Value: "2"}})
	fmt.Println(err)
	// Output:
	// steps int = 3  steps of the descent
	// lr float = 0.25  learning rate
	// optim.momentum float = 0  share of the last step that is kept
	// seed int = 0  seed of every random stream; the same seed gives the same bits
	// parameter optim.momentum: 2 is out of range: must be at most 1
}

// What a recipe says reaches a sink, in order. Here host and family are one process, as
// under lab run --in-process.
func ExampleSession() {
	out := run(bowl, "", "steps=2")
	fmt.Print(out)
	// Output:
	// loss at step 1: 4
	// loss at step 2: 1
	// log: best loss 1 at step 2
	// text where: artifacts/where.txt
	// finished
}

// A recipe that is stopped writes where it stands, and goes on from there.
func ExampleSession_Checkpoint() {
	first := run(bowl, "stop at 2", "steps=1000000", "lr=0")
	fmt.Print(first)
	// Output:
	// loss at step 1: 16
	// loss at step 2: 16
	// checkpoint
	// cancelled
}

// printer is a sink that prints what it hears.
type printer struct {
	bytes.Buffer
	stop   context.CancelFunc // at the second point
	points int
}

func (p *printer) Put(e core.Event) error {
	switch e := e.(type) {
	case core.Metrics:
		for _, q := range e.Points {
			if p.points++; p.stop == nil || p.points <= 2 {
				fmt.Fprintf(p, "%s at step %d: %v\n", q.Metric, q.Step, q.Value)
			} else {
				p.stop()
			}
		}
	case core.Log:
		fmt.Fprintf(p, "log: %s\n", e.Text)
	case core.Artifact:
		fmt.Fprintf(p, "%s %s: %s\n", e.Kind, e.Name, e.Path)
	case core.Checkpoint:
		fmt.Fprintln(p, "checkpoint")
	case core.Done:
		fmt.Fprintln(p, e.Status)
	}
	return nil
}

// run trains a family's first recipe and returns what it said.
func run(f family.Family, when string, overrides ...string) string {
	p, err := host.InProcess(f.Name, f.Register, host.Options{})
	if err != nil {
		return err.Error()
	}
	defer p.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(dir)
	var given []core.Override
	for _, o := range overrides {
		key, value, _ := strings.Cut(o, "=")
		given = append(given, core.Override{Key: key, Value: value})
	}
	params, err := p.Family.Recipes[0].Resolve(f.Name, given)
	if err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &printer{}
	if when != "" {
		out.stop = cancel
	}
	if o := p.Train(ctx, core.RunSpec{Recipe: p.Family.Recipes[0].Name, Params: params, Dir: dir}, out); o.Status == core.Failed {
		return o.Reason
	}
	return out.String()
}
