package wire

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"lab/core/internal/wire/pb"
)

// Versions are the versions of the contract that this code speaks, all of them at
// either end.
var Versions = []int{Version}

const (
	// Version is the newest of them.
	Version = 1
	// VersionsLine begins the line on standard error by which a plugin that speaks
	// none of the host's versions says which it does speak, comma separated.
	VersionsLine = "LAB_PLUGIN_VERSIONS="
	// HostVersionsEnv names the variable with the host's versions. It is go-plugin's,
	// which keeps the name to itself.
	HostVersionsEnv = "PLUGIN_PROTOCOL_VERSIONS"
	// LivenessEnv names the variable with the number of the inherited pipe.
	LivenessEnv = "LAB_LIVENESS_FD"
	// HostCertEnv names the variable with the host's certificate; go-plugin's, too.
	HostCertEnv = "PLUGIN_CLIENT_CERT"
	// BundledArg is the hidden first argument that turns lab itself into one of
	// its bundled families; the family's name is the second.
	BundledArg = "__family"
	// MaxMessage is the size in bytes above which the host refuses a message.
	MaxMessage = 4 << 20
	// MaxDescription is the same for the answer to Describe, which the host takes
	// apart before it knows anything of the plugin.
	MaxDescription = 1 << 20

	dispensed = "family" // the name go-plugin knows the service by
)

// Handshake is the cookie by which a plugin knows that a host started it. It is
// no secret; it keeps people from starting a plugin by hand and waiting.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  Version,
	MagicCookieKey:   "LAB_PLUGIN_COOKIE",
	MagicCookieValue: "3f1c7a52b0e84d0f9d6c",
}

// InCommon reports whether one of ours is in the host's list, as its variable has it.
func InCommon(hosts string, ours []int) bool {
	for v := range strings.SplitSeq(hosts, ",") {
		if n, err := strconv.Atoi(v); err == nil && slices.Contains(ours, n) {
			return true
		}
	}
	return false
}

// List is versions as [VersionsLine] has them: "1,2".
func List(versions []int) string {
	var s []string
	for _, v := range versions {
		s = append(s, strconv.Itoa(v))
	}
	return strings.Join(s, ",")
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

// Contract is lab.proto, with its comments.
//
//go:embed lab.proto
var Contract string

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
