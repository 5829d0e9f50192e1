package engineio

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/briohq/brio/internal/deflate"
	"github.com/briohq/brio/transport"
)

// readBuffer is the size in bytes of a WebSocket's read buffer. A message that fits
// is not copied; a larger one has a buffer of its own while it is read.
const readBuffer = 1024

// webSocket carries packets as WebSocket messages (RFC 6455; Engine.IO protocol v4,
// "WebSocket").
type webSocket struct {
	nc      net.Conn
	in      frames
	deflate int // bytes from which on a message is compressed; 0 if none is

	mu      sync.Mutex // guards what follows
	pong    []byte     // the payload of the last ping that has not been answered; nil for none
	pinged  func()     // has Write called, if set
	writing sync.Mutex // held while bytes are written; guards what follows
	parted  bool       // a close frame has been sent: nothing follows it
}

func dialWebSocket(ctx context.Context, address *url.URL, id string, config Config) (Pipe, error) {
	u := *address
	q := u.Query()
	q.Set("EIO", "4")
	q.Set("transport", "websocket")
	if id != "" {
		q.Set("sid", id)
	}
	u.RawQuery = q.Encode()
	nc, err := connect(ctx, &u, &config)
	if err != nil {
		return nil, err
	}
	var in *bufio.Reader
	var agreed bool
	err = bounded(ctx, nc, func() (err error) {
		in, agreed, err = openWebSocket(nc, &u, &config)
		return err
	})
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	s := &webSocket{nc: nc, in: frames{in: in, limit: config.MaxPayload, deflated: agreed}}
	if agreed {
		s.deflate = cmp.Or(max(0, config.Deflate.Threshold), deflate.Threshold)
	}
	return s, nil
}

// openWebSocket does the opening handshake (RFC 6455, section 4.1), and returns
// what reads on, and whether messages may be compressed.
func openWebSocket(nc net.Conn, u *url.URL, config *Config) (in *bufio.Reader, deflated bool, err error) {
	header := config.Header.Clone()
	header.Del("Host")
	r := http.Request{Header: header}
	for _, cookie := range config.Jar.Cookies(cookieURL(u, config)) {
		r.AddCookie(cookie)
	}
	answered := http.Header{}
	d := ws.Dialer{
		Header: ws.HandshakeHeaderHTTP(header),
		Host:   config.Header.Get("Host"),
		OnHeader: func(key, value []byte) error {
			answered.Add(string(key), string(value))
			return nil
		},
	}
	if config.Deflate != nil {
		d.Extensions = []httphead.Option{offer.Option()}
	}
	var seen bytes.Buffer
	answer := io.LimitReader(nc, headers)
	early, shaken, err := d.Upgrade(struct {
		io.Reader
		io.Writer
	}{io.TeeReader(answer, &seen), nc}, u)
	if cookies := (&http.Response{Header: answered}).Cookies(); len(cookies) > 0 {
		config.Jar.SetCookies(cookieURL(u, config), cookies)
	}
	if err != nil {
		if refusal := otherAnswer(io.MultiReader(&seen, answer)); refusal != nil {
			return nil, false, refusal
		}
	}
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, false, fmt.Errorf("the server has hung up in the handshake: %w", err)
	case err != nil:
		return nil, false, fmt.Errorf("handshake: %w", err)
	}
	if deflated, err = accept(shaken.Extensions); err != nil {
		return nil, false, fmt.Errorf("handshake: %w", err)
	}
	var rest io.Reader = nc
	if early != nil {
		b, _ := early.Peek(early.Buffered())
		rest = io.MultiReader(bytes.NewReader(bytes.Clone(b)), nc)
		ws.PutReader(early)
	}
	return bufio.NewReaderSize(rest, readBuffer), deflated, nil
}

// offer is that of permessage-deflate: no side keeps a context.
var offer = wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}

// accept reports whether a server has agreed to compress (RFC 7692, section 7.1). It
// must not keep a context, as it was asked; that it has to be told in how many bits
// to compress was not offered.
func accept(answers []httphead.Option) (bool, error) {
	if len(answers) == 0 {
		return false, nil
	}
	var given wsflate.Parameters
	if err := given.Parse(answers[0]); err != nil || len(answers) > 1 || !given.ServerNoContextTakeover || given.ClientMaxWindowBits > 0 {
		return false, errors.New("the server answers the offer of permessage-deflate with what was not offered: leave Config.Deflate out")
	}
	return true, nil
}

// otherAnswer reads an answer that opens no WebSocket, nil if it is not one of HTTP.
func otherAnswer(answer io.Reader) error {
	r, err := http.ReadResponse(bufio.NewReader(answer), nil)
	if err != nil {
		return nil //nolint:nilerr // what it is instead has been said
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	return refused(r)
}

// cookieURL is what a jar knows a server by: as for net/http, its name in Host.
func cookieURL(u *url.URL, config *Config) *url.URL {
	named := *u
	if host := config.Header.Get("Host"); host != "" {
		named.Host = host
	}
	return &named
}

// urge has f called when there is a ping to answer, instead of it being answered
// by the reader, who may have to wait for that.
func (s *webSocket) urge(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pinged = f
}

func (s *webSocket) SetReadDeadline(t time.Time) { _ = s.nc.SetReadDeadline(t) }

func (s *webSocket) Read() (transport.Packet, error) {
	for {
		message, op, err := s.in.next()
		switch {
		case err != nil:
			return transport.Packet{}, s.fail(err)
		case op == ws.OpPing:
			s.answer(message)
		case op == ws.OpText || op == ws.OpBinary:
			p, err := transport.Decode(message, op == ws.OpBinary)
			return p, s.fail(err)
		}
	}
}

// answer answers a ping (RFC 6455, section 5.5.2).
func (s *webSocket) answer(payload []byte) {
	s.mu.Lock()
	s.pong = append(make([]byte, 0, len(payload)), payload...)
	pinged := s.pinged
	s.mu.Unlock()
	if pinged != nil {
		pinged()
	} else {
		_ = s.Write(nil) // that a connection is broken is seen by who reads
	}
}

// fail answers what can't be gone on from with a close frame, unless that would
// have to wait: for the server, which has been told enough if it does not read.
func (s *webSocket) fail(err error) error {
	code := ws.StatusNoStatusRcvd
	breach, broke := errors.AsType[*violation](err)
	parted, left := errors.AsType[*closedError](err)
	switch {
	case broke:
		code = breach.code
	case left:
		code = parted.code
	case errors.Is(err, transport.ErrParse):
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		return &closedError{err: err}
	default:
		return err
	}
	if !s.writing.TryLock() {
		return err
	}
	defer s.writing.Unlock()
	if s.parted {
		return err
	}
	_ = s.nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = s.nc.Write(closeFrame(code))
	return err
}

// Write sends packets with one write of the network, and the answer to a ping.
func (s *webSocket) Write(packets []transport.Packet) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	buf := written.Get().(*[]byte)
	defer written.Put(buf)
	b := s.appendPong((*buf)[:0])
	for _, p := range packets {
		switch {
		case p.Binary:
			b = s.appendMessage(b, ws.OpBinary, "", p)
		default:
			b = s.appendMessage(b, ws.OpText, string('0'+rune(p.Type)), p)
		}
		if len(b) < keep {
			continue
		}
		if _, err := s.nc.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	if cap(b) <= 2*keep {
		*buf = b
	}
	if len(b) == 0 {
		return nil
	}
	_, err := s.nc.Write(b)
	return err
}

func (s *webSocket) appendPong(b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pong == nil {
		return b
	}
	b = appendFrame(b, ws.Header{OpCode: ws.OpPong}, "", s.pong)
	s.pong = nil
	return b
}

// Goodbye sends a close frame: on a WebSocket there is no close packet.
func (s *webSocket) Goodbye() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.parted = true
	_, err := s.nc.Write(closeFrame(ws.StatusNormalClosure))
	return err
}

func (s *webSocket) Close() error { return s.nc.Close() }

// written are buffers for what is written.
var written = sync.Pool{New: func() any { return new([]byte) }}

func closeFrame(code ws.StatusCode) []byte {
	if code == ws.StatusNoStatusRcvd {
		return appendFrame(nil, ws.Header{OpCode: ws.OpClose}, "", nil)
	}
	return appendFrame(nil, ws.Header{OpCode: ws.OpClose}, "", ws.NewCloseFrameBody(code, ""))
}

// appendMessage appends the frame of a message, compressed where that is agreed on and
// makes it shorter.
func (s *webSocket) appendMessage(dst []byte, op ws.OpCode, prefix string, p transport.Packet) []byte {
	if s.deflate == 0 || len(p.Data) < s.deflate || p.Uncompressed {
		return appendFrame(dst, ws.Header{OpCode: op}, prefix, p.Data)
	}
	buf := written.Get().(*[]byte)
	defer written.Put(buf)
	b := deflate.Append((*buf)[:0], []byte(prefix), p.Data)
	if cap(b) <= 2*keep {
		*buf = b
	}
	if len(b) >= len(prefix)+len(p.Data) {
		return appendFrame(dst, ws.Header{OpCode: op}, prefix, p.Data)
	}
	return appendFrame(dst, ws.Header{OpCode: op, Rsv: deflate.Mark}, "", b)
}

// appendFrame appends a frame of a client, which is masked (RFC 6455, section 5.3).
func appendFrame(dst []byte, h ws.Header, prefix string, payload []byte) []byte {
	h.Fin, h.Masked, h.Length = true, true, int64(len(prefix)+len(payload))
	for i := range h.Mask {
		h.Mask[i] = byte(rand.Uint32())
	}
	b := bytes.NewBuffer(dst)
	_ = ws.WriteHeader(b, h) // a buffer takes everything
	dst = b.Bytes()
	begin := len(dst)
	dst = append(append(dst, prefix...), payload...)
	ws.Cipher(dst[begin:], h.Mask, 0)
	return dst
}
