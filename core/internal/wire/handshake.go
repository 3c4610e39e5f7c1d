package wire

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"lab/core/internal/wire/pb"
)

const (
	// Version is the version of the contract that this code speaks.
	Version = 1
	// LivenessEnv names the variable with the number of the inherited pipe.
	LivenessEnv = "LAB_LIVENESS_FD"
	// HostCertEnv names the variable with the host's certificate. It is go-plugin's,
	// which keeps the name to itself.
	HostCertEnv = "PLUGIN_CLIENT_CERT"
	// BundledArg is the hidden first argument that turns lab itself into one of
	// its bundled families; the family's name is the second.
	BundledArg = "__family"
	// MaxMessage is the size in bytes above which the host refuses a message.
	MaxMessage = 4 << 20

	dispensed = "family" // the name go-plugin knows the service by
)

// Handshake is the cookie by which a plugin knows that a host started it. It is
// no secret; it keeps people from starting a plugin by hand and waiting.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  Version,
	MagicCookieKey:   "LAB_PLUGIN_COOKIE",
	MagicCookieValue: "3f1c7a52b0e84d0f9d6c",
}

// Serving is the plugin's side of go-plugin's table of versions.
func Serving(s pb.FamilyServer) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{Version: {dispensed: &glue{server: s}}}
}

// Calling is the host's side of go-plugin's table of versions.
func Calling() map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{Version: {dispensed: &glue{}}}
}

// Dispense returns the client of a plugin that was started with [Calling].
func Dispense(p plugin.ClientProtocol) (pb.FamilyClient, error) {
	raw, err := p.Dispense(dispensed)
	if err != nil {
		return nil, err
	}
	return raw.(pb.FamilyClient), nil
}

// glue is what go-plugin wants to be told about a service.
type glue struct {
	plugin.NetRPCUnsupportedPlugin
	server pb.FamilyServer
}

func (g *glue) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	if g.server == nil {
		return errors.New("no family to serve")
	}
	pb.RegisterFamilyServer(s, g.server)
	return nil
}

func (g *glue) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return pb.NewFamilyClient(c), nil
}
