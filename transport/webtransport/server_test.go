package webtransport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// files writes a certificate and its key as files.
func files(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(certificate().PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: certificate().Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestListenAndServe(t *testing.T) {
	certFile, keyFile := files(t)
	for name, listen := range map[string]func(*Server) error{
		"with TLSConfig": func(s *Server) error {
			s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
			return s.ListenAndServe()
		},
		"with files":        func(s *Server) error { return s.ListenAndServeTLS(certFile, keyFile) },
		"with files, added": func(s *Server) error { s.TLSConfig = &tls.Config{}; return s.ListenAndServeTLS(certFile, keyFile) },
	} {
		t.Run(name, func(t *testing.T) {
			l, pc := onePort(t) // to have a number that is free in all likelihood
			l.Close()
			pc.Close()
			h := &host{&Server{Addr: l.Addr().String(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Proto)
			})}, l.Addr().String()}
			served := make(chan error, 1)
			go func() { served <- listen(h.Server) }()
			if _, body := h.request(t, "GET", "/", ""); body != "HTTP/3.0" {
				t.Errorf("answered %q", body)
			}
			for range 2 {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := take(t, served); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("returned %v", err)
			}
			if err := h.ListenAndServeTLS(certFile, keyFile); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("a server that has closed: %v", err)
			}
			again, err := net.ListenPacket("udp", h.addr)
			if err != nil {
				t.Fatalf("the address is not free: %v", err)
			}
			again.Close()
		})
	}
}

func TestServeFails(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: pc.LocalAddr().String()}
	if err := s.ListenAndServe(); err == nil || !strings.Contains(err.Error(), "TLSConfig") {
		t.Errorf("without a certificate: %v", err)
	}
	if err := s.ListenAndServeTLS("none", "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without files: %v", err)
	}
	if err := s.ListenAndServeTLS(files(t)); err == nil {
		t.Error("an address that is taken")
	}
	if err := s.Serve(pc); err == nil || !strings.Contains(err.Error(), "TLSConfig") {
		t.Errorf("without a certificate: %v", err)
	}
	if _, err := pc.WriteTo(nil, pc.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket is not closed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A server that closes first ends its clients, whatever they are at.
func TestClose(t *testing.T) {
	s := openStation(t, engine.Config{})
	c, l, _ := s.connect(t)
	mute := s.dial(t)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	l.ended(t, engine.TransportError)
	for _, c := range []*client{c, mute} {
		select {
		case <-c.session.Context().Done():
		case <-time.After(patience):
			t.Error("a client is still there")
		}
	}
}

// Long-polling works over HTTP/3 as well.
func TestPolling(t *testing.T) {
	s := openStation(t, engine.Config{})
	_, open := s.request(t, "GET", "/?EIO=4&transport=polling", "")
	poll := "/?EIO=4&transport=polling&sid=" + parse(t, open).Sid
	if status, body := s.request(t, "POST", poll, "4hello\x1ebAQID"); status != 200 || body != "ok" {
		t.Errorf("%d %q", status, body)
	}
	if status, body := s.request(t, "GET", poll, ""); status != 200 || body != "4hello\x1ebAQID" {
		t.Errorf("%d %q", status, body)
	}
	l := take(t, s.layers)
	l.session.Abort(engine.ForcedClose)
}

// Many handshakes at once make clients show their address, which they do.
func TestCrowd(t *testing.T) {
	s := openStation(t, engine.Config{})
	s.handshakes.Add(crowd)
	c, _, _ := s.connect(t)
	c.say(text("4hello"))
	c.hears("4hello")
	s.handshakes.Add(-crowd)
}

// A QUIC connection has one session at a time: a second one is not begun, and
// the first doesn't notice. After it there may be another.
func TestOneSessionAtATime(t *testing.T) {
	s := openStation(t, engine.Config{})
	tr := &wt.Transport{}
	conn, err := quic.DialAddr(t.Context(), s.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http3.NextProtoH3}}, quicOfClients) //nolint:gosec // the test's own certificate
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.CloseWithError(0, "")
		_ = tr.Close()
	}()
	both, err := tr.NewClientConn(conn)
	if err != nil {
		t.Fatal(err)
	}
	begin := func() (*client, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, session, err := both.Dial(ctx, "https://"+s.addr+"/", nil)
		if err != nil {
			return nil, err
		}
		c := &client{t: t, session: session}
		c.open()
		c.say(text("0"))
		return c, nil
	}
	first, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	l := take(t, s.layers)
	first.handshake()
	if _, err := begin(); err == nil {
		t.Error("a second session is let in")
	}
	first.say(text("4hello"))
	first.hears("4hello")
	first.close()
	l.ended(t, engine.TransportClose)
	third, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	third.handshake()
	third.close()
}

// A handler that panics ends its request, and nothing else; the logger hears.
func TestPanic(t *testing.T) {
	var lines strings.Builder
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return lines.Write(b)
	}), nil))
	h := run(t, &Server{Logger: logger, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("a mistake")
		}
	})})
	if _, _, err := h.ask(t, "/panic"); err == nil {
		t.Error("let in")
	}
	if status, _ := h.request(t, "GET", "/", ""); status != 200 {
		t.Errorf("answered %d", status)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(lines.String(), "a mistake") {
		t.Errorf("logged %q", lines.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// Only a request for WebTransport can be upgraded.
func TestUpgraderIsForConnect(t *testing.T) {
	h := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(transport.Upgrader); ok {
			t.Errorf("%s %s can be upgraded", r.Method, r.Proto)
		}
	}))
	h.request(t, "GET", "/", "")
	h.request(t, "POST", "/", "")
}

// A connection whose client wants no stream is gone when Upgrade fails.
func TestUpgradeFails(t *testing.T) {
	failed := make(chan error, 1)
	h := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := w.(transport.Upgrader).Upgrade(r.Context(), limit, &group.Group{})
		failed <- err
	}))
	_, c, err := h.ask(t, "/")
	if err != nil {
		t.Fatal(err)
	}
	c.close()
	if err := take(t, failed); err == nil {
		t.Error("no error")
	}
}
