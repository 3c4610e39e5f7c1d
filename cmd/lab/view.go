package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"lab/core"
)

// view shows a run while it trains: one block that is drawn over on a terminal, a
// line an epoch elsewhere. It writes to standard error.
type view struct {
	out    io.Writer
	title  string
	quiet  bool
	live   bool // on a terminal
	recipe *core.Recipe
	shown  map[string]bool // its metrics

	mu       sync.Mutex
	start    time.Time
	progress core.Progress
	first    core.Progress // to measure speed from
	firstAt  time.Time
	series   map[string][]float64 // of each metric, thinned
	last     map[string]float64
	every    map[string]int // how many points stand for one in series
	skipped  map[string]int
	warned   int
	drawn    int       // lines of the block on the screen
	drawnAt  time.Time // when
	epoch    int64     // last one that a line was printed for
}

const (
	seriesLength = 512 // what is kept of a metric for its spark line
	maxWarnings  = 20  // that are shown
)

func newView(a *app, title string, r *core.Recipe) *view {
	v := &view{out: a.err, title: title, quiet: a.quiet, recipe: r, start: time.Now(),
		series: map[string][]float64{}, last: map[string]float64{}, every: map[string]int{}, skipped: map[string]int{}}
	v.shown = map[string]bool{}
	for _, m := range r.Metrics {
		v.shown[m.Name] = true
	}
	v.live = onTerminal(a.err)
	return v
}

// show takes one event of the run.
func (v *view) show(e core.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := e.(type) {
	case core.Metrics:
		for _, p := range e.Points {
			if v.shown[p.Metric] {
				v.add(p.Metric, p.Value)
			}
		}
	case core.Progress:
		if v.firstAt.IsZero() {
			v.first, v.firstAt = e, time.Now()
		}
		v.progress = e
	case core.Log:
		if e.Level == core.Warn { // of a failure the last line tells, and the log
			v.warn(e.Text)
		}
		return
	}
	_, over := e.(core.Done)
	if v.quiet {
		return
	}
	if v.live {
		if time.Since(v.drawnAt) > 100*time.Millisecond {
			v.draw()
		}
	} else if p := v.progress; p.Epoch > v.epoch+1 || p.Total > 0 && p.Done == p.Total && p.Epoch > v.epoch && (v.scored(e) || over) {
		v.epoch = p.Epoch - 1
		if p.Done == p.Total {
			v.epoch = p.Epoch
		}
		v.line(v.epoch)
	}
}

// scored reports whether the event brings the headline metric: the last epoch's line
// waits for it, or for the end where it came before.
func (v *view) scored(e core.Event) bool {
	m, ok := e.(core.Metrics)
	if !ok || len(v.recipe.Metrics) == 0 {
		return ok
	}
	for _, p := range m.Points {
		if p.Metric == v.recipe.Metrics[0].Name {
			return true
		}
	}
	return false
}

// add keeps a value, or counts it as one of several that stand for one.
func (v *view) add(name string, x float64) {
	v.last[name] = x
	if v.every[name] == 0 {
		v.every[name] = 1
	}
	if v.skipped[name]++; v.skipped[name] < v.every[name] {
		return
	}
	v.skipped[name] = 0
	s := append(v.series[name], x)
	if len(s) > seriesLength {
		for i := 0; i < len(s)/2; i++ {
			s[i] = s[2*i+1]
		}
		s = s[:len(s)/2]
		v.every[name] *= 2
	}
	v.series[name] = s
}

// line prints one line for an epoch, for logs and pipes.
func (v *view) line(epoch int64) {
	text := fmt.Sprintf("%s  epoch %d", v.title, epoch)
	if v.progress.Epochs > 0 {
		text += fmt.Sprintf("/%d", v.progress.Epochs)
	}
	for _, m := range v.recipe.Metrics {
		if x, ok := v.last[m.Name]; ok {
			text += fmt.Sprintf("  %s %s", m.Name, number(x))
		}
	}
	fmt.Fprintf(v.out, "%s  %s\n", text, duration(time.Since(v.start)))
}

// draw draws the block over the one that is there.
func (v *view) draw() {
	width := columnsOf(v.out)
	if width == 0 {
		width = 80
	}
	p := v.progress
	head := v.title
	if p.Epoch > 0 {
		head += fmt.Sprintf("  epoch %d", p.Epoch)
		if p.Epochs > 0 {
			head += fmt.Sprintf("/%d", p.Epochs)
		}
	}
	if p.Total > 0 {
		head += fmt.Sprintf("  step %d/%d  ", p.Done, p.Total) + bar(float64(p.Done)/float64(p.Total), 24)
	}
	if dt := time.Since(v.firstAt).Seconds(); !v.firstAt.IsZero() && dt > 0.5 {
		if n := p.Samples - v.first.Samples; n > 0 {
			head += fmt.Sprintf("  %s/s", number(float64(int(float64(n)/dt))))
		}
		if n := p.Done - v.first.Done; n > 0 && p.Done < p.Total {
			head += "  " + duration(time.Duration(dt/float64(n)*float64(p.Total-p.Done)*float64(time.Second)).Round(time.Second)) + " left"
		}
	}
	if p.Note != "" {
		head += "  " + p.Note
	}
	lines := []string{head}
	for _, m := range v.recipe.Metrics {
		s := v.series[m.Name]
		if len(s) == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("  %-14s %9s  %s", m.Name, number(v.last[m.Name]), spark(s, min(48, max(8, width-30)))))
	}
	var b strings.Builder
	b.WriteString(v.erase())
	for _, l := range lines {
		if r := []rune(l); len(r) > width-1 {
			l = string(r[:width-1])
		}
		b.WriteString(l + "\n")
	}
	v.drawn, v.drawnAt = len(lines), time.Now()
	io.WriteString(v.out, b.String())
}

// erase is what takes the block off the screen.
func (v *view) erase() string {
	if v.drawn == 0 {
		return ""
	}
	s := fmt.Sprintf("\x1b[%dA\x1b[J", v.drawn)
	v.drawn = 0
	return s
}

func bar(share float64, width int) string {
	full := int(min(max(share, 0), 1)*float64(width) + 0.5)
	return strings.Repeat("━", full) + strings.Repeat("─", width-full)
}

// say prints a line above the block.
func (v *view) say(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.print(text)
}

func (v *view) warn(text string) {
	switch v.warned++; {
	case v.warned <= maxWarnings:
		v.print("warning: " + oneLine(text))
	case v.warned == maxWarnings+1:
		v.print("warning: further warnings are in the run's log alone")
	}
}

func (v *view) print(text string) {
	io.WriteString(v.out, v.erase()+"lab: "+text+"\n")
	if v.live && !v.quiet {
		v.draw()
	}
}

// close leaves the last state on the screen.
func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live && !v.quiet && v.progress.Done > 0 {
		v.draw()
	}
}
