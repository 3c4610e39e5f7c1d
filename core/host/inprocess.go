package host

import (
	"context"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// InProcess serves a family within this process, for a debugger and for tests:
// the same messages go over a connection in memory. Register is
// family.Family.Register. A crash of the family takes this process with it, what
// it prints is not logged, and a run that ignores Stop cannot be killed.
func InProcess(name string, register func(grpc.ServiceRegistrar), o Options) (*Plugin, error) {
	server := grpc.NewServer()
	register(server)
	l := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = server.Serve(l) }() // ends with server.Stop
	conn, err := grpc.NewClient("passthrough:///memory",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(l.dial),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage)))
	if err != nil {
		server.Stop()
		return nil, err
	}
	p := &Plugin{name: name, options: o.filled(), client: pb.NewFamilyClient(conn), out: &output{}, Protocol: wire.Version}
	p.close = sync.OnceFunc(func() {
		conn.Close()
		server.Stop()
	})
	ctx, cancel := context.WithTimeout(context.Background(), p.options.StartTimeout)
	defer cancel()
	if err := p.describe(ctx, name); err != nil {
		p.close()
		said, _ := wire.FromStatus(err)
		return nil, p.fault("plugin %s: %v", name, said)
	}
	return p, nil
}

// memory is a listener whose connections never leave the process.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memory) dial(ctx context.Context, _ string) (net.Conn, error) {
	theirs, ours := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memory) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }
