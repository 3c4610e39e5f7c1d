package family

import (
	"context"
	"sync"

	"google.golang.org/grpc"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// server answers the host for one family.
type server struct {
	pb.UnimplementedFamilyServer
	family Family
	called func() // before anything else at every call; may be nil

	mu   sync.Mutex
	stop func() // stops the run that is going on; nil if there is none
}

func (v *server) Describe(context.Context, *pb.DescribeRequest) (*pb.Description, error) {
	v.enter()
	d, err := v.family.Describe()
	if err != nil {
		return nil, wire.ToStatus(&core.Error{Kind: core.PluginError, Err: err})
	}
	return wire.FromFamily(d), nil
}

func (v *server) Train(m *pb.RunSpec, stream grpc.ServerStreamingServer[pb.Event]) error {
	v.enter()
	spec := wire.ToSpec(m)
	s, train, err := v.prepare(stream.Context(), spec)
	if err != nil {
		return wire.ToStatus(err)
	}
	defer s.cancel()
	stopped := make(chan struct{})
	if !v.begin(sync.OnceFunc(func() { close(stopped); s.cancel() })) {
		return wire.ToStatus(&core.Error{Kind: core.PluginError, Msg: "family " + v.family.Name + " is busy with another run"})
	}
	defer v.end()
	s.open(stream.Send)
	done, err := s.run(train, stopped)
	return s.close(done, err)
}

// prepare checks a request. Nothing has been written when it refuses.
func (v *server) prepare(ctx context.Context, spec core.RunSpec) (*Session, func(*Session) error, error) {
	r, err := v.family.recipe(spec.Recipe)
	if err != nil {
		return nil, nil, err
	}
	if r.err != nil {
		return nil, nil, &core.Error{Kind: core.PluginError, Msg: "recipe " + r.spec.Name, Err: r.err}
	}
	if spec.Params, err = r.checked(v.family.Name, spec.Params); err != nil {
		return nil, nil, err
	}
	train, err := r.bind(spec.Params)
	if err != nil {
		return nil, nil, err
	}
	name := v.family.Name + "/" + r.spec.Name
	switch {
	case spec.Dir == "":
		return nil, nil, &core.Error{Kind: core.PluginError, Msg: "no folder for the run"}
	case spec.From != "" && !r.spec.From:
		return nil, nil, &core.Error{Kind: core.Usage, Msg: name + " cannot start from a model"}
	case spec.Resume != "" && !r.spec.Resume:
		return nil, nil, &core.Error{Kind: core.Usage, Msg: name + " writes no checkpoints: it cannot be resumed"}
	}
	for _, p := range spec.Params {
		if p.Key == "seed" {
			n, err := core.ParseInt(p.Value)
			if err != nil {
				return nil, nil, err
			}
			spec.Seed = uint64(n)
		}
	}
	return newSession(ctx, v.family, r.spec, spec), train, nil
}

func (v *server) Stop(context.Context, *pb.StopRequest) (*pb.StopReply, error) {
	v.enter()
	v.mu.Lock()
	stop := v.stop
	v.mu.Unlock()
	if stop != nil {
		stop()
	}
	return &pb.StopReply{Running: stop != nil}, nil
}

func (v *server) enter() {
	if v.called != nil {
		v.called()
	}
}

func (v *server) begin(stop func()) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stop != nil {
		return false
	}
	v.stop = stop
	return true
}

func (v *server) end() {
	v.mu.Lock()
	v.stop = nil
	v.mu.Unlock()
}
