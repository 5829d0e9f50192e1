// Package webtransport is Engine.IO's WebTransport transport (Engine.IO protocol
// v4, "WebTransport"), for those who want it: only a program that imports this
// package links QUIC.
//
// WebTransport needs HTTP/3, which is UDP and which net/http does not serve. A
// [Server] does that, beside the [http.Server] there is and with the same
// handler, in which a brio.Server finds what it needs, as it finds what it needs
// for a WebSocket with the other:
//
//	server := brio.NewServer(brio.Config{Transports: []string{"polling", "websocket", "webtransport"}})
//	http.Handle("/socket.io/", server)
//	h3 := &webtransport.Server{Addr: ":3000"}
//	go h3.ListenAndServeTLS("cert.pem", "key.pem")
//	http.ListenAndServeTLS(":3000", "cert.pem", "key.pem", nil)
//
// Use one port number for both: the default policy of brio about origins
// compares with it, and clients that upgrade know no other.
//
// A client's session is one stream, which it opens. Its first frame is an open
// packet, of at most 256 bytes, and comes within UpgradeTimeout; no other stream
// may be opened. Whoever breaks these rules is disconnected: for
// "parse error" if it was with a frame (empty, longer than MaxPayload, text that
// is not UTF-8, an unknown packet), for "transport error" otherwise. Datagrams
// are dropped. One QUIC connection carries one session at a time.
//
// A browser accepts a certificate that a public authority has signed, or one
// whose hash the page names (serverCertificateHashes; ECDSA, and valid for no
// more than 14 days).
package webtransport

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/internal/group"
)

// crowd is how many handshakes of QUIC may be under way before addresses are
// verified first, which costs clients a round trip (RFC 9000, section 8.1).
const crowd = 256

// Server serves HTTP/3, WebTransport included. Its fields are not to be changed
// once it serves; its methods may be called concurrently.
type Server struct {
	// Addr is the UDP address to listen on. Default ":443".
	Addr string
	// TLSConfig has the certificate, unless [Server.ListenAndServeTLS] is given
	// one. Versions and protocols are set by the Server.
	TLSConfig *tls.Config
	// Handler answers the requests, those for WebTransport too: a brio.Server,
	// or what leads to one. What wraps the [http.ResponseWriter] on the way must
	// have an Unwrap method as for [http.ResponseController]. Default:
	// [http.DefaultServeMux].
	Handler http.Handler
	// Logger hears of connections that fail and of requests (debug), and of
	// panics of the handler (error). Default: silence.
	Logger *slog.Logger

	once       sync.Once
	wt         *wt.Server
	handshakes atomic.Int64 // under way
	group      group.Group  // one for each QUIC connection

	mu      sync.Mutex // guards what follows
	closed  bool
	sockets []*socket
}

// socket is one that a Server listens on.
type socket struct {
	net.PacketConn
	transport *quic.Transport
}

// ListenAndServe listens on Addr and serves until [Server.Close], after which it
// returns [http.ErrServerClosed].
func (s *Server) ListenAndServe() error {
	if s.TLSConfig == nil {
		return errors.New("webtransport: Server.TLSConfig is nil: HTTP/3 needs a certificate")
	}
	return s.listenAndServe(s.TLSConfig)
}

// ListenAndServeTLS is ListenAndServe with the certificate and the key of two
// files in PEM.
func (s *Server) ListenAndServeTLS(certFile, keyFile string) error {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	config := &tls.Config{}
	if s.TLSConfig != nil {
		config = s.TLSConfig.Clone()
	}
	config.Certificates = []tls.Certificate{certificate}
	return s.listenAndServe(config)
}

func (s *Server) listenAndServe(config *tls.Config) error {
	addr := s.Addr
	if addr == "" {
		addr = ":443"
	}
	pc, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	return s.serve(pc, config)
}

// Serve is ListenAndServe on a socket of the caller's, a [*net.UDPConn] if
// possible, which it closes when it returns.
func (s *Server) Serve(pc net.PacketConn) error {
	if s.TLSConfig == nil {
		_ = pc.Close()
		return errors.New("webtransport: Server.TLSConfig is nil: HTTP/3 needs a certificate")
	}
	return s.serve(pc, s.TLSConfig)
}

func (s *Server) serve(pc net.PacketConn, config *tls.Config) error {
	s.once.Do(s.init)
	on := &socket{pc, &quic.Transport{Conn: pc, VerifySourceAddress: s.crowded}}
	defer func() { _ = on.Close() }()
	listener, err := s.listen(on, config)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept(context.Background())
		if err != nil {
			return s.closedOr(err)
		}
		s.group.Go(func() { s.serveConn(conn) })
	}
}

// listen begins to listen on a socket, unless the server has closed.
func (s *Server) listen(on *socket, config *tls.Config) (*quic.EarlyListener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, http.ErrServerClosed
	}
	s.sockets = append(s.sockets, on)
	return on.transport.ListenEarly(http3.ConfigureTLSConfig(config), quicConfig)
}

// closedOr returns [http.ErrServerClosed] if that is why there is an error.
func (s *Server) closedOr(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return http.ErrServerClosed
	}
	return err
}

// Close ends all connections, and returns when nothing of the server runs any
// more. To end the sessions in an orderly way, shut the brio.Server down first.
func (s *Server) Close() error {
	s.once.Do(s.init)
	s.mu.Lock()
	s.closed = true
	sockets := s.sockets
	s.sockets = nil
	s.mu.Unlock()
	err := s.wt.Close()
	for _, on := range sockets {
		err = errors.Join(err, on.Close())
	}
	return errors.Join(err, s.group.Wait(context.Background()))
}

// Close ends what is left on the socket and closes it, once.
func (on *socket) Close() error {
	err := on.transport.Close()
	if closeErr := on.PacketConn.Close(); !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	return err
}

// quicConfig bounds what one connection may hold: memory by the windows, and
// streams. HTTP/3 itself needs three unidirectional ones (RFC 9114, section
// 6.2). It asks for signs of life because NATs forget UDP sooner than a heartbeat
// may come.
var quicConfig = &quic.Config{
	InitialStreamReceiveWindow:       64 << 10,
	MaxStreamReceiveWindow:           1 << 20,
	InitialConnectionReceiveWindow:   128 << 10,
	MaxConnectionReceiveWindow:       3 << 19,
	MaxIncomingUniStreams:            8,
	KeepAlivePeriod:                  20 * time.Second,
	EnableDatagrams:                  true, // required of WebTransport, as is the next
	EnableStreamResetPartialDelivery: true,
}

// idleTimeout ends QUIC connections without a request.
const idleTimeout = 30 * time.Second

func (s *Server) init() {
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s.wt = &wt.Server{
		H3: &http3.Server{
			Handler: http.HandlerFunc(s.serveHTTP),
			ConnContext: func(ctx context.Context, conn *quic.Conn) context.Context {
				return context.WithValue(ctx, quicConn{}, conn)
			},
			IdleTimeout: idleTimeout,
			Logger:      logger,
		},
		CheckOrigin: func(*http.Request) bool { return true }, // who upgrades has done it
	}
}

// quicConn is the key of a request's connection in its context.
type quicConn struct{}

// crowded reports whether so many handshakes are under way that clients have to
// show first that their address is theirs.
func (s *Server) crowded(net.Addr) bool { return s.handshakes.Load() >= crowd }

func (s *Server) serveConn(conn *quic.Conn) {
	s.handshakes.Add(1)
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
	}
	s.handshakes.Add(-1)
	if err := s.wt.ServeQUICConn(conn); err != nil {
		s.wt.H3.Logger.Debug("connection failed", "remote", conn.RemoteAddr().String(), "error", err)
	}
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if asks(r) {
		w = &response{w, r, s.wt}
	}
	handler := s.Handler
	if handler == nil {
		handler = http.DefaultServeMux
	}
	handler.ServeHTTP(w, r)
}
