package engineio

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/briohq/brio/transport"
)

// Dial connects to a server: address is http, https, ws or wss, with the path at
// which it answers and the query to send. It returns when the handshake is done.
// A user and password in it are sent for basic authentication. The error names
// each transport that was tried; it wraps a [*RefusedError] if the server has
// answered, [ErrProtocol] if its answer is not that of a Socket.IO server.
func Dial(ctx context.Context, address *url.URL, config Config) (*Conn, error) {
	config = config.withDefaults()
	c := &Conn{config: config}
	c.idle.L = &c.mu
	if err := c.aim(address); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", place(address), err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, config.Timeout, fmt.Errorf("no answer within %v", config.Timeout))
	defer cancel()
	var failed []error
	for i, name := range config.Transports {
		err := c.begin(ctx, name, len(config.Transports)-i)
		if err == nil {
			return c, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", name, err))
		if ctx.Err() != nil || hopeless(err) {
			break
		}
	}
	return nil, fmt.Errorf("connect to %s: %w", place(address), &attempts{failed})
}

// aim takes the address, and what of it belongs in the header.
func (c *Conn) aim(address *url.URL) error {
	u := *address
	switch u.Scheme {
	case "http", "https":
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	default:
		return fmt.Errorf("the scheme is %q: use http, https, ws or wss", u.Scheme)
	}
	if u.Host == "" {
		return errors.New("the address has no host")
	}
	if u.User != nil && c.config.Header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		r := http.Request{Header: c.config.Header}
		r.SetBasicAuth(u.User.Username(), password)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	c.address = &u
	return nil
}

// begin begins the connection on a transport, with a share of the time that ctx
// leaves.
func (c *Conn) begin(ctx context.Context, name string, shares int) error {
	dial, err := c.config.dialer(name)
	if err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	share := time.Until(deadline) / time.Duration(shares)
	ctx, cancel := context.WithTimeoutCause(ctx, share, fmt.Errorf("no answer within %v", share.Round(time.Millisecond)))
	defer cancel()
	pipe, err := dial(ctx, c.address, "", c.config)
	if err != nil {
		return explain(ctx, err)
	}
	p, err := readOne(ctx, pipe)
	if err == nil {
		c.handshake, err = parseHandshake(p)
	} else if errors.Is(err, transport.ErrParse) {
		err = fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if err != nil {
		_ = pipe.Close()
		return explain(ctx, err)
	}
	c.pipe, c.name = pipe, name
	return nil
}

// readOne reads a packet, in the time that ctx gives. If ctx ends, so does the
// pipe.
func readOne(ctx context.Context, pipe Pipe) (transport.Packet, error) {
	stop := context.AfterFunc(ctx, func() { _ = pipe.Close() })
	p, err := pipe.Read()
	if !stop() {
		return p, context.Cause(ctx)
	}
	return p, err
}

// explain prefers the cause of ctx to what has come of its end, and says what is
// to be done about errors of TLS.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain || errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("%w (the server does not speak TLS there: connect with http or ws)", err)
	}
	if untrusted(err) {
		return fmt.Errorf("%w (Config.TLS says which certificates are trusted)", err)
	}
	return err
}

func untrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError))
}

// hopeless reports whether every other transport would fail for the same reason.
func hopeless(err error) bool {
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r.Code == codeForbidden || r.Code == codeVersion
	}
	if errors.As(err, new(*proxyError)) {
		return false
	}
	op, ok := errors.AsType[*net.OpError](err)
	return untrusted(err) || ok && op.Op == "dial"
}

// attempts are what has been tried in vain.
type attempts struct{ errs []error }

func (a *attempts) Error() string {
	texts := make([]string, len(a.errs))
	for i, err := range a.errs {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (a *attempts) Unwrap() []error { return a.errs }

// place is an address without what may be secret in it.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
