package engineio

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"time"
)

// Config is how a connection is made. Its zero value works.
type Config struct {
	// Transports are the ones to use: websocket, polling, and those of Dialers.
	// They are tried in this order, each with an equal share of the time that is
	// left, until the server answers on one, as with tryAllTransports of the
	// official client. The next one is not tried if it would fare the same: when
	// the server can't be reached or its certificate is not trusted, or it has
	// forbidden the connection (codes 4 and 5 of Engine.IO). Default: websocket,
	// then polling.
	Transports []string
	// NoUpgrade stays with the transport that the connection began with. Default:
	// polling gives way to what the server offers of Transports and Dialers.
	NoUpgrade bool
	// Dialers are further transports by their names, such as webtransport. The
	// server is asked to upgrade to them even if Transports doesn't have them;
	// only those in Transports are begun with. One named like a transport of this
	// package replaces it. Default: none.
	Dialers map[string]Dialer
	// Header is sent with each request, those that open a WebSocket included.
	// Host in it replaces that of the address. Default: User-Agent is brio.
	Header http.Header
	// Jar has the cookies to send, and keeps those that the server sets. Default:
	// one for each connection, so that a load balancer which tells clients by
	// cookies brings all requests of one to the same server.
	Jar http.CookieJar
	// TLS is used for https and wss. Its NextProtos are replaced. Default: that of
	// crypto/tls.
	TLS *tls.Config
	// Proxy returns the proxy for a request, or nil. A WebSocket goes through it
	// with CONNECT, so it has to be http or https for that; polling may use socks5
	// too. Default: [http.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)
	// Dial makes network connections, to the server or the proxy. Default: that of
	// a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds [Dial], with all its attempts, beside its context. Default
	// 20 s.
	Timeout time.Duration
	// UpgradeTimeout bounds the probe of another transport. Once that is through,
	// nothing is sent until the polling requests have been answered; that is
	// given half of this time. Default 10 s, which servers give it by default.
	UpgradeTimeout time.Duration
	// CloseTimeout bounds how long [Conn.Close] waits for what has not been sent,
	// and for the server's goodbye. Default 5 s.
	CloseTimeout time.Duration
	// MaxPayload is the size in bytes of the largest message, and of the largest
	// answer to a polling request, that the server may send; a larger one ends
	// the connection. Default 16 MiB.
	MaxPayload int
	// MaxBacklog is how many bytes may wait to be sent; beyond them [Conn.Send]
	// fails. Messages of more bytes are sent if nothing else waits. Default 4 MiB.
	MaxBacklog int
	// Deflate offers permessage-deflate (RFC 7692) to the server on a WebSocket, and
	// compresses what is sent if it is agreed on. Neither side keeps a context from
	// one message to the next, so that an idle connection needs no memory for it.
	// MaxPayload and MaxBacklog count bytes that are not compressed. A server that
	// answers the offer in another way is refused. Default: no compression.
	Deflate *Deflate
	// OnUpgrade hears the name of the transport that has taken over. It is called
	// by [Conn.Serve], before the first message from there. Default: nobody hears.
	OnUpgrade func(transport string)
	// Logger hears of failed upgrades, at debug level. Default: silence.
	Logger *slog.Logger
}

// Deflate is how messages over WebSocket are compressed.
type Deflate struct {
	// Threshold is the size in bytes from which on a message is compressed.
	// Default 1024.
	Threshold int
}

func (c Config) withDefaults() Config {
	orDuration := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	orDuration(&c.Timeout, 20*time.Second)
	orDuration(&c.UpgradeTimeout, 10*time.Second)
	orDuration(&c.CloseTimeout, 5*time.Second)
	if len(c.Transports) == 0 {
		c.Transports = []string{"websocket", "polling"}
	}
	c.Header = c.Header.Clone()
	if c.Header == nil {
		c.Header = http.Header{}
	}
	if c.Header["User-Agent"] == nil {
		c.Header.Set("User-Agent", "brio")
	}
	if c.Jar == nil {
		c.Jar, _ = cookiejar.New(nil) // it does not fail
	}
	if c.Proxy == nil {
		c.Proxy = http.ProxyFromEnvironment
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.MaxPayload <= 0 {
		c.MaxPayload = 16 << 20
	}
	if c.MaxBacklog <= 0 {
		c.MaxBacklog = 4 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// dialer returns what makes the connections of a transport.
func (c *Config) dialer(name string) (Dialer, error) {
	if d := c.Dialers[name]; d != nil {
		return d, nil
	}
	switch name {
	case "websocket":
		return dialWebSocket, nil
	case "polling":
		return dialPolling, nil
	}
	return nil, fmt.Errorf("there is no transport %q: use websocket, polling, or one of Config.Dialers", name)
}

// upgrades returns the transports of those that are offered to which a connection
// on polling is to change, the ones to try first in front.
func (c *Config) upgrades(offered []string) []string {
	if c.NoUpgrade {
		return nil
	}
	wanted := slices.Sorted(maps.Keys(c.Dialers))
	if !slices.Contains(wanted, "websocket") && slices.Contains(c.Transports, "websocket") {
		wanted = append(wanted, "websocket")
	}
	return slices.DeleteFunc(wanted, func(name string) bool {
		return name == "polling" || !slices.Contains(offered, name)
	})
}
