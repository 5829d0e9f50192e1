package brio

import (
	"errors"
	"fmt"

	"github.com/briohq/brio/engine"
)

// What callers of brio test for.
var (
	// ErrDisconnected is returned for a socket that has disconnected, also to
	// those who wait for its acknowledgement.
	ErrDisconnected = errors.New("socket disconnected")
	// ErrBacklog is returned for a socket to which too much waits to be sent. It
	// has been disconnected, unless Config.SlowClient has the event dropped.
	ErrBacklog = engine.ErrBacklog
	// ErrIgnore is what a listener of [Namespace.OnAny], middleware of [Socket.Use]
	// or a handler returns to end an event without a word: it is not handled any
	// further, nor logged, and its acknowledgement is not answered.
	ErrIgnore = errors.New("event ignored")
	// ErrShutdown is the cause of what ends with the server.
	ErrShutdown = errors.New("server shutting down")
)

// Error is the only error that a client sees as it is, message and data: in
// the answer to an acknowledgement, in the event "error" if none was asked for, or
// as the reason why a connection was refused. A [*Violation] is made one. A handler
// that returns any other error has it logged, and the client is told "internal error",
// if it asked.
type Error struct {
	// Message says what went wrong, and what to do about it.
	Message string
	// Data is sent along if it is not nil: anything that can be encoded.
	Data any
}

// Errorf returns an Error for the client.
func Errorf(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Message }

var (
	errInternal   = &Error{Message: "internal error"}
	errArgument   = &Error{Message: "invalid argument"}
	errNamespace  = &Error{Message: "Invalid namespace"}
	errAuth       = &Error{Message: "auth is too large"}
	errNamespaces = &Error{Message: "too many namespaces"}
	errDismissed  = &Error{Message: "disconnected by the server"}
	errPanicked   = errors.New("handler panicked")
)

// public returns what a client is told of err, and whether that is all there is
// to it.
func public(err error) (*Error, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e, true
	}
	if e := refusalOf(err); e != nil {
		return e, true
	}
	return errInternal, false
}

// refusal is an Error on the wire: the payload of a CONNECT_ERROR, and what the
// default envelope holds.
type refusal struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func envelope(e *Error) any {
	return struct {
		Error refusal `json:"error"`
	}{refusal(*e)}
}
