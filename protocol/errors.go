package protocol

import (
	"errors"
	"fmt"
)

// Why a packet is refused. The errors of this package wrap one of these; the
// peer that sent such a packet is broken or hostile, and the protocol has its
// connection closed ("Socket.IO protocol v5, exchange protocol").
var (
	ErrSyntax             = errors.New("protocol: malformed packet")
	ErrType               = errors.New("protocol: unknown packet type")
	ErrPayload            = errors.New("protocol: invalid payload")
	ErrReserved           = errors.New("protocol: reserved event name")
	ErrNamespace          = errors.New("protocol: namespace too long")
	ErrAttachments        = errors.New("protocol: illegal attachments")
	ErrTooManyAttachments = errors.New("protocol: too many attachments")
	ErrUnexpectedBinary   = errors.New("protocol: binary message without a packet awaiting it")
	ErrUnexpectedText     = errors.New("protocol: text message while attachments are awaited")
	ErrTooLarge           = errors.New("protocol: packet too large")
	ErrTooDeep            = errors.New("protocol: payload nested too deeply")
)

// ErrEncode is wrapped by the errors of [AppendEvent] and [AppendArgs] about an
// argument that has no JSON form.
var ErrEncode = errors.New("protocol: cannot encode argument")

// ScanError reports the argument that [Args.Scan] could not decode.
type ScanError struct {
	Index int   // of the argument and of its destination, from 0
	Err   error // of who decodes it; nil if it did not come to that

	// Violation says where it is wrong, for the peer. Only [JSON.ScanOne] and
	// [JSON.ScanNone] look for it.
	Violation *Violation
}

// Error implements error.
func (e *ScanError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("protocol: argument %d: %v", e.Index, e.Violation)
	}
	return fmt.Sprintf("protocol: argument %d: %v", e.Index, e.Err)
}

// Unwrap returns the cause.
func (e *ScanError) Unwrap() error { return e.Err }
