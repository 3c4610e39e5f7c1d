package wire

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lab/core"
	"lab/core/internal/wire/pb"
)

// FromError carries an error by kind, message and suggestion. Its cause becomes
// part of the message.
func FromError(err error) *pb.Error {
	if err == nil {
		return nil
	}
	return &pb.Error{Kind: int32(core.KindOf(err)), Message: OneLine(text(err.Error())), Try: OneLine(text(core.TryOf(err)))}
}

// ToError is the inverse of [FromError]; a kind that this side does not know
// becomes [core.Other].
func ToError(m *pb.Error) error {
	if m == nil {
		return nil
	}
	k := core.Kind(m.GetKind())
	if k < core.Other || k > core.Storage {
		k = core.Other
	}
	return &core.Error{Kind: k, Msg: OneLine(m.GetMessage()), Try: OneLine(m.GetTry())}
}

// ToStatus makes the gRPC error by which a plugin refuses a request.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	code := codes.Unknown
	switch core.KindOf(err) {
	case core.Usage:
		code = codes.InvalidArgument
	case core.PluginError:
		code = codes.FailedPrecondition
	}
	s, detailErr := status.New(code, text(err.Error())).WithDetails(FromError(err))
	if detailErr != nil {
		return status.Error(code, text(err.Error()))
	}
	return s.Err()
}

// FromStatus returns the error that a plugin refused a request with. The second
// result is false if err came from the transport and not from the plugin's hand.
func FromStatus(err error) (error, bool) {
	s, ok := status.FromError(err)
	if !ok {
		return err, false
	}
	for _, d := range s.Details() {
		if m, ok := d.(*pb.Error); ok {
			return ToError(m), true
		}
	}
	return errors.New(OneLine(s.Message())), false
}
