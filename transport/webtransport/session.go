package webtransport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"
)

const (
	// byeTimeout is how long a client may take to hang up when it has been told.
	byeTimeout = time.Second
	// settleTimeout is how long a QUIC connection that ends may take until that
	// is known everywhere.
	settleTimeout = 100 * time.Millisecond
)

// bye is a WT_CLOSE_SESSION capsule with code 0 and without a message, what a
// client sees of an end for which no reason is given.
const bye = "\x68\x43\x04\x00\x00\x00\x00"

// session is a WebTransport session, together with what it runs on: the stream of
// its CONNECT request, and the QUIC connection.
type session struct {
	*wt.Session
	connect *http3.Stream
	quic    *quic.Conn
	once    sync.Once
}

// accept answers the request with a session.
func (w *response) accept() (*session, error) {
	tapped := &tap{
		ResponseWriter: w.ResponseWriter,
		Flusher:        w.ResponseWriter.(http.Flusher),
		Settingser:     w.ResponseWriter.(http3.Settingser),
	}
	s, err := w.server.Upgrade(tapped, w.request)
	if err != nil {
		return nil, err
	}
	conn, _ := w.request.Context().Value(quicConn{}).(*quic.Conn) // from Server.init
	return &session{Session: s, connect: tapped.stream, quic: conn}, nil
}

// tap is an answer over HTTP/3 that remembers its stream when that is taken.
type tap struct {
	http.ResponseWriter
	http.Flusher
	http3.Settingser
	stream *http3.Stream
}

func (t *tap) HTTPStream() *http3.Stream {
	t.stream = t.ResponseWriter.(http3.HTTPStreamer).HTTPStream()
	return t.stream
}

// hangUp ends the session, and returns when it has ended: after a second at
// most. A browser takes what the library sends for a broken connection, because
// a STOP_SENDING is on the wire before the capsule that says otherwise. So the
// capsule is sent alone, and the library finishes when the client has answered.
func (s *session) hangUp() {
	s.once.Do(func() {
		timer := time.NewTimer(byeTimeout)
		defer timer.Stop()
		_ = s.connect.SetWriteDeadline(time.Now().Add(byeTimeout))
		_, _ = io.WriteString(s.connect, bye)
		_ = s.connect.Close()
		select {
		case <-s.Context().Done():
		case <-timer.C:
		}
		_ = s.CloseWithError(0, "")
	})
}

// cause returns why a session has ended, nil if the client ended it in an
// orderly way: the session, its stream, or all of QUIC. The latter may be
// noticed as an error of HTTP/3 just before it is known for what it is.
func (s *session) cause(err error) error {
	if h3, ok := errors.AsType[*http3.Error](err); ok && !h3.Remote {
		timer := time.NewTimer(settleTimeout)
		defer timer.Stop()
		select {
		case <-s.quic.Context().Done():
			err = context.Cause(s.quic.Context())
		case <-timer.C:
		}
	}
	end, ofSession := errors.AsType[*wt.SessionError](err)
	ofQUIC, ofConn := errors.AsType[*quic.ApplicationError](err)
	switch {
	case errors.Is(err, errFarewell), errors.Is(err, io.EOF),
		ofSession && end.Remote,
		ofConn && ofQUIC.Remote && (ofQUIC.ErrorCode == 0 || ofQUIC.ErrorCode == quic.ApplicationErrorCode(http3.ErrCodeNoError)):
		return nil
	}
	return err
}
