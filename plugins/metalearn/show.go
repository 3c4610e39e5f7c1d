package metalearn

import (
	"fmt"
	"strconv"

	"lab/core/picture"
)

// What an exam leaves to be looked at: how results change with the steps of adaptation,
// and for numbers how the curve comes to fit its points.

// curve records the means over the tasks and their 95 % intervals, by steps of adaptation,
// as a picture and a table.
func (e *exam) curve(step int, results []marks) error {
	header, rows := []string{"steps"}, make([][]string, len(results))
	steps := make([]float64, len(results))
	for k := range results {
		steps[k] = float64(k)
		rows[k] = []string{strconv.Itoa(k)}
	}
	for _, name := range e.names() {
		header = append(header, name, name+"_ci95")
		line := picture.Series{X: steps}
		for k, r := range results {
			mean, half := interval(r[name])
			line.Y, line.Spread = append(line.Y, mean), append(line.Spread, half)
			rows[k] = append(rows[k], fmt.Sprintf("%.5g", mean), fmt.Sprintf("%.3g", half))
		}
		img, err := picture.Chart{Title: fmt.Sprintf("%s of %d new tasks, iteration %d", name, e.c.TestTasks, step),
			X: picture.Axis{Label: "steps of adaptation"}, Series: []picture.Series{line}}.Draw()
		if err != nil {
			return err
		}
		if err := e.c.s.Image("adaptation-"+name, step, img); err != nil {
			return err
		}
	}
	return e.c.s.Table("adaptation", step, header, rows)
}

// fit records the first task of the last run: the curve that it asks for, and the
// learner's after some numbers of steps.
func (e *exam) fit(step int) error {
	task := func(n []float32) (first []float64) {
		for _, v := range n[:len(n)/e.tasks.n] {
			first = append(first, float64(v))
		}
		return first
	}
	x := task(e.Value(e.tasks.queryX))
	series := []picture.Series{{Name: "task", X: x, Y: task(e.Value(e.tasks.queryY))}}
	last := len(e.outputs) - 1
	for _, after := range []struct {
		steps int
		name  string
	}{{0, "before adapting"}, {1, "after a step"}, {last, fmt.Sprintf("after %d steps", last)}} {
		series = append(series, picture.Series{Name: after.name, X: x, Y: task(e.Value(e.outputs[after.steps]))})
	}
	series = append(series, picture.Series{Name: "points to adapt to", X: task(e.Value(e.tasks.x)), Y: task(e.Value(e.tasks.y)), Points: true})
	img, err := picture.Chart{Title: fmt.Sprintf("a new task, iteration %d", step), X: picture.Axis{Label: "x"}, Y: picture.Axis{Label: "y"}, Series: series}.Draw()
	if err != nil {
		return err
	}
	return e.c.s.Image("fit", step, img)
}
