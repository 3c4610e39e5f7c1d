//go:build unix

// Command hostile is every bad plugin that the tests need. It speaks the contract
// without the SDK, which would not let it, and breaks it in the way that HOSTILE
// names: at the start (start.go) or in a run (train.go).
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

var (
	mode   = os.Getenv("HOSTILE")
	stderr = os.Stderr // go-plugin puts a pipe in its place
)

func main() {
	begin()
	versions := map[int]plugin.PluginSet{}
	for _, v := range speaks() {
		versions[v] = wire.Serving(server{})[wire.Version]
	}
	c := &plugin.ServeConfig{HandshakeConfig: wire.Handshake, VersionedPlugins: versions, GRPCServer: plugin.DefaultGRPCServer, Logger: hclog.NewNullLogger()}
	if mode == "no certificate" {
		os.Unsetenv(wire.HostCertEnv)
	}
	plugin.Serve(c)
}

type server struct{ pb.UnimplementedFamilyServer }

// honest is what the family offers where it does not lie about that.
func honest() core.Family {
	return core.Family{Name: "hostile", Version: "6.6.6", Doc: "breaks every rule", Recipes: []core.Recipe{{
		Name: "attack", Doc: "as HOSTILE says",
		Params:  []core.ParamSpec{{Key: "seed", Type: core.Int, Default: "0", Min: "0", Doc: "unused"}},
		Metrics: []core.MetricSpec{{Name: "loss", Goal: core.Lower, Doc: "unused"}},
	}}}
}

func (server) Describe(context.Context, *pb.DescribeRequest) (*pb.Description, error) {
	return describe()
}

func (server) Stop(context.Context, *pb.StopRequest) (*pb.StopReply, error) {
	if !strings.HasPrefix(mode, "deaf") {
		stop()
	}
	return &pb.StopReply{Running: true}, nil
}

func (server) Train(spec *pb.RunSpec, stream grpc.ServerStreamingServer[pb.Event]) error {
	attack, ok := attacks[mode]
	if !ok {
		return fmt.Errorf("hostile: there is no mode %q", mode)
	}
	return attack(&line{dir: spec.GetDir(), stream: stream})
}
