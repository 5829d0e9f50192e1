package engineio

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// The codes with which a server refuses a request.
const (
	codeNone      = -1
	codeTransport = 0
	codeSession   = 1
	codeForbidden = 4
	codeVersion   = 5
)

// RefusedError is the answer of a server, or of what stands in front of it, that
// does not let a client in.
type RefusedError struct {
	Status int // of HTTP
	// Code is that of Engine.IO: 0 transport unknown, 1 session unknown, 2 bad
	// handshake method, 3 bad request, 4 forbidden, 5 unsupported protocol
	// version; -1 if the answer has none, as is usual for a WebSocket.
	Code     int
	Message  string // the server's, or the beginning of its answer; at most 200 bytes
	Location string // where a redirection points
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("HTTP status %d", e.Status)
	if e.Code != codeNone {
		s = fmt.Sprintf("refused with code %d", e.Code)
	}
	if e.Message != "" {
		s += fmt.Sprintf(" %q", e.Message)
	}
	if hint := e.hint(); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}

// hint says what to do.
func (e *RefusedError) hint() string {
	switch {
	case e.Code == codeTransport || e.Code == codeNone && e.Message == "Transport unknown":
		return "the server does not let clients use this transport"
	case e.Code == codeSession:
		return "the session has ended, or the requests of one client reach several servers, which takes a load balancer that keeps them together"
	case e.Code == codeForbidden:
		return "the server's allowRequest says so"
	case e.Code == codeVersion:
		return "the server is older than Socket.IO 3"
	case e.Code != codeNone:
		return ""
	case e.Location != "":
		return "redirected to " + e.Location + ", which is not followed: connect there"
	case strings.Contains(e.Message, "HTTP request to an HTTPS server"):
		return "connect with https or wss"
	case e.Status == http.StatusNotFound:
		return "is the path right? that of Socket.IO is /socket.io/ unless the server changes it"
	case e.Status == http.StatusOK:
		return "not a Socket.IO server, or one behind a proxy that does not let WebSockets through"
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return "credentials are missing or wrong"
	case e.Status == http.StatusRequestEntityTooLarge:
		return "the message is larger than the server takes"
	case e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout:
		return "the server is down or restarts"
	}
	return ""
}

// refused reads an answer that is none of a transport.
func refused(r *http.Response) *RefusedError {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1024)) // what there is says enough
	e := &RefusedError{Status: r.StatusCode, Code: codeNone, Message: excerpt(body)}
	if r.StatusCode/100 == 3 {
		e.Location = excerpt([]byte(r.Header.Get("Location")))
	}
	var said struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil && said.Code != nil && *said.Code >= 0 {
		e.Code, e.Message = *said.Code, excerpt([]byte(said.Message))
	}
	return e
}

// excerpt returns the beginning of a text.
func excerpt(b []byte) string {
	const most = 200
	if len(b) > most {
		b = b[:most]
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
		if len(b) > 0 && b[len(b)-1] >= utf8.RuneSelf {
			b = b[:len(b)-1]
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(b), "\uFFFD"))
}
