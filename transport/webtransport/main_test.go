package webtransport

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"
	"go.uber.org/goleak"

	"github.com/briohq/brio/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// certificate is one that a browser takes by its hash.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(10 * 24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// host is a Server on a free port of this machine.
type host struct {
	*Server
	addr string
}

// serve runs a server until the test ends, and checks that it then does.
func serve(t *testing.T, handler http.Handler) *host { return run(t, &Server{Handler: handler}) }

func run(t *testing.T, s *Server) *host {
	t.Helper()
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{s, pc.LocalAddr().String()}
	served := make(chan error, 1)
	go func() { served <- h.Serve(pc) }()
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return h
}

// client is a client on WebTransport.
type client struct {
	t       *testing.T
	session *wt.Session
	stream  *wt.Stream
	in      *bufio.Reader
}

// quicOfClients has small windows, so that little suffices to fill them.
var quicOfClients = &quic.Config{
	EnableDatagrams:                  true,
	EnableStreamResetPartialDelivery: true,
	InitialStreamReceiveWindow:       32 << 10,
	MaxStreamReceiveWindow:           32 << 10,
	InitialConnectionReceiveWindow:   48 << 10,
	MaxConnectionReceiveWindow:       48 << 10,
}

// ask requests a session; the headers are pairs.
func (h *host) ask(t *testing.T, path string, headers ...string) (*http.Response, *client, error) {
	t.Helper()
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(certificate().Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	dialer := &wt.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, QUICConfig: quicOfClients}
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	response, session, err := dialer.Dial(ctx, "https://"+h.addr+path, header)
	if err != nil {
		return response, nil, err
	}
	c := &client{t: t, session: session}
	t.Cleanup(c.close)
	return response, c, nil
}

// dial begins a session and opens its stream, on which nothing has been said.
func (h *host) dial(t *testing.T, headers ...string) *client {
	t.Helper()
	_, c, err := h.ask(t, "/", headers...)
	if err != nil {
		t.Fatal(err)
	}
	c.open()
	return c
}

// open opens a stream, on which the client speaks from then on.
func (c *client) open() {
	c.t.Helper()
	stream, err := c.session.OpenStream()
	if err != nil {
		c.t.Fatal(err)
	}
	_ = stream.SetDeadline(time.Now().Add(patience))
	c.stream, c.in = stream, bufio.NewReader(stream)
}

func (c *client) close() { _ = c.session.CloseWithError(0, "") }

// framed returns a packet as a frame, which is as short as it can be.
func framed(first byte, payload string) string {
	switch n := len(payload); {
	case n < 126:
		return string([]byte{first | byte(n)}) + payload
	case n < 1<<16:
		return string([]byte{first | 126, byte(n >> 8), byte(n)}) + payload
	default:
		return string(binary.BigEndian.AppendUint64([]byte{first | 127}, uint64(n))) + payload
	}
}

// text and data are frames of text and of binary packets.
func text(packet string) string { return framed(0, packet) }
func data(packet string) string { return framed(0x80, packet) }

// say sends bytes as they are.
func (c *client) say(raw ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.stream, strings.Join(raw, "")); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the next packet, a binary one behind "b:", or what has ended the
// connection: "closed" if that was the server.
func (c *client) hear() string {
	first, err := c.in.ReadByte()
	if err != nil {
		return c.end(err)
	}
	size := 0
	switch length := int(first & 0x7f); length {
	case 126:
		size = 2
	case 127:
		size = 8
	default:
		size = -length
	}
	length := uint64(-size)
	if size > 0 {
		b := make([]byte, 8)
		if _, err := io.ReadFull(c.in, b[8-size:]); err != nil {
			return c.end(err)
		}
		length = binary.BigEndian.Uint64(b)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return c.end(err)
	}
	if first&0x80 != 0 {
		return "b:" + string(payload)
	}
	return string(payload)
}

func (c *client) end(err error) string {
	select {
	case <-c.session.Context().Done(): // it knows better than its stream
		_, err = c.session.AcceptStream(context.Background())
	default:
	}
	session, ofSession := errors.AsType[*wt.SessionError](err)
	conn, ofConn := errors.AsType[*quic.ApplicationError](err)
	switch {
	case ofSession && session.Remote && session.ErrorCode == 0, ofConn && conn.Remote && conn.ErrorCode == 0:
		return "closed"
	}
	return fmt.Sprintf("error: %v", err)
}

func (c *client) hears(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got := c.hear(); got != w {
			c.t.Fatalf("heard %.100q, want %.100q", got, w)
		}
	}
}

// get makes an ordinary request over HTTP/3.
func (h *host) request(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	tr := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test's own certificate
	defer tr.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "https://"+h.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// take returns what comes through ch.
func take[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("what must come did not")
		panic("unreachable")
	}
}

// until waits for what nobody announces.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func frames(packets ...string) (fs []*transport.Frame) {
	for _, p := range packets {
		fs = append(fs, transport.NewText(transport.Type(p[0]-'0'), p[1:]))
	}
	return fs
}
