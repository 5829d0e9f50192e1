package engineio

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// proxyError is what has gone wrong with a proxy; it says nothing of the server.
type proxyError struct{ err error }

func (e *proxyError) Error() string { return "proxy: " + e.err.Error() }
func (e *proxyError) Unwrap() error { return e.err }

// connect makes a network connection to the host of an address, through the proxy
// if there is one for it, and with TLS for https.
func connect(ctx context.Context, address *url.URL, config *Config) (net.Conn, error) {
	proxy, err := config.Proxy(&http.Request{Method: http.MethodGet, URL: address, Header: config.Header})
	if err != nil {
		return nil, &proxyError{err}
	}
	var nc net.Conn
	if proxy == nil {
		nc, err = config.Dial(ctx, "tcp", hostPort(address))
	} else if nc, err = tunnel(ctx, proxy, hostPort(address), config); err != nil {
		err = &proxyError{err}
	}
	if err != nil || address.Scheme != "https" {
		return nc, err
	}
	return secure(ctx, nc, address, config.TLS)
}

// secure begins TLS, and closes the connection if that fails.
func secure(ctx context.Context, nc net.Conn, address *url.URL, config *tls.Config) (net.Conn, error) {
	config = config.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = address.Hostname()
	}
	config.NextProtos = []string{"http/1.1"} // a WebSocket is a change from this
	t := tls.Client(nc, config)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return t, nil
}

// tunnel asks a proxy for a connection to a host (RFC 9110, section 9.3.6).
func tunnel(ctx context.Context, proxy *url.URL, host string, config *Config) (net.Conn, error) {
	if proxy.Scheme != "http" && proxy.Scheme != "https" {
		return nil, fmt.Errorf("a WebSocket can't go through one of %q: use http or https, Config.Dial, or polling alone", proxy.Scheme)
	}
	nc, err := config.Dial(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return nil, err
	}
	if proxy.Scheme == "https" {
		if nc, err = secure(ctx, nc, proxy, config.TLS); err != nil {
			return nil, err
		}
	}
	err = bounded(ctx, nc, func() error { return askTunnel(nc, proxy, host) })
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return nc, nil
}

func askTunnel(nc net.Conn, proxy *url.URL, host string) error {
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: host}, Host: host, Header: http.Header{}}
	if u := proxy.User; u != nil {
		password, _ := u.Password()
		r.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := r.Write(nc); err != nil {
		return err
	}
	in := bufio.NewReader(io.LimitReader(nc, headers))
	response, err := http.ReadResponse(in, r) //nolint:bodyclose // what follows is the tunnel, which would be drained
	if err != nil {
		return err
	}
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("CONNECT %s: HTTP status %s", host, excerpt([]byte(response.Status)))
	case in.Buffered() > 0:
		return errors.New("data before the tunnel was used")
	}
	return nil
}

// bounded has f use a connection for as long as ctx lets it.
func bounded(ctx context.Context, nc net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// hostPort returns where to dial for an address.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
