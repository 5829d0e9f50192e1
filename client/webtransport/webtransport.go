// Package webtransport is WebTransport for clients: [Dial] is what
// engineio.Config.Dialers takes under the name webtransport.
//
//	config.Dialers = map[string]engineio.Dialer{"webtransport": webtransport.Dial}
//
// A connection that begins on long-polling then changes to WebTransport where the
// server offers it, and to WebSocket if that fails, as where UDP does not get
// through. With webtransport in Config.Transports it can also begin there.
//
// Each connection is a QUIC connection of its own, with the goroutines and the
// buffers of one; programs with many connections do with less on WebSocket.
package webtransport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/client/engineio"
)

// keepAlive is the time between two packets by which QUIC keeps an idle connection,
// and those who translate its addresses on the way, from forgetting it.
const keepAlive = 15 * time.Second

// Dial opens a WebTransport session and the stream on which packets travel
// (Engine.IO protocol v4, "WebTransport"). The address must be https. Of config it
// uses Header, TLS and MaxPayload: there is no proxy for UDP, no Config.Dial and,
// as in browsers, no cookies.
func Dial(ctx context.Context, address *url.URL, id string, config engineio.Config) (engineio.Pipe, error) {
	if address.Scheme != "https" {
		return nil, errors.New("WebTransport needs https")
	}
	u := *address
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "443")
	}
	trust := config.TLS.Clone()
	if trust == nil {
		trust = &tls.Config{MinVersion: tls.VersionTLS13}
	}
	trust.NextProtos = []string{http3.NextProtoH3}
	dialer := wt.Transport{
		TLSClientConfig: trust,
		QUICConfig: &quic.Config{
			EnableDatagrams:                  true, // which WebTransport insists on
			EnableStreamResetPartialDelivery: true,
			KeepAlivePeriod:                  keepAlive,
			MaxIncomingUniStreams:            8, // what HTTP/3 itself needs; servers have no other business here
		},
	}
	header := config.Header.Clone()
	header.Del("Host")
	response, session, err := dialer.Dial(ctx, u.String(), header) //nolint:bodyclose // it goes with the session
	switch {
	case response != nil && err != nil && response.StatusCode/100 != 2:
		return nil, &engineio.RefusedError{Status: response.StatusCode, Code: -1}
	case err != nil:
		return nil, err
	}
	p := &pipe{session: session, limit: config.MaxPayload}
	if err := p.open(ctx, id); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// open opens the stream, and says on it what it is for.
func (p *pipe) open(ctx context.Context, id string) (err error) {
	if p.stream, err = p.session.OpenStreamSync(ctx); err != nil {
		return fmt.Errorf("open a stream: %w", err)
	}
	p.in = bufio.NewReaderSize(p.stream, readBuffer)
	hello := []byte{'0'}
	if id != "" {
		sid, _ := json.Marshal(map[string]string{"sid": id}) // nothing in it can fail
		hello = append(hello, sid...)
	}
	var b bytes.Buffer
	appendFrame(&b, false, hello)
	_, err = p.stream.Write(b.Bytes())
	return err
}
