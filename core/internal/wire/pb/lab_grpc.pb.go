// The contract between lab (the host) and a model family (the plugin).
//
// This file is all that is needed to write a plugin in any language; a plugin
// in Go uses the SDK in lab/core/family, which does everything below. "lab plugin
// contract" prints this file, "lab plugin test PATH" checks a plugin against it;
// examples/python-plugin is one in Python.
//
// THE PROGRAM. A third-party plugin for the family NAME is an executable called
// lab-plugin-NAME, in the plugin folder ($XDG_DATA_HOME/lab/plugins, by default
// ~/.local/share/lab/plugins; "lab plugin install" puts it there and records its
// checksum, which every start verifies) or in a folder of LAB_PLUGIN_PATH. The host
// starts it without arguments, with an empty standard input, in a process group of
// its own, and talks to it with hashicorp/go-plugin over gRPC. From the start to the
// answer to Describe it may take 10 seconds, unless the user allows for more: load
// what is large when a run begins. When the process ends, whatever it started goes
// with it.
//
// ENVIRONMENT, set by the host:
//   LAB_PLUGIN_COOKIE         3f1c7a52b0e84d0f9d6c: if it is missing or differs, the
//                             program was started by hand: print what it is to
//                             standard error and exit with 1.
//   PLUGIN_PROTOCOL_VERSIONS  the versions of this contract that the host speaks,
//                             comma separated. This file is version 1. If none is
//                             yours, print the line LAB_PLUGIN_VERSIONS=2,3 (those
//                             that you speak) to standard error and exit with 1:
//                             the user is told which versions both sides speak.
//   PLUGIN_CLIENT_CERT        the host's certificate (PEM, P-256). Serve TLS 1.2 or
//                             newer with a certificate of your own that vouches for
//                             itself (EC or RSA, for the DNS name "localhost",
//                             basic constraint CA, extended key usage client and
//                             server authentication) and require this one of the
//                             client. The host trusts yours and no other.
//   PLUGIN_UNIX_SOCKET_DIR    where to make the Unix socket to listen on. The host
//                             removes the folder.
//   LAB_LIVENESS_FD           number of an inherited file descriptor: the read end
//                             of a pipe that nobody writes to. It reports end of
//                             file when the host is gone, however it went: exit
//                             at once. Not set where descriptors cannot be
//                             inherited (Windows).
//
// HANDSHAKE. Once listening, print one line to standard output and flush it:
//   1|VERSION|unix|PATH OF THE SOCKET|grpc|CERTIFICATE
// The first 1 is go-plugin's own version; VERSION is the highest version of this
// contract that both sides speak; CERTIFICATE is your certificate in DER form, base64
// (of RFC 4648, with + and /) without padding. A line that is not of that form is taken as a
// line of the log, and so is all that follows the handshake, and all of standard
// error: lines longer than 8 KiB are cut. A line of standard error that is a JSON
// object with "@level" and "@message" (hclog's form) keeps its level.
//
// SERVICES. Serve Family, and of grpc.health.v1.Health the method Check, answering
// SERVING. Of go-plugin's own services implement plugin.GRPCController: its method
// Shutdown, from an empty message to an empty message, is how the host ends a plugin,
// and SIGKILL half a second later.
//
// A RUN. The host calls Describe once, checks the parameters that the user gave
// against it, and calls Train at most once at a time. A plugin need not check them
// again. The same parameters and seed shall give the same numbers and models, bit for
// bit, whatever the number of threads. The plugin streams events; Done is the last. Ctrl-C reaches the host only. The host turns it into Stop:
// finish the step, write a checkpoint if you can, send it and Done("cancelled"),
// end the stream. A plugin that does not end its stream in time (30 seconds, unless
// the user asks for another time; 3 once it has broken a rule) is killed.
//
// LIMITS. A message has at most 4 MiB, a description 1 MiB. A run has at most 10,000
// names of metrics, 1000 facts and 100,000 files; of a log that is longer than 64 MiB
// the rest is dropped. Texts for one line are cut at 1000 bytes, others at 64 KiB.
// Points have no limit: they are taken as fast as the disk writes them. Beyond the
// limits, and where a field is not as described below, the run has failed.
//
// FILES. Weights, pictures and checkpoints are files below RunSpec.dir; an event
// carries path, size and SHA-256, never the bytes (the host refuses messages over
// 4 MiB). Write to a temporary name, fsync, rename, then send the event. A path
// is relative, with slashes, without "..", names a regular file, and reaches it
// through no symbolic link that leaves the folder. A file is never written again
// once its event was sent: the host checks the hash when it comes to it. The host
// fails the run of a plugin that breaks these rules.
//
// PROFILE. Where RunSpec.profile is set, say where the time of the run went, if you can:
// an artifact "profile" of kind table and step 0, sent before Done, however the run
// ended. It is CSV with the columns
//   kind,part,runs,op,result,calls,seconds,median_seconds,best_seconds,flops,bytes
// and a row for each op of each program (kind program; part names the program, runs
// says how often it ran, calls how often the op; seconds are those of all calls, median,
// best, floating-point operations and bytes those of one), for what else was timed
// (kinds optimiser, compiling), one row of kind outside for the rest of the run's
// seconds, and one of kind peak: calls is the number of threads, flops the operations a
// second that as many cores can do. Numbers that are not known are 0. The run is the
// same to the bit as it is without.
//
// ERRORS. A request that is refused (unknown recipe, bad value) fails with a gRPC
// status that carries an Error as a detail. A run that started and went wrong
// ends with Done("failed") and an Error. Kinds are numbers; the list only grows,
// and a number that a side does not know means 0.
//
// Texts are UTF-8, names without control characters. Fields are only ever added; unknown fields and unknown kinds
// of event are ignored.

// Code generated by protoc-gen-go-grpc. DO NOT EDIT.
// versions:
// - protoc-gen-go-grpc v1.6.2
// - protoc             v3.21.12
// source: lab.proto

package pb

import (
	context "context"
	grpc "google.golang.org/grpc"
	codes "google.golang.org/grpc/codes"
	status "google.golang.org/grpc/status"
)

// This is a compile-time assertion to ensure that this generated file
// is compatible with the grpc package it is being compiled against.
// Requires gRPC-Go v1.64.0 or later.
const _ = grpc.SupportPackageIsVersion9

const (
	Family_Describe_FullMethodName = "/lab.v1.Family/Describe"
	Family_Train_FullMethodName    = "/lab.v1.Family/Train"
	Family_Stop_FullMethodName     = "/lab.v1.Family/Stop"
)

// FamilyClient is the client API for Family service.
//
// For semantics around ctx use and closing/ending streaming RPCs, please refer to https://pkg.go.dev/google.golang.org/grpc/?tab=doc#ClientConn.NewStream.
type FamilyClient interface {
	// What the family offers. Quick, without side effects.
	Describe(ctx context.Context, in *DescribeRequest, opts ...grpc.CallOption) (*Description, error)
	// Runs one recipe. The stream ends with Done.
	Train(ctx context.Context, in *RunSpec, opts ...grpc.CallOption) (grpc.ServerStreamingClient[Event], error)
	// Asks the run that is going on to end soon and returns at once.
	Stop(ctx context.Context, in *StopRequest, opts ...grpc.CallOption) (*StopReply, error)
}

type familyClient struct {
	cc grpc.ClientConnInterface
}

func NewFamilyClient(cc grpc.ClientConnInterface) FamilyClient {
	return &familyClient{cc}
}

func (c *familyClient) Describe(ctx context.Context, in *DescribeRequest, opts ...grpc.CallOption) (*Description, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(Description)
	err := c.cc.Invoke(ctx, Family_Describe_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *familyClient) Train(ctx context.Context, in *RunSpec, opts ...grpc.CallOption) (grpc.ServerStreamingClient[Event], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &Family_ServiceDesc.Streams[0], Family_Train_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[RunSpec, Event]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type Family_TrainClient = grpc.ServerStreamingClient[Event]

func (c *familyClient) Stop(ctx context.Context, in *StopRequest, opts ...grpc.CallOption) (*StopReply, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(StopReply)
	err := c.cc.Invoke(ctx, Family_Stop_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// FamilyServer is the server API for Family service.
// All implementations must embed UnimplementedFamilyServer
// for forward compatibility.
type FamilyServer interface {
	// What the family offers. Quick, without side effects.
	Describe(context.Context, *DescribeRequest) (*Description, error)
	// Runs one recipe. The stream ends with Done.
	Train(*RunSpec, grpc.ServerStreamingServer[Event]) error
	// Asks the run that is going on to end soon and returns at once.
	Stop(context.Context, *StopRequest) (*StopReply, error)
	mustEmbedUnimplementedFamilyServer()
}

// UnimplementedFamilyServer must be embedded to have
// forward compatible implementations.
//
// NOTE: this should be embedded by value instead of pointer to avoid a nil
// pointer dereference when methods are called.
type UnimplementedFamilyServer struct{}

func (UnimplementedFamilyServer) Describe(context.Context, *DescribeRequest) (*Description, error) {
	return nil, status.Error(codes.Unimplemented, "method Describe not implemented")
}
func (UnimplementedFamilyServer) Train(*RunSpec, grpc.ServerStreamingServer[Event]) error {
	return status.Error(codes.Unimplemented, "method Train not implemented")
}
func (UnimplementedFamilyServer) Stop(context.Context, *StopRequest) (*StopReply, error) {
	return nil, status.Error(codes.Unimplemented, "method Stop not implemented")
}
func (UnimplementedFamilyServer) mustEmbedUnimplementedFamilyServer() {}
func (UnimplementedFamilyServer) testEmbeddedByValue()                {}

// UnsafeFamilyServer may be embedded to opt out of forward compatibility for this service.
// Use of this interface is not recommended, as added methods to FamilyServer will
// result in compilation errors.
type UnsafeFamilyServer interface {
	mustEmbedUnimplementedFamilyServer()
}

func RegisterFamilyServer(s grpc.ServiceRegistrar, srv FamilyServer) {
	// If the following call panics, it indicates UnimplementedFamilyServer was
	// embedded by pointer and is nil.  This will cause panics if an
	// unimplemented method is ever invoked, so we test this at initialization
	// time to prevent it from happening at runtime later due to I/O.
	if t, ok := srv.(interface{ testEmbeddedByValue() }); ok {
		t.testEmbeddedByValue()
	}
	s.RegisterService(&Family_ServiceDesc, srv)
}

func _Family_Describe_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DescribeRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FamilyServer).Describe(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: Family_Describe_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FamilyServer).Describe(ctx, req.(*DescribeRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _Family_Train_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(RunSpec)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FamilyServer).Train(m, &grpc.GenericServerStream[RunSpec, Event]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type Family_TrainServer = grpc.ServerStreamingServer[Event]

func _Family_Stop_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(StopRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FamilyServer).Stop(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: Family_Stop_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FamilyServer).Stop(ctx, req.(*StopRequest))
	}
	return interceptor(ctx, in, info, handler)
}

// Family_ServiceDesc is the grpc.ServiceDesc for Family service.
// It's only intended for direct use with grpc.RegisterService,
// and not to be introspected or modified (even as a copy)
var Family_ServiceDesc = grpc.ServiceDesc{
	ServiceName: "lab.v1.Family",
	HandlerType: (*FamilyServer)(nil),
	Methods: []grpc.MethodDesc{
		{
			MethodName: "Describe",
			Handler:    _Family_Describe_Handler,
		},
		{
			MethodName: "Stop",
			Handler:    _Family_Stop_Handler,
		},
	},
	Streams: []grpc.StreamDesc{
		{
			StreamName:    "Train",
			Handler:       _Family_Train_Handler,
			ServerStreams: true,
		},
	},
	Metadata: "lab.proto",
}
