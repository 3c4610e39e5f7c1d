// Package host finds, checks, starts and supervises plugins, and carries what a
// run says into a [core.Sink]. It turns everything that can happen to a process
// (a crash, a kill, silence, a lie about a file) into one [Outcome].
//
// It must not know the database, the terminal or any family: cmd/lab brings the
// three together. Start with find.go, then launch.go and train.go.
//
// go-plugin does the handshake, the certificates and the connection. Starting
// and watching the process is ours (process.go), because go-plugin's
// own way takes a stray line on standard output for a broken handshake, waits for
// pipes that a grandchild may hold open before it notices a death, and gives the
// plugin the terminal's input.
package host
