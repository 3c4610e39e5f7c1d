package host

import (
	"fmt"

	"lab/core"
	"lab/core/internal/wire"
)

// Outcome is how a run ended. It is the truth about it: the sink gets a
// [core.Done] only if the plugin said one, and what the plugin said counts only
// if it kept the contract.
type Outcome struct {
	Status   core.Status // Finished, Failed, Cancelled or Crashed
	Reason   string      // one line; "" when finished
	Err      error       // nil when finished; else with a kind, and a suggestion where there is one
	ExitCode int         // of a plugin that crashed; -1 if a signal killed it
	Signal   string      // that killed a plugin that crashed, "SIGKILL"
}

func failed(err error) Outcome {
	return Outcome{Status: core.Failed, Reason: err.Error(), Err: err}
}

func cancelled(reason string) Outcome {
	return Outcome{Status: core.Cancelled, Reason: reason, Err: &core.Error{Kind: core.Interrupted, Msg: reason}}
}

// crashed tells of a process that ended by itself in the middle of a run.
func (p *Plugin) crashed() Outcome {
	text, code, signal := p.proc.end()
	msg := fmt.Sprintf("plugin %s died: %s", p.name, text)
	if death, _ := p.out.words(); death != "" {
		msg += ": " + death
	}
	return Outcome{Status: core.Crashed, Reason: msg, Err: p.fault("%s", msg), ExitCode: code, Signal: signal}
}

// fault is an error that is the plugin's and not the user's. However much the
// plugin said, it is one line that can be read.
func (p *Plugin) fault(format string, args ...any) error {
	return &core.Error{Kind: core.PluginError, Msg: wire.OneLine(fmt.Sprintf(format, args...))}
}
