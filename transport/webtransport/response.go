package webtransport

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// firstLimit is the largest first packet in bytes: it has a session's id, if
// anything.
const firstLimit = 256

// response is the [http.ResponseWriter] of a request for a WebTransport session.
type response struct {
	http.ResponseWriter
	request *http.Request
	server  *wt.Server
}

var _ transport.Upgrader = (*response)(nil)

// asks reports whether a request is for a WebTransport session (RFC 9220; the
// drafts of WebTransport over HTTP/3 have had two names for it).
func asks(r *http.Request) bool {
	return r.Method == http.MethodConnect && strings.HasPrefix(r.Proto, "webtransport")
}

// Unwrap is for [http.ResponseController].
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Upgrade answers the request with a WebTransport session, and returns the
// stream that the client opens on it once its first frame has come.
func (w *response) Upgrade(ctx context.Context, limit int, g *group.Group) (transport.Newcomer, error) {
	s, err := w.accept()
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return nil, err
	}
	c := &conn{session: s, group: g, limit: limit}
	if c.stream, err = s.AcceptStream(ctx); err != nil {
		s.hangUp()
		return nil, fmt.Errorf("accept a stream: %w", err)
	}
	deadline, _ := ctx.Deadline() // none is none
	_ = c.stream.SetReadDeadline(deadline)
	if err := c.greet(firstLimit); err != nil {
		s.hangUp()
		return nil, err
	}
	_ = c.stream.SetReadDeadline(time.Time{})
	return c, nil
}
