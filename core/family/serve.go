package family

import (
	"fmt"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"lab/core/internal/wire"
)

// Serve is all of a plugin's main: it serves the family to the lab that started
// this process and returns when that is done with it. Started by hand, it says
// what the program is and exits with 1.
func Serve(f Family) {
	if os.Getenv(wire.Handshake.MagicCookieKey) != wire.Handshake.MagicCookieValue {
		fmt.Fprintln(os.Stderr, manual(f))
		os.Exit(1)
	}
	if _, err := f.Describe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !wire.InCommon(os.Getenv(wire.HostVersionsEnv), wire.Versions) {
		fmt.Fprintln(os.Stderr, wire.VersionsLine+wire.List(wire.Versions))
		os.Exit(1)
	}
	if err := watchHost(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s\n", err, manual(f))
		os.Exit(1)
	}
	// From here on whatever is printed to standard output, by anyone, goes to
	// standard error; only the handshake goes where standard output went.
	out, err := takeStdout()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	oldOut, oldErr := os.Stdout, os.Stderr
	os.Stdout = out // go-plugin prints the handshake to it
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: wire.Handshake,
		VersionedPlugins: wire.Serving(&server{family: f, called: sync.OnceFunc(func() {
			// go-plugin has put pipes in their place that it reads over the
			// connection: what is in them is lost when the process dies.
			os.Stdout, os.Stderr = oldOut, oldErr
		})}),
		GRPCServer: plugin.DefaultGRPCServer,
		Logger:     hclog.New(&hclog.LoggerOptions{Name: f.Name, Level: hclog.Error, Output: oldErr, JSONFormat: true}),
	})
	removeSocket(os.Getenv(plugin.EnvUnixSocketDir)) // the host may be killed before it does
}

// ServeBundled is the first line of the main of a program that is host and
// plugin at once. When the program was started as one of its own families it
// serves that family and exits; otherwise it returns at once.
func ServeBundled(families ...Family) {
	if len(os.Args) < 2 || os.Args[1] != wire.BundledArg {
		return
	}
	for _, f := range families {
		if len(os.Args) == 3 && os.Args[2] == f.Name {
			Serve(f)
			os.Exit(0)
		}
	}
	fmt.Fprintf(os.Stderr, "lab: %q is not bundled\n", os.Args[2:])
	os.Exit(1)
}

// manual is what someone reads who starts a plugin by hand.
func manual(f Family) string {
	return fmt.Sprintf(`lab-plugin-%[1]s %[2]s: %[3]s
This program is a plugin of lab, which starts it when it is needed. Put it into
~/.local/share/lab/plugins, or into a folder named by LAB_PLUGIN_PATH, then:
    lab plugins %[1]s
    lab run plugin=%[1]s`, f.Name, f.Version, f.Doc)
}
