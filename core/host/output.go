package host

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"lab/core"
	"lab/core/internal/wire"
)

// keepLines is how many lines are kept that are printed while no run listens.
const keepLines = 200

// output is what a plugin's process prints. While a run goes on the lines are its
// log; what comes before or between is kept, up to a limit, for the next run's.
type output struct {
	mu     sync.Mutex
	to     func(core.Event) // the run that listens
	kept   []core.Log
	last   string // the last line that was not empty
	death  string // "panic: …" or "fatal error: …", once the Go runtime wrote it
	speaks string // versions of the contract, "2,3", where it has none in common with the host
}

// versionsForm is the line by which a plugin gives up for want of a common version.
var versionsForm = regexp.MustCompile(`^` + wire.VersionsLine + `(\d+(?:,\d+)*)\s*$`)

func (o *output) copy(r io.Reader) { eachLine(r, o.line) }

func (o *output) line(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := versionsForm.FindStringSubmatch(text); m != nil {
		o.speaks = m[1]
	}
	if strings.TrimSpace(text) != "" {
		o.last = text
	}
	if o.death == "" && (strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		o.death = text
	}
	l := parseLine(text)
	if o.death != "" {
		l.Level = core.Fail
	}
	o.put(l)
}

func (o *output) put(l core.Log) {
	if o.to != nil {
		o.to(l)
		return
	}
	if len(o.kept) == keepLines {
		o.kept = slices.Delete(o.kept, 0, 1)
	}
	o.kept = append(o.kept, l)
}

// listen sends what was kept, and every line from now on, to a run; nil ends it.
func (o *output) listen(to func(core.Event)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
	if to != nil {
		for _, l := range o.kept {
			to(l)
		}
		o.kept = nil
	}
}

// words are what the process said about its death, or else its last line.
func (o *output) words() (death, last string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.death, o.last
}

// versions are those that the plugin gave up with, or "".
func (o *output) versions() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.speaks
}

// parseLine reads hclog's form of JSON; any other line is taken as it is.
func parseLine(text string) core.Log {
	var m map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &m) != nil || m["@message"] == nil {
		return core.Log{Text: text}
	}
	l := core.Log{Text: fmt.Sprint(m["@message"])}
	switch m["@level"] {
	case "warn", "error":
		l.Level = core.Warn
	}
	var rest []string
	for k, v := range m {
		if !strings.HasPrefix(k, "@") {
			rest = append(rest, fmt.Sprintf(" %s=%v", k, v))
		}
	}
	slices.Sort(rest)
	l.Text += strings.Join(rest, "")
	return l
}
