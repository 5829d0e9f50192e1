package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client/engineio"
)

// What callers of a socket test for, beside [brio.ErrDisconnected].
var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("client closed")
	// ErrBacklog is returned for an event for which Config.MaxBacklog leaves no room.
	// It is not sent.
	ErrBacklog = engineio.ErrBacklog
)

// The reasons for which a socket disconnects beside those that it has in common with
// a server: [brio.TransportClose], [brio.TransportError], [brio.PingTimeout] and
// [brio.ParseError]. After these two it does not come back by itself.
const (
	ServerDisconnect = brio.Reason("io server disconnect") // the server has made the socket leave
	ClientDisconnect = brio.Reason("io client disconnect") // Disconnect or Close
)

// ConnectError is why a socket was not let into its namespace.
type ConnectError struct {
	Namespace string
	// Err is a *[brio.Error] if the server has refused, with what it said; its Data
	// is a [json.RawMessage], or nil. Else it is why the server can't be reached, or the
	// error of Config.Auth.
	Err error
}

func (e *ConnectError) Error() string {
	if _, refused := e.Err.(*brio.Error); refused { //nolint:errorlint // which is never wrapped here
		return fmt.Sprintf("namespace %s refused: %v", e.Namespace, e.Err)
	}
	return fmt.Sprintf("connect to namespace %s: %v", e.Namespace, e.Err)
}

// Unwrap returns what it was.
func (e *ConnectError) Unwrap() error { return e.Err }

var errInternal = brio.Errorf("internal error")

// refusal is a brio.Error on the wire: the payload of a CONNECT_ERROR, and what the
// default envelope holds.
type refusal struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

type envelope struct {
	Error *refusal `json:"error"`
}

// newRefusal returns the error that the payload of a CONNECT_ERROR is: an object, or
// a string.
func newRefusal(payload []byte) *brio.Error {
	var r struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(payload, &r) != nil {
		_ = json.Unmarshal(payload, &r.Message) // a packet of this type has nothing else
	}
	e := &brio.Error{Message: r.Message}
	if r.Data != nil {
		e.Data = r.Data
	}
	return e
}

// failure returns the error that an acknowledgement is, if it has the one argument
// with which brio answers for a handler that failed.
func failure(args brio.Args) error {
	raw := args.Raw(0)
	if !bytes.HasPrefix(raw, []byte(`{"error":{`)) || args.Len() != 1 {
		return nil
	}
	var e struct {
		Error struct {
			Message *string         `json:"message"`
			Data    json.RawMessage `json:"data"`
		} `json:"error"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil || e.Error.Message == nil {
		return nil
	}
	found := &brio.Error{Message: *e.Error.Message}
	if e.Error.Data != nil {
		found.Data = e.Error.Data
	}
	return found
}
