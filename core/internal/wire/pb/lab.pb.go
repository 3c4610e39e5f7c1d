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

// Code generated by protoc-gen-go. DO NOT EDIT.
// versions:
// 	protoc-gen-go v1.36.12
// 	protoc        v3.21.12
// source: lab.proto

package pb

import (
	protoreflect "google.golang.org/protobuf/reflect/protoreflect"
	protoimpl "google.golang.org/protobuf/runtime/protoimpl"
	reflect "reflect"
	sync "sync"
	unsafe "unsafe"
)

const (
	// Verify that this generated code is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(20 - protoimpl.MinVersion)
	// Verify that runtime/protoimpl is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(protoimpl.MaxVersion - 20)
)

type DescribeRequest struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DescribeRequest) Reset() {
	*x = DescribeRequest{}
	mi := &file_lab_proto_msgTypes[0]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DescribeRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DescribeRequest) ProtoMessage() {}

func (x *DescribeRequest) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[0]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DescribeRequest.ProtoReflect.Descriptor instead.
func (*DescribeRequest) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{0}
}

type Description struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Name          string                 `protobuf:"bytes,1,opt,name=name,proto3" json:"name,omitempty"`       // [a-z][a-z0-9-]*, as in lab-plugin-NAME
	Version       string                 `protobuf:"bytes,2,opt,name=version,proto3" json:"version,omitempty"` // of the family, "1.0.0"
	Doc           string                 `protobuf:"bytes,3,opt,name=doc,proto3" json:"doc,omitempty"`         // one line
	Recipes       []*Recipe              `protobuf:"bytes,4,rep,name=recipes,proto3" json:"recipes,omitempty"` // the first is the default; at least one
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Description) Reset() {
	*x = Description{}
	mi := &file_lab_proto_msgTypes[1]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Description) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Description) ProtoMessage() {}

func (x *Description) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[1]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Description.ProtoReflect.Descriptor instead.
func (*Description) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{1}
}

func (x *Description) GetName() string {
	if x != nil {
		return x.Name
	}
	return ""
}

func (x *Description) GetVersion() string {
	if x != nil {
		return x.Version
	}
	return ""
}

func (x *Description) GetDoc() string {
	if x != nil {
		return x.Doc
	}
	return ""
}

func (x *Description) GetRecipes() []*Recipe {
	if x != nil {
		return x.Recipes
	}
	return nil
}

type Recipe struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	Name  string                 `protobuf:"bytes,1,opt,name=name,proto3" json:"name,omitempty"` // [a-z][a-z0-9-]*
	Doc   string                 `protobuf:"bytes,2,opt,name=doc,proto3" json:"doc,omitempty"`   // one line
	// At most 1000, keys unique. Every recipe has "seed", an int of at least 0.
	Params        []*Param  `protobuf:"bytes,3,rep,name=params,proto3" json:"params,omitempty"`
	Metrics       []*Metric `protobuf:"bytes,4,rep,name=metrics,proto3" json:"metrics,omitempty"` // that the recipe promises to log, headline first
	Data          []string  `protobuf:"bytes,5,rep,name=data,proto3" json:"data,omitempty"`       // datasets it can train on, default first
	From          bool      `protobuf:"varint,6,opt,name=from,proto3" json:"from,omitempty"`      // whether it can start from RunSpec.from
	Resume        bool      `protobuf:"varint,7,opt,name=resume,proto3" json:"resume,omitempty"`  // whether it writes checkpoints and continues from them
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Recipe) Reset() {
	*x = Recipe{}
	mi := &file_lab_proto_msgTypes[2]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Recipe) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Recipe) ProtoMessage() {}

func (x *Recipe) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[2]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Recipe.ProtoReflect.Descriptor instead.
func (*Recipe) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{2}
}

func (x *Recipe) GetName() string {
	if x != nil {
		return x.Name
	}
	return ""
}

func (x *Recipe) GetDoc() string {
	if x != nil {
		return x.Doc
	}
	return ""
}

func (x *Recipe) GetParams() []*Param {
	if x != nil {
		return x.Params
	}
	return nil
}

func (x *Recipe) GetMetrics() []*Metric {
	if x != nil {
		return x.Metrics
	}
	return nil
}

func (x *Recipe) GetData() []string {
	if x != nil {
		return x.Data
	}
	return nil
}

func (x *Recipe) GetFrom() bool {
	if x != nil {
		return x.From
	}
	return false
}

func (x *Recipe) GetResume() bool {
	if x != nil {
		return x.Resume
	}
	return false
}

type Param struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Key           string                 `protobuf:"bytes,1,opt,name=key,proto3" json:"key,omitempty"`         // [a-z][a-z0-9_]*, parts joined by dots: "optim.beta1"
	Type          string                 `protobuf:"bytes,2,opt,name=type,proto3" json:"type,omitempty"`       // bool, int, float, string, enum, duration, ints, floats, strings
	Default       string                 `protobuf:"bytes,3,opt,name=default,proto3" json:"default,omitempty"` // in canonical form, see Value
	Min           string                 `protobuf:"bytes,4,opt,name=min,proto3" json:"min,omitempty"`         // least number allowed, "" for none; of each element for lists
	Max           string                 `protobuf:"bytes,5,opt,name=max,proto3" json:"max,omitempty"`         // greatest number allowed, "" for none
	Choices       []string               `protobuf:"bytes,6,rep,name=choices,proto3" json:"choices,omitempty"` // for enum
	Doc           string                 `protobuf:"bytes,7,opt,name=doc,proto3" json:"doc,omitempty"`         // one line
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Param) Reset() {
	*x = Param{}
	mi := &file_lab_proto_msgTypes[3]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Param) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Param) ProtoMessage() {}

func (x *Param) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[3]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Param.ProtoReflect.Descriptor instead.
func (*Param) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{3}
}

func (x *Param) GetKey() string {
	if x != nil {
		return x.Key
	}
	return ""
}

func (x *Param) GetType() string {
	if x != nil {
		return x.Type
	}
	return ""
}

func (x *Param) GetDefault() string {
	if x != nil {
		return x.Default
	}
	return ""
}

func (x *Param) GetMin() string {
	if x != nil {
		return x.Min
	}
	return ""
}

func (x *Param) GetMax() string {
	if x != nil {
		return x.Max
	}
	return ""
}

func (x *Param) GetChoices() []string {
	if x != nil {
		return x.Choices
	}
	return nil
}

func (x *Param) GetDoc() string {
	if x != nil {
		return x.Doc
	}
	return ""
}

type Metric struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Name          string                 `protobuf:"bytes,1,opt,name=name,proto3" json:"name,omitempty"`
	Unit          string                 `protobuf:"bytes,2,opt,name=unit,proto3" json:"unit,omitempty"`  // "" for a bare number
	Goal          int32                  `protobuf:"varint,3,opt,name=goal,proto3" json:"goal,omitempty"` // 0 neither way is better, 1 lower, 2 higher
	Doc           string                 `protobuf:"bytes,4,opt,name=doc,proto3" json:"doc,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Metric) Reset() {
	*x = Metric{}
	mi := &file_lab_proto_msgTypes[4]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Metric) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Metric) ProtoMessage() {}

func (x *Metric) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[4]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Metric.ProtoReflect.Descriptor instead.
func (*Metric) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{4}
}

func (x *Metric) GetName() string {
	if x != nil {
		return x.Name
	}
	return ""
}

func (x *Metric) GetUnit() string {
	if x != nil {
		return x.Unit
	}
	return ""
}

func (x *Metric) GetGoal() int32 {
	if x != nil {
		return x.Goal
	}
	return 0
}

func (x *Metric) GetDoc() string {
	if x != nil {
		return x.Doc
	}
	return ""
}

type RunSpec struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Recipe        string                 `protobuf:"bytes,1,opt,name=recipe,proto3" json:"recipe,omitempty"`
	Params        []*Value               `protobuf:"bytes,2,rep,name=params,proto3" json:"params,omitempty"`                  // every key of the recipe
	Seed          uint64                 `protobuf:"varint,3,opt,name=seed,proto3" json:"seed,omitempty"`                     // the value of the parameter seed once more
	Dir           string                 `protobuf:"bytes,4,opt,name=dir,proto3" json:"dir,omitempty"`                        // the run's folder, absolute; exists
	DataDir       string                 `protobuf:"bytes,5,opt,name=data_dir,json=dataDir,proto3" json:"data_dir,omitempty"` // where fetched datasets lie, absolute; may not exist
	From          string                 `protobuf:"bytes,6,opt,name=from,proto3" json:"from,omitempty"`                      // the ONNX file to start from, absolute, or ""
	Resume        string                 `protobuf:"bytes,7,opt,name=resume,proto3" json:"resume,omitempty"`                  // the checkpoint to continue from, absolute, or ""
	Threads       int32                  `protobuf:"varint,8,opt,name=threads,proto3" json:"threads,omitempty"`               // worker threads, at least 1
	Profile       bool                   `protobuf:"varint,9,opt,name=profile,proto3" json:"profile,omitempty"`               // whether to say where the time went
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *RunSpec) Reset() {
	*x = RunSpec{}
	mi := &file_lab_proto_msgTypes[5]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *RunSpec) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*RunSpec) ProtoMessage() {}

func (x *RunSpec) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[5]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use RunSpec.ProtoReflect.Descriptor instead.
func (*RunSpec) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{5}
}

func (x *RunSpec) GetRecipe() string {
	if x != nil {
		return x.Recipe
	}
	return ""
}

func (x *RunSpec) GetParams() []*Value {
	if x != nil {
		return x.Params
	}
	return nil
}

func (x *RunSpec) GetSeed() uint64 {
	if x != nil {
		return x.Seed
	}
	return 0
}

func (x *RunSpec) GetDir() string {
	if x != nil {
		return x.Dir
	}
	return ""
}

func (x *RunSpec) GetDataDir() string {
	if x != nil {
		return x.DataDir
	}
	return ""
}

func (x *RunSpec) GetFrom() string {
	if x != nil {
		return x.From
	}
	return ""
}

func (x *RunSpec) GetResume() string {
	if x != nil {
		return x.Resume
	}
	return ""
}

func (x *RunSpec) GetThreads() int32 {
	if x != nil {
		return x.Threads
	}
	return 0
}

func (x *RunSpec) GetProfile() bool {
	if x != nil {
		return x.Profile
	}
	return false
}

// Value is one parameter in canonical form: true or false; a decimal integer; the
// shortest decimal that reads back as the same float64, inf, -inf or nan; Go's
// form of a duration ("1m30s"); [a,b,"c d"] for lists.
type Value struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Key           string                 `protobuf:"bytes,1,opt,name=key,proto3" json:"key,omitempty"`
	Type          string                 `protobuf:"bytes,2,opt,name=type,proto3" json:"type,omitempty"`
	Value         string                 `protobuf:"bytes,3,opt,name=value,proto3" json:"value,omitempty"`
	Default       bool                   `protobuf:"varint,4,opt,name=default,proto3" json:"default,omitempty"` // whether the user left it alone
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Value) Reset() {
	*x = Value{}
	mi := &file_lab_proto_msgTypes[6]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Value) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Value) ProtoMessage() {}

func (x *Value) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[6]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Value.ProtoReflect.Descriptor instead.
func (*Value) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{6}
}

func (x *Value) GetKey() string {
	if x != nil {
		return x.Key
	}
	return ""
}

func (x *Value) GetType() string {
	if x != nil {
		return x.Type
	}
	return ""
}

func (x *Value) GetValue() string {
	if x != nil {
		return x.Value
	}
	return ""
}

func (x *Value) GetDefault() bool {
	if x != nil {
		return x.Default
	}
	return false
}

type Event struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Types that are valid to be assigned to Kind:
	//
	//	*Event_Metrics
	//	*Event_Progress
	//	*Event_Log
	//	*Event_Fact
	//	*Event_Artifact
	//	*Event_Checkpoint
	//	*Event_Done
	Kind          isEvent_Kind `protobuf_oneof:"kind"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Event) Reset() {
	*x = Event{}
	mi := &file_lab_proto_msgTypes[7]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Event) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Event) ProtoMessage() {}

func (x *Event) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[7]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Event.ProtoReflect.Descriptor instead.
func (*Event) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{7}
}

func (x *Event) GetKind() isEvent_Kind {
	if x != nil {
		return x.Kind
	}
	return nil
}

func (x *Event) GetMetrics() *Metrics {
	if x != nil {
		if x, ok := x.Kind.(*Event_Metrics); ok {
			return x.Metrics
		}
	}
	return nil
}

func (x *Event) GetProgress() *Progress {
	if x != nil {
		if x, ok := x.Kind.(*Event_Progress); ok {
			return x.Progress
		}
	}
	return nil
}

func (x *Event) GetLog() *Log {
	if x != nil {
		if x, ok := x.Kind.(*Event_Log); ok {
			return x.Log
		}
	}
	return nil
}

func (x *Event) GetFact() *Fact {
	if x != nil {
		if x, ok := x.Kind.(*Event_Fact); ok {
			return x.Fact
		}
	}
	return nil
}

func (x *Event) GetArtifact() *Artifact {
	if x != nil {
		if x, ok := x.Kind.(*Event_Artifact); ok {
			return x.Artifact
		}
	}
	return nil
}

func (x *Event) GetCheckpoint() *Checkpoint {
	if x != nil {
		if x, ok := x.Kind.(*Event_Checkpoint); ok {
			return x.Checkpoint
		}
	}
	return nil
}

func (x *Event) GetDone() *Done {
	if x != nil {
		if x, ok := x.Kind.(*Event_Done); ok {
			return x.Done
		}
	}
	return nil
}

type isEvent_Kind interface {
	isEvent_Kind()
}

type Event_Metrics struct {
	Metrics *Metrics `protobuf:"bytes,1,opt,name=metrics,proto3,oneof"`
}

type Event_Progress struct {
	Progress *Progress `protobuf:"bytes,2,opt,name=progress,proto3,oneof"`
}

type Event_Log struct {
	Log *Log `protobuf:"bytes,3,opt,name=log,proto3,oneof"`
}

type Event_Fact struct {
	Fact *Fact `protobuf:"bytes,4,opt,name=fact,proto3,oneof"`
}

type Event_Artifact struct {
	Artifact *Artifact `protobuf:"bytes,5,opt,name=artifact,proto3,oneof"`
}

type Event_Checkpoint struct {
	Checkpoint *Checkpoint `protobuf:"bytes,6,opt,name=checkpoint,proto3,oneof"`
}

type Event_Done struct {
	Done *Done `protobuf:"bytes,7,opt,name=done,proto3,oneof"`
}

func (*Event_Metrics) isEvent_Kind() {}

func (*Event_Progress) isEvent_Kind() {}

func (*Event_Log) isEvent_Kind() {}

func (*Event_Fact) isEvent_Kind() {}

func (*Event_Artifact) isEvent_Kind() {}

func (*Event_Checkpoint) isEvent_Kind() {}

func (*Event_Done) isEvent_Kind() {}

// Metrics is a batch of points in columns of equal length, in the order they were
// logged. A name travels once per stream: names appends to a table that begins
// empty with the stream, and name holds indices into it. Send a batch at 1024
// points or a second after the last one, whichever comes first; while the host is the slower
// side a batch may grow, to a few thousand points.
type Metrics struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Names         []string               `protobuf:"bytes,1,rep,name=names,proto3" json:"names,omitempty"` // letters, digits and _ . / @ % + -, at most 200
	Name          []uint32               `protobuf:"varint,2,rep,packed,name=name,proto3" json:"name,omitempty"`
	Step          []int64                `protobuf:"varint,3,rep,packed,name=step,proto3" json:"step,omitempty"`                   // 0 to 2^53; a step may come twice, and the last value counts
	TimeUs        []int64                `protobuf:"varint,4,rep,packed,name=time_us,json=timeUs,proto3" json:"time_us,omitempty"` // microseconds since Train was called
	Value         []float64              `protobuf:"fixed64,5,rep,packed,name=value,proto3" json:"value,omitempty"`                // NaN and infinities are values like any other
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Metrics) Reset() {
	*x = Metrics{}
	mi := &file_lab_proto_msgTypes[8]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Metrics) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Metrics) ProtoMessage() {}

func (x *Metrics) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[8]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Metrics.ProtoReflect.Descriptor instead.
func (*Metrics) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{8}
}

func (x *Metrics) GetNames() []string {
	if x != nil {
		return x.Names
	}
	return nil
}

func (x *Metrics) GetName() []uint32 {
	if x != nil {
		return x.Name
	}
	return nil
}

func (x *Metrics) GetStep() []int64 {
	if x != nil {
		return x.Step
	}
	return nil
}

func (x *Metrics) GetTimeUs() []int64 {
	if x != nil {
		return x.TimeUs
	}
	return nil
}

func (x *Metrics) GetValue() []float64 {
	if x != nil {
		return x.Value
	}
	return nil
}

type Progress struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Done          int64                  `protobuf:"varint,1,opt,name=done,proto3" json:"done,omitempty"`       // steps, or what else the recipe counts
	Total         int64                  `protobuf:"varint,2,opt,name=total,proto3" json:"total,omitempty"`     // 0 for unknown
	Epoch         int64                  `protobuf:"varint,3,opt,name=epoch,proto3" json:"epoch,omitempty"`     // 1 for the first; 0 if the recipe has no epochs
	Epochs        int64                  `protobuf:"varint,4,opt,name=epochs,proto3" json:"epochs,omitempty"`   // 0 for unknown
	Samples       int64                  `protobuf:"varint,5,opt,name=samples,proto3" json:"samples,omitempty"` // training examples seen so far
	Note          string                 `protobuf:"bytes,6,opt,name=note,proto3" json:"note,omitempty"`        // what it is doing, where that is not training
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Progress) Reset() {
	*x = Progress{}
	mi := &file_lab_proto_msgTypes[9]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Progress) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Progress) ProtoMessage() {}

func (x *Progress) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[9]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Progress.ProtoReflect.Descriptor instead.
func (*Progress) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{9}
}

func (x *Progress) GetDone() int64 {
	if x != nil {
		return x.Done
	}
	return 0
}

func (x *Progress) GetTotal() int64 {
	if x != nil {
		return x.Total
	}
	return 0
}

func (x *Progress) GetEpoch() int64 {
	if x != nil {
		return x.Epoch
	}
	return 0
}

func (x *Progress) GetEpochs() int64 {
	if x != nil {
		return x.Epochs
	}
	return 0
}

func (x *Progress) GetSamples() int64 {
	if x != nil {
		return x.Samples
	}
	return 0
}

func (x *Progress) GetNote() string {
	if x != nil {
		return x.Note
	}
	return ""
}

type Log struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Level         int32                  `protobuf:"varint,1,opt,name=level,proto3" json:"level,omitempty"` // 0 information, 1 warning, 2 an error that the run did not survive
	Text          string                 `protobuf:"bytes,2,opt,name=text,proto3" json:"text,omitempty"`    // one line
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Log) Reset() {
	*x = Log{}
	mi := &file_lab_proto_msgTypes[10]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Log) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Log) ProtoMessage() {}

func (x *Log) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[10]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Log.ProtoReflect.Descriptor instead.
func (*Log) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{10}
}

func (x *Log) GetLevel() int32 {
	if x != nil {
		return x.Level
	}
	return 0
}

func (x *Log) GetText() string {
	if x != nil {
		return x.Text
	}
	return ""
}

type Fact struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Key           string                 `protobuf:"bytes,1,opt,name=key,proto3" json:"key,omitempty"` // dotted, lower case: "data.sha256"
	Value         string                 `protobuf:"bytes,2,opt,name=value,proto3" json:"value,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Fact) Reset() {
	*x = Fact{}
	mi := &file_lab_proto_msgTypes[11]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Fact) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Fact) ProtoMessage() {}

func (x *Fact) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[11]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Fact.ProtoReflect.Descriptor instead.
func (*Fact) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{11}
}

func (x *Fact) GetKey() string {
	if x != nil {
		return x.Key
	}
	return ""
}

func (x *Fact) GetValue() string {
	if x != nil {
		return x.Value
	}
	return ""
}

type Artifact struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Name          string                 `protobuf:"bytes,1,opt,name=name,proto3" json:"name,omitempty"`     // unique within the run at one step, at most 200 bytes
	Kind          string                 `protobuf:"bytes,2,opt,name=kind,proto3" json:"kind,omitempty"`     // image, table, text, model or file
	Path          string                 `protobuf:"bytes,3,opt,name=path,proto3" json:"path,omitempty"`     // relative to RunSpec.dir, with slashes
	Sha256        string                 `protobuf:"bytes,4,opt,name=sha256,proto3" json:"sha256,omitempty"` // lower-case hex
	Bytes         int64                  `protobuf:"varint,5,opt,name=bytes,proto3" json:"bytes,omitempty"`
	Step          int64                  `protobuf:"varint,6,opt,name=step,proto3" json:"step,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Artifact) Reset() {
	*x = Artifact{}
	mi := &file_lab_proto_msgTypes[12]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Artifact) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Artifact) ProtoMessage() {}

func (x *Artifact) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[12]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Artifact.ProtoReflect.Descriptor instead.
func (*Artifact) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{12}
}

func (x *Artifact) GetName() string {
	if x != nil {
		return x.Name
	}
	return ""
}

func (x *Artifact) GetKind() string {
	if x != nil {
		return x.Kind
	}
	return ""
}

func (x *Artifact) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Artifact) GetSha256() string {
	if x != nil {
		return x.Sha256
	}
	return ""
}

func (x *Artifact) GetBytes() int64 {
	if x != nil {
		return x.Bytes
	}
	return 0
}

func (x *Artifact) GetStep() int64 {
	if x != nil {
		return x.Step
	}
	return 0
}

type Checkpoint struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Path          string                 `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	Sha256        string                 `protobuf:"bytes,2,opt,name=sha256,proto3" json:"sha256,omitempty"`
	Bytes         int64                  `protobuf:"varint,3,opt,name=bytes,proto3" json:"bytes,omitempty"`
	Step          int64                  `protobuf:"varint,4,opt,name=step,proto3" json:"step,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Checkpoint) Reset() {
	*x = Checkpoint{}
	mi := &file_lab_proto_msgTypes[13]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Checkpoint) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Checkpoint) ProtoMessage() {}

func (x *Checkpoint) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[13]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Checkpoint.ProtoReflect.Descriptor instead.
func (*Checkpoint) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{13}
}

func (x *Checkpoint) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Checkpoint) GetSha256() string {
	if x != nil {
		return x.Sha256
	}
	return ""
}

func (x *Checkpoint) GetBytes() int64 {
	if x != nil {
		return x.Bytes
	}
	return 0
}

func (x *Checkpoint) GetStep() int64 {
	if x != nil {
		return x.Step
	}
	return 0
}

type Done struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Status        string                 `protobuf:"bytes,1,opt,name=status,proto3" json:"status,omitempty"` // finished, failed or cancelled
	Reason        string                 `protobuf:"bytes,2,opt,name=reason,proto3" json:"reason,omitempty"` // one line; "" when finished
	Error         *Error                 `protobuf:"bytes,3,opt,name=error,proto3" json:"error,omitempty"`   // for failed: what went wrong, by kind
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Done) Reset() {
	*x = Done{}
	mi := &file_lab_proto_msgTypes[14]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Done) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Done) ProtoMessage() {}

func (x *Done) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[14]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Done.ProtoReflect.Descriptor instead.
func (*Done) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{14}
}

func (x *Done) GetStatus() string {
	if x != nil {
		return x.Status
	}
	return ""
}

func (x *Done) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *Done) GetError() *Error {
	if x != nil {
		return x.Error
	}
	return nil
}

type StopRequest struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StopRequest) Reset() {
	*x = StopRequest{}
	mi := &file_lab_proto_msgTypes[15]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StopRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StopRequest) ProtoMessage() {}

func (x *StopRequest) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[15]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StopRequest.ProtoReflect.Descriptor instead.
func (*StopRequest) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{15}
}

type StopReply struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	Running       bool                   `protobuf:"varint,1,opt,name=running,proto3" json:"running,omitempty"` // whether there was a run to stop
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StopReply) Reset() {
	*x = StopReply{}
	mi := &file_lab_proto_msgTypes[16]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StopReply) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StopReply) ProtoMessage() {}

func (x *StopReply) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[16]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StopReply.ProtoReflect.Descriptor instead.
func (*StopReply) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{16}
}

func (x *StopReply) GetRunning() bool {
	if x != nil {
		return x.Running
	}
	return false
}

type Error struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// 0 other, 1 the user's input, 2 the run failed, 3 the plugin is at fault,
	// 4 a verification found other bits, 5 interrupted, 6 a disk or a database
	Kind          int32  `protobuf:"varint,1,opt,name=kind,proto3" json:"kind,omitempty"`
	Message       string `protobuf:"bytes,2,opt,name=message,proto3" json:"message,omitempty"` // one line
	Try           string `protobuf:"bytes,3,opt,name=try,proto3" json:"try,omitempty"`         // the next thing to try, or ""
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Error) Reset() {
	*x = Error{}
	mi := &file_lab_proto_msgTypes[17]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Error) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Error) ProtoMessage() {}

func (x *Error) ProtoReflect() protoreflect.Message {
	mi := &file_lab_proto_msgTypes[17]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Error.ProtoReflect.Descriptor instead.
func (*Error) Descriptor() ([]byte, []int) {
	return file_lab_proto_rawDescGZIP(), []int{17}
}

func (x *Error) GetKind() int32 {
	if x != nil {
		return x.Kind
	}
	return 0
}

func (x *Error) GetMessage() string {
	if x != nil {
		return x.Message
	}
	return ""
}

func (x *Error) GetTry() string {
	if x != nil {
		return x.Try
	}
	return ""
}

var File_lab_proto protoreflect.FileDescriptor

const file_lab_proto_rawDesc = "" +
	"\n" +
	"\tlab.proto\x12\x06lab.v1\"\x11\n" +
	"\x0fDescribeRequest\"w\n" +
	"\vDescription\x12\x12\n" +
	"\x04name\x18\x01 \x01(\tR\x04name\x12\x18\n" +
	"\aversion\x18\x02 \x01(\tR\aversion\x12\x10\n" +
	"\x03doc\x18\x03 \x01(\tR\x03doc\x12(\n" +
	"\arecipes\x18\x04 \x03(\v2\x0e.lab.v1.RecipeR\arecipes\"\xbf\x01\n" +
	"\x06Recipe\x12\x12\n" +
	"\x04name\x18\x01 \x01(\tR\x04name\x12\x10\n" +
	"\x03doc\x18\x02 \x01(\tR\x03doc\x12%\n" +
	"\x06params\x18\x03 \x03(\v2\r.lab.v1.ParamR\x06params\x12(\n" +
	"\ametrics\x18\x04 \x03(\v2\x0e.lab.v1.MetricR\ametrics\x12\x12\n" +
	"\x04data\x18\x05 \x03(\tR\x04data\x12\x12\n" +
	"\x04from\x18\x06 \x01(\bR\x04from\x12\x16\n" +
	"\x06resume\x18\a \x01(\bR\x06resume\"\x97\x01\n" +
	"\x05Param\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x12\n" +
	"\x04type\x18\x02 \x01(\tR\x04type\x12\x18\n" +
	"\adefault\x18\x03 \x01(\tR\adefault\x12\x10\n" +
	"\x03min\x18\x04 \x01(\tR\x03min\x12\x10\n" +
	"\x03max\x18\x05 \x01(\tR\x03max\x12\x18\n" +
	"\achoices\x18\x06 \x03(\tR\achoices\x12\x10\n" +
	"\x03doc\x18\a \x01(\tR\x03doc\"V\n" +
	"\x06Metric\x12\x12\n" +
	"\x04name\x18\x01 \x01(\tR\x04name\x12\x12\n" +
	"\x04unit\x18\x02 \x01(\tR\x04unit\x12\x12\n" +
	"\x04goal\x18\x03 \x01(\x05R\x04goal\x12\x10\n" +
	"\x03doc\x18\x04 \x01(\tR\x03doc\"\xe9\x01\n" +
	"\aRunSpec\x12\x16\n" +
	"\x06recipe\x18\x01 \x01(\tR\x06recipe\x12%\n" +
	"\x06params\x18\x02 \x03(\v2\r.lab.v1.ValueR\x06params\x12\x12\n" +
	"\x04seed\x18\x03 \x01(\x04R\x04seed\x12\x10\n" +
	"\x03dir\x18\x04 \x01(\tR\x03dir\x12\x19\n" +
	"\bdata_dir\x18\x05 \x01(\tR\adataDir\x12\x12\n" +
	"\x04from\x18\x06 \x01(\tR\x04from\x12\x16\n" +
	"\x06resume\x18\a \x01(\tR\x06resume\x12\x18\n" +
	"\athreads\x18\b \x01(\x05R\athreads\x12\x18\n" +
	"\aprofile\x18\t \x01(\bR\aprofile\"]\n" +
	"\x05Value\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x12\n" +
	"\x04type\x18\x02 \x01(\tR\x04type\x12\x14\n" +
	"\x05value\x18\x03 \x01(\tR\x05value\x12\x18\n" +
	"\adefault\x18\x04 \x01(\bR\adefault\"\xbb\x02\n" +
	"\x05Event\x12+\n" +
	"\ametrics\x18\x01 \x01(\v2\x0f.lab.v1.MetricsH\x00R\ametrics\x12.\n" +
	"\bprogress\x18\x02 \x01(\v2\x10.lab.v1.ProgressH\x00R\bprogress\x12\x1f\n" +
	"\x03log\x18\x03 \x01(\v2\v.lab.v1.LogH\x00R\x03log\x12\"\n" +
	"\x04fact\x18\x04 \x01(\v2\f.lab.v1.FactH\x00R\x04fact\x12.\n" +
	"\bartifact\x18\x05 \x01(\v2\x10.lab.v1.ArtifactH\x00R\bartifact\x124\n" +
	"\n" +
	"checkpoint\x18\x06 \x01(\v2\x12.lab.v1.CheckpointH\x00R\n" +
	"checkpoint\x12\"\n" +
	"\x04done\x18\a \x01(\v2\f.lab.v1.DoneH\x00R\x04doneB\x06\n" +
	"\x04kind\"v\n" +
	"\aMetrics\x12\x14\n" +
	"\x05names\x18\x01 \x03(\tR\x05names\x12\x12\n" +
	"\x04name\x18\x02 \x03(\rR\x04name\x12\x12\n" +
	"\x04step\x18\x03 \x03(\x03R\x04step\x12\x17\n" +
	"\atime_us\x18\x04 \x03(\x03R\x06timeUs\x12\x14\n" +
	"\x05value\x18\x05 \x03(\x01R\x05value\"\x90\x01\n" +
	"\bProgress\x12\x12\n" +
	"\x04done\x18\x01 \x01(\x03R\x04done\x12\x14\n" +
	"\x05total\x18\x02 \x01(\x03R\x05total\x12\x14\n" +
	"\x05epoch\x18\x03 \x01(\x03R\x05epoch\x12\x16\n" +
	"\x06epochs\x18\x04 \x01(\x03R\x06epochs\x12\x18\n" +
	"\asamples\x18\x05 \x01(\x03R\asamples\x12\x12\n" +
	"\x04note\x18\x06 \x01(\tR\x04note\"/\n" +
	"\x03Log\x12\x14\n" +
	"\x05level\x18\x01 \x01(\x05R\x05level\x12\x12\n" +
	"\x04text\x18\x02 \x01(\tR\x04text\".\n" +
	"\x04Fact\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x14\n" +
	"\x05value\x18\x02 \x01(\tR\x05value\"\x88\x01\n" +
	"\bArtifact\x12\x12\n" +
	"\x04name\x18\x01 \x01(\tR\x04name\x12\x12\n" +
	"\x04kind\x18\x02 \x01(\tR\x04kind\x12\x12\n" +
	"\x04path\x18\x03 \x01(\tR\x04path\x12\x16\n" +
	"\x06sha256\x18\x04 \x01(\tR\x06sha256\x12\x14\n" +
	"\x05bytes\x18\x05 \x01(\x03R\x05bytes\x12\x12\n" +
	"\x04step\x18\x06 \x01(\x03R\x04step\"b\n" +
	"\n" +
	"Checkpoint\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\x12\x16\n" +
	"\x06sha256\x18\x02 \x01(\tR\x06sha256\x12\x14\n" +
	"\x05bytes\x18\x03 \x01(\x03R\x05bytes\x12\x12\n" +
	"\x04step\x18\x04 \x01(\x03R\x04step\"[\n" +
	"\x04Done\x12\x16\n" +
	"\x06status\x18\x01 \x01(\tR\x06status\x12\x16\n" +
	"\x06reason\x18\x02 \x01(\tR\x06reason\x12#\n" +
	"\x05error\x18\x03 \x01(\v2\r.lab.v1.ErrorR\x05error\"\r\n" +
	"\vStopRequest\"%\n" +
	"\tStopReply\x12\x18\n" +
	"\arunning\x18\x01 \x01(\bR\arunning\"G\n" +
	"\x05Error\x12\x12\n" +
	"\x04kind\x18\x01 \x01(\x05R\x04kind\x12\x18\n" +
	"\amessage\x18\x02 \x01(\tR\amessage\x12\x10\n" +
	"\x03try\x18\x03 \x01(\tR\x03try2\x9d\x01\n" +
	"\x06Family\x128\n" +
	"\bDescribe\x12\x17.lab.v1.DescribeRequest\x1a\x13.lab.v1.Description\x12)\n" +
	"\x05Train\x12\x0f.lab.v1.RunSpec\x1a\r.lab.v1.Event0\x01\x12.\n" +
	"\x04Stop\x12\x13.lab.v1.StopRequest\x1a\x11.lab.v1.StopReplyB\x1bZ\x19lab/core/internal/wire/pbb\x06proto3"

var (
	file_lab_proto_rawDescOnce sync.Once
	file_lab_proto_rawDescData []byte
)

func file_lab_proto_rawDescGZIP() []byte {
	file_lab_proto_rawDescOnce.Do(func() {
		file_lab_proto_rawDescData = protoimpl.X.CompressGZIP(unsafe.Slice(unsafe.StringData(file_lab_proto_rawDesc), len(file_lab_proto_rawDesc)))
	})
	return file_lab_proto_rawDescData
}

var file_lab_proto_msgTypes = make([]protoimpl.MessageInfo, 18)
var file_lab_proto_goTypes = []any{
	(*DescribeRequest)(nil), // 0: lab.v1.DescribeRequest
	(*Description)(nil),     // 1: lab.v1.Description
	(*Recipe)(nil),          // 2: lab.v1.Recipe
	(*Param)(nil),           // 3: lab.v1.Param
	(*Metric)(nil),          // 4: lab.v1.Metric
	(*RunSpec)(nil),         // 5: lab.v1.RunSpec
	(*Value)(nil),           // 6: lab.v1.Value
	(*Event)(nil),           // 7: lab.v1.Event
	(*Metrics)(nil),         // 8: lab.v1.Metrics
	(*Progress)(nil),        // 9: lab.v1.Progress
	(*Log)(nil),             // 10: lab.v1.Log
	(*Fact)(nil),            // 11: lab.v1.Fact
	(*Artifact)(nil),        // 12: lab.v1.Artifact
	(*Checkpoint)(nil),      // 13: lab.v1.Checkpoint
	(*Done)(nil),            // 14: lab.v1.Done
	(*StopRequest)(nil),     // 15: lab.v1.StopRequest
	(*StopReply)(nil),       // 16: lab.v1.StopReply
	(*Error)(nil),           // 17: lab.v1.Error
}
var file_lab_proto_depIdxs = []int32{
	2,  // 0: lab.v1.Description.recipes:type_name -> lab.v1.Recipe
	3,  // 1: lab.v1.Recipe.params:type_name -> lab.v1.Param
	4,  // 2: lab.v1.Recipe.metrics:type_name -> lab.v1.Metric
	6,  // 3: lab.v1.RunSpec.params:type_name -> lab.v1.Value
	8,  // 4: lab.v1.Event.metrics:type_name -> lab.v1.Metrics
	9,  // 5: lab.v1.Event.progress:type_name -> lab.v1.Progress
	10, // 6: lab.v1.Event.log:type_name -> lab.v1.Log
	11, // 7: lab.v1.Event.fact:type_name -> lab.v1.Fact
	12, // 8: lab.v1.Event.artifact:type_name -> lab.v1.Artifact
	13, // 9: lab.v1.Event.checkpoint:type_name -> lab.v1.Checkpoint
	14, // 10: lab.v1.Event.done:type_name -> lab.v1.Done
	17, // 11: lab.v1.Done.error:type_name -> lab.v1.Error
	0,  // 12: lab.v1.Family.Describe:input_type -> lab.v1.DescribeRequest
	5,  // 13: lab.v1.Family.Train:input_type -> lab.v1.RunSpec
	15, // 14: lab.v1.Family.Stop:input_type -> lab.v1.StopRequest
	1,  // 15: lab.v1.Family.Describe:output_type -> lab.v1.Description
	7,  // 16: lab.v1.Family.Train:output_type -> lab.v1.Event
	16, // 17: lab.v1.Family.Stop:output_type -> lab.v1.StopReply
	15, // [15:18] is the sub-list for method output_type
	12, // [12:15] is the sub-list for method input_type
	12, // [12:12] is the sub-list for extension type_name
	12, // [12:12] is the sub-list for extension extendee
	0,  // [0:12] is the sub-list for field type_name
}

func init() { file_lab_proto_init() }
func file_lab_proto_init() {
	if File_lab_proto != nil {
		return
	}
	file_lab_proto_msgTypes[7].OneofWrappers = []any{
		(*Event_Metrics)(nil),
		(*Event_Progress)(nil),
		(*Event_Log)(nil),
		(*Event_Fact)(nil),
		(*Event_Artifact)(nil),
		(*Event_Checkpoint)(nil),
		(*Event_Done)(nil),
	}
	type x struct{}
	out := protoimpl.TypeBuilder{
		File: protoimpl.DescBuilder{
			GoPackagePath: reflect.TypeOf(x{}).PkgPath(),
			RawDescriptor: unsafe.Slice(unsafe.StringData(file_lab_proto_rawDesc), len(file_lab_proto_rawDesc)),
			NumEnums:      0,
			NumMessages:   18,
			NumExtensions: 0,
			NumServices:   1,
		},
		GoTypes:           file_lab_proto_goTypes,
		DependencyIndexes: file_lab_proto_depIdxs,
		MessageInfos:      file_lab_proto_msgTypes,
	}.Build()
	File_lab_proto = out.File
	file_lab_proto_goTypes = nil
	file_lab_proto_depIdxs = nil
}
