package engineio

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio/transport"
)

const (
	// separator stands between the packets of a payload (Engine.IO protocol v4,
	// "HTTP long-polling").
	separator = 0x1e
	// keep is the capacity of the largest buffer that is kept.
	keep = 64 << 10
	// headers is how many bytes the header of an answer may have.
	headers = 64 << 10
	// idleTimeout is how long an HTTP connection waits for the next request: less
	// than the five seconds after which servers on Node.js hang up.
	idleTimeout = 4 * time.Second
)

// polling is HTTP long-polling: one GET at a time, which the server answers when
// it has something to say, and one POST.
type polling struct {
	client  *http.Client
	header  http.Header
	address *url.URL        // with the session's id
	ctx     context.Context //nolint:containedctx // the lifetime of this pipe, for its requests
	cancel  context.CancelCauseFunc
	answer  int // bytes that one may have
	request int // bytes that one may have

	// Owned by the reader.
	body bytes.Buffer
	rest []byte // of body, that has not been read; nil for nothing
	due  bool   // there is a packet in rest, which may be empty

	post []byte // owned by the writer

	mu       sync.Mutex // guards deadline
	deadline time.Time
}

var (
	errClosed = errors.New("closed")
	revision3 = regexp.MustCompile(`^\d+:0\{`)
)

// dialPolling gets the handshake, for its answer says whether there is a server.
func dialPolling(ctx context.Context, address *url.URL, _ string, config Config) (Pipe, error) {
	u := *address
	q := u.Query()
	q.Set("EIO", "4")
	q.Set("transport", "polling")
	u.RawQuery = q.Encode()
	tls := config.TLS.Clone()
	if tls != nil {
		tls.NextProtos = nil // HTTP/2 and 1.1
	}
	p := &polling{
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:                  config.Proxy,
				DialContext:            config.Dial,
				TLSClientConfig:        tls,
				ForceAttemptHTTP2:      true,
				IdleConnTimeout:        idleTimeout,
				MaxResponseHeaderBytes: headers,
			},
			Jar:           config.Jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		header:  config.Header,
		address: &u,
		answer:  config.MaxPayload,
		request: largest,
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	stop := context.AfterFunc(ctx, func() { _ = p.Close() })
	defer stop()
	if err := p.handshake(); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

func (p *polling) handshake() error {
	if err := p.get(); err != nil {
		return err
	}
	first, _, _ := bytes.Cut(p.rest, []byte{separator})
	if revision3.Match(first) {
		return fmt.Errorf("%w: it speaks Engine.IO 3, of Socket.IO 2", ErrProtocol)
	}
	packet, err := transport.Decode(first, false)
	if err != nil || packet.Type != transport.Open {
		return fmt.Errorf("%w: it answers %q", ErrProtocol, excerpt(first))
	}
	h, err := parseHandshake(packet)
	if err != nil {
		return err
	}
	q := p.address.Query()
	q.Set("sid", h.ID)
	p.address.RawQuery = q.Encode()
	p.request = h.limit()
	return nil
}

func (p *polling) SetReadDeadline(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
}

// drained reports whether the next Read makes a request.
func (p *polling) drained() bool { return !p.due }

func (p *polling) Read() (transport.Packet, error) {
	if !p.due {
		if err := p.get(); err != nil {
			return transport.Packet{}, err
		}
	}
	var member []byte
	member, p.rest, p.due = bytes.Cut(p.rest, []byte{separator})
	return transport.Decode(member, false)
}

// get makes a GET and takes its answer.
func (p *polling) get() error {
	p.mu.Lock()
	deadline := p.deadline
	p.mu.Unlock()
	ctx := p.ctx
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if p.body.Cap() > keep {
		p.body = bytes.Buffer{}
	}
	p.body.Reset()
	err := p.do(ctx, http.MethodGet, once{}, func(r *http.Response) error {
		_, err := p.body.ReadFrom(io.LimitReader(r.Body, int64(p.answer)+1))
		return err
	})
	switch {
	case err == nil:
	case p.ctx.Err() == nil && ctx.Err() != nil:
		return os.ErrDeadlineExceeded
	default:
		return err
	}
	if p.body.Len() > p.answer {
		return fmt.Errorf("answer to a polling request exceeds %d bytes", p.answer)
	}
	p.rest, p.due = p.body.Bytes(), true
	if !utf8.Valid(p.rest) {
		return fmt.Errorf("%w: payload is not UTF-8", transport.ErrParse)
	}
	return nil
}

// once is a body of no bytes, for a GET that is not to be made a second time when
// its connection breaks, as net/http would without a body: the server may have
// answered it, with messages that the second answer does not have.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }

// do makes a request and has take read the answer, if that is a good one.
func (p *polling) do(ctx context.Context, method string, body io.Reader, take func(*http.Response) error) error {
	r, err := http.NewRequestWithContext(ctx, method, p.address.String(), body)
	if err != nil {
		return err
	}
	r.Header = p.header.Clone()
	r.Host = p.header.Get("Host")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	response, err := p.client.Do(r)
	if err != nil {
		return p.cause(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return refused(response)
	}
	return p.cause(take(response))
}

// cause returns why a request has failed: what has ended the pipe, if something has.
func (p *polling) cause(err error) error {
	if err == nil {
		return nil
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address, whose query may hold secrets
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // the end of a connection is none of the session
	}
	return err
}

// Write makes as many POSTs as the server's bound on their size takes.
func (p *polling) Write(packets []transport.Packet) error {
	for len(packets) > 0 {
		n := p.fill(packets)
		packets = packets[n:]
		err := p.do(p.ctx, http.MethodPost, bytes.NewReader(p.post), func(r *http.Response) error {
			_, err := io.Copy(io.Discard, io.LimitReader(r.Body, 1024))
			return err
		})
		if err != nil {
			p.cancel(err)
			return err
		}
	}
	if cap(p.post) > keep {
		p.post = nil
	}
	return nil
}

// fill makes a payload of as many packets as fit, one at least, and returns their
// number.
func (p *polling) fill(packets []transport.Packet) int {
	p.post = appendPacket(p.post[:0], packets[0])
	for i, one := range packets[1:] {
		if len(p.post)+1+payloadSize(one) > p.request {
			return i + 1
		}
		p.post = appendPacket(append(p.post, separator), one)
	}
	return len(packets)
}

func payloadSize(p transport.Packet) int {
	if p.Binary {
		return 1 + base64.StdEncoding.EncodedLen(len(p.Data))
	}
	return 1 + len(p.Data)
}

func appendPacket(dst []byte, p transport.Packet) []byte {
	if p.Binary {
		return base64.StdEncoding.AppendEncode(append(dst, 'b'), p.Data)
	}
	return append(append(dst, '0'+byte(p.Type)), p.Data...)
}

// Goodbye sends a close packet. The server has taken it when it answers, so that
// the GET is given up then.
func (p *polling) Goodbye() error {
	err := p.Write([]transport.Packet{{Type: transport.Close}})
	p.cancel(io.EOF)
	return err
}

func (p *polling) Close() error {
	p.cancel(errClosed)
	p.client.CloseIdleConnections()
	return nil
}
