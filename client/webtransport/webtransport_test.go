package webtransport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/webtransport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// echo is a session that sends back what it gets.
type echo struct {
	session *engine.Session
	closed  chan engine.Reason
}

func (e *echo) Message(b []byte, binary bool) {
	frame := transport.NewText(transport.Message, string(b))
	if binary {
		frame = transport.NewBinary(b)
	}
	_ = e.session.Send([]*transport.Frame{frame}, 0)
}

func (e *echo) Closed(r engine.Reason) { e.closed <- r }

// site is a server on TCP and UDP, of one port number.
type site struct {
	*engine.Server
	address string
	trust   *tls.Config
	closed  chan engine.Reason
}

func serve(t *testing.T, c engine.Config) *site {
	t.Helper()
	s := &site{closed: make(chan engine.Reason, 100)}
	c.Transports = []string{"polling", "websocket", "webtransport"}
	c.Open = func(session *engine.Session, _ *http.Request) engine.Receiver { return &echo{session, s.closed} }
	s.Server = engine.NewServer(c)
	tcp, udp := listen(t)
	certificate := newCertificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}} //nolint:gosec // the default
	h1 := &http.Server{Handler: s, TLSConfig: config, ReadHeaderTimeout: patience}
	h3 := &webtransport.Server{Handler: s, TLSConfig: config.Clone()}
	served := make(chan error, 2)
	go func() { served <- h1.ServeTLS(tcp, "", "") }()
	go func() { served <- h3.Serve(udp) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), h3.Close(), h1.Close()); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		}
	})
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	s.trust = &tls.Config{RootCAs: pool} //nolint:gosec // the default
	s.address = "https://" + tcp.Addr().String() + "/engine.io/"
	return s
}

// listen finds a number that is free for both.
func listen(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp
		}
		_ = tcp.Close()
	}
	t.Fatal("no port is free")
	return nil, nil
}

func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (s *site) dial(t *testing.T, config engineio.Config) *engineio.Conn {
	t.Helper()
	u, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	config.TLS = s.trust
	config.Dialers = map[string]engineio.Dialer{"webtransport": Dial}
	c, err := engineio.Dial(t.Context(), u, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange sends messages, waits for them to come back, and closes.
func exchange(t *testing.T, s *site, c *engineio.Conn, n int) {
	t.Helper()
	long := strings.Repeat("x", 70_000)
	message := func(i int) engineio.Message {
		return engineio.Message{Data: fmt.Appendf(nil, "%d%s", i, long[:i*i%1000*70]), Binary: i%2 == 0}
	}
	timer := time.AfterFunc(patience, c.Abort)
	defer timer.Stop()
	sent, got := 0, 0
	for ; sent < n/2; sent++ {
		if err := c.Send(message(sent)); err != nil {
			t.Fatal(err)
		}
	}
	err := c.Serve(func(b []byte, binary bool) {
		want := message(got)
		if binary != want.Binary || string(b) != string(want.Data) {
			t.Errorf("message %d is %.20q, want %.20q", got, b, want.Data)
		}
		got++
		if sent < n {
			if err := c.Send(message(sent)); err != nil {
				t.Error(err)
			}
			sent++
		}
		if got == n {
			c.Close()
		}
	})
	if end, ok := errors.AsType[*engineio.CloseError](err); !ok || end.Reason != engineio.ForcedClose || got != n {
		t.Errorf("%v after %d of %d messages", err, got, n)
	}
	select {
	case r := <-s.closed:
		if r != engine.TransportClose {
			t.Errorf("the server's reason is %q", r)
		}
	case <-time.After(patience):
		t.Error("the server does not know")
	}
}

func TestBegin(t *testing.T) {
	s := serve(t, engine.Config{MaxBacklog: 64 << 20})
	c := s.dial(t, engineio.Config{Transports: []string{"webtransport"}, MaxBacklog: 64 << 20})
	if c.Transport() != "webtransport" {
		t.Errorf("on %q", c.Transport())
	}
	exchange(t, s, c, 200)
}

func TestUpgrade(t *testing.T) {
	s := serve(t, engine.Config{MaxBacklog: 64 << 20})
	upgraded := make(chan string, 10)
	c := s.dial(t, engineio.Config{Transports: []string{"polling", "websocket"}, MaxBacklog: 64 << 20, OnUpgrade: func(name string) { upgraded <- name }})
	exchange(t, s, c, 400)
	if name := <-upgraded; name != "webtransport" || c.Transport() != name {
		t.Errorf("upgraded to %q, on %q", name, c.Transport())
	}
}

// Where UDP does not get through, a WebSocket is next.
func TestFallback(t *testing.T) {
	s := serve(t, engine.Config{})
	u, _ := url.Parse(s.address)
	tried := false
	broken := func(ctx context.Context, address *url.URL, id string, config engineio.Config) (engineio.Pipe, error) {
		tried = true
		nowhere, err := net.ListenPacket("udp", "127.0.0.1:0") // and never read
		if err != nil {
			return nil, err
		}
		defer nowhere.Close()
		other := *address
		other.Host = nowhere.LocalAddr().String()
		return Dial(ctx, &other, id, config)
	}
	c, err := engineio.Dial(t.Context(), u, engineio.Config{
		Transports: []string{"webtransport", "websocket"},
		Dialers:    map[string]engineio.Dialer{"webtransport": broken},
		TLS:        s.trust,
		Timeout:    2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !tried || c.Transport() != "websocket" {
		t.Errorf("tried %v, on %q", tried, c.Transport())
	}
	exchange(t, s, c, 10)
}

// The server's end is an end of the transport.
func TestServerCloses(t *testing.T) {
	s := serve(t, engine.Config{})
	c := s.dial(t, engineio.Config{Transports: []string{"webtransport"}})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(ctx) }()
	err := c.Serve(func([]byte, bool) {})
	if end, ok := errors.AsType[*engineio.CloseError](err); !ok || end.Reason != engineio.TransportClose {
		t.Errorf("ended with %v", err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	s := serve(t, engine.Config{})
	for address, want := range map[string]string{
		strings.Replace(s.address, "https", "http", 1): "needs https",
	} {
		u, _ := url.Parse(address)
		_, err := engineio.Dial(t.Context(), u, engineio.Config{Transports: []string{"webtransport"}, Dialers: map[string]engineio.Dialer{"webtransport": Dial}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}
