// Package auth lets clients into a namespace by JSON Web Tokens (RFC 7519), and sees to
// it that a socket lasts no longer than its token.
//
//	users := auth.New(server.Of("/chat"), auth.Config[Claims]{Keys: auth.HMAC(secret), Issuer: "example.com"})
//	say.Handle(chat, func(ctx context.Context, s *brio.Socket, text string) error {
//		return said.Emit(s.Broadcast(), Line{From: users.Token(s).Claims.Name, Text: text})
//	})
//
// # How a token comes
//
// In the auth object of the client, {"token": "…"}; as Authorization: Bearer; or in a
// cookie that [Config] names. Not in the query, which servers and proxies log. A cookie
// is sent by browsers for pages of other sites too: Config.Origins of package brio
// keeps those out.
//
// # How it ends
//
// Config.Warn before a token expires, its socket gets the event [Expiring]. The client
// then calls [Refresh] with a new token of the same subject, on the open connection. If
// it does not, the socket gets [Ended] and is disconnected: it does not come back by
// itself, so a page connects again when it has a new token. The same happens to sockets
// whose token is revoked, see [Auth.Revoke], and to those that make room for newer
// ones.
//
// Each socket is in the room [Room] of its subject, on all nodes of a cluster. Limits
// count the sockets of one namespace on one node.
package auth

import (
	"context"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/wheel"
)

// The protocol. The events of the server's are JSON objects.
const (
	// Refresh is called by the client with a new token.
	Refresh brio.Call[string, Session] = "auth:refresh"
	// Expiring tells it that it is time to.
	Expiring brio.Event[Session] = "auth:expiring"
	// Ended is the last event before the server disconnects the socket.
	Ended brio.Event[Ending] = "auth:ended"
)

// Session is how long a socket may stay.
type Session struct {
	Expires int64 `json:"expires"` // Unix milliseconds; 0 for any time
}

// Ending is why a socket is disconnected, in words and as one of the codes.
type Ending struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Config says who is let in, and how long. C is what the application's claims are
// decoded into. Keys has no default.
type Config[C any] struct {
	// Keys are those that tokens must be signed with.
	Keys Keys
	// Issuer must have made the token (iss). Default: anybody with the key.
	Issuer string
	// Audience must be among those that the token is for (aud). Default: any.
	Audience string
	// Leeway is by how much the clocks of the issuer and of this server may differ.
	// Default 30 s.
	Leeway time.Duration
	// Forever takes tokens that never expire. Default: they are refused.
	Forever bool
	// Cookie is the name of a cookie that may have the token. Default: none.
	Cookie string
	// Optional lets clients in that have no token; one that is not good is refused
	// nevertheless. Default: a token is needed.
	Optional bool
	// Check has the last word on a token that is good otherwise, when a client
	// connects and when it refreshes: that is where a revoked one is recognized. A
	// [*brio.Error] is shown to the client; on any other it is refused with "internal
	// error". Default: all are taken.
	Check func(ctx context.Context, t Token[C]) error
	// Warn is how long before its token expires a socket is told so. Default 1 min;
	// negative: it is not told.
	Warn time.Duration
	// MaxSockets is how many sockets a subject may have in this namespace on this
	// node. Default: any number.
	MaxSockets int
	// Replace disconnects the oldest socket of a subject that has MaxSockets when
	// another one comes. Default: that is refused.
	Replace bool
}

// Auth lets clients into one namespace. Its methods may be called concurrently.
type Auth[C any] struct {
	ns     *brio.Namespace
	config Config[C]
	parser *jwt.Parser
	wheel  *wheel.Wheel

	mu    sync.Mutex // guards users
	users map[string][]*member[C]
}

// New has a namespace ask for tokens. Call it before other middleware is added, which
// can then use [Auth.Token]. It panics if there are no keys.
func New[C any](ns *brio.Namespace, config Config[C]) *Auth[C] {
	if config.Keys.find == nil {
		panic("auth: Config.Keys is missing: use HMAC, Public or JWKS")
	}
	setDefault(&config.Leeway, 30*time.Second)
	if config.Warn == 0 {
		config.Warn = time.Minute
	}
	options := []jwt.ParserOption{jwt.WithValidMethods(config.Keys.methods), jwt.WithLeeway(config.Leeway), jwt.WithIssuedAt(), jwt.WithStrictDecoding()}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if config.Audience != "" {
		options = append(options, jwt.WithAudience(config.Audience))
	}
	if !config.Forever {
		options = append(options, jwt.WithExpirationRequired())
	}
	a := &Auth[C]{ns: ns, config: config, parser: jwt.NewParser(options...), wheel: wheel.New(), users: map[string][]*member[C]{}}
	ns.Use(a.admit)
	ns.OnConnect(a.arrive)
	Refresh.Handle(ns, a.refresh)

	return a
}

// Room is the room of all sockets of a subject, in the namespaces it is in.
func Room(subject string) string { return "auth:" + subject }

// Token returns what the token of a socket says, zero if it has none.
func (a *Auth[C]) Token(s *brio.Socket) Token[C] {
	m := a.key().Get(s)
	if m == nil {
		return Token[C]{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()

	return m.token
}

// Revoke disconnects all sockets of this node whose token is one of those, after
// telling them that it was revoked. Config.Check keeps them from coming back.
func (a *Auth[C]) Revoke(revoked func(t Token[C]) bool) {
	a.mu.Lock()
	var all []*member[C]
	for _, members := range a.users {
		for _, m := range members {
			if revoked(m.token) {
				all = append(all, m)
			}
		}
	}
	a.mu.Unlock()
	for _, m := range all {
		m.end(Ending{Revoked, "You have been signed out."})
	}
}

func (a *Auth[C]) key() brio.Key[*member[C]] { return brio.Key[*member[C]]("auth:" + a.ns.Name()) }

func (a *Auth[C]) admit(ctx context.Context, s *brio.Socket) error {
	text := find(s.Handshake(), a.config.Cookie)
	if text == "" {
		if a.config.Optional {
			return nil
		}

		return refuse(Missing, "A token is needed. Sign in first.")
	}
	t, err := a.check(ctx, text)
	if err != nil {
		return err
	}

	return a.add(s, t)
}

// arrive sees to the time of a socket that has been let in. One that was recovered
// has not been asked for a token again: it goes on with the one it had.
func (a *Auth[C]) arrive(_ context.Context, s *brio.Socket) error {
	m := a.key().Get(s)
	if m == nil {
		return nil
	}
	if m.socket != s {
		if err := a.add(s, m.token); err != nil {
			m.end(Ending{TooMany, err.Error()})
			return nil
		}
		m = a.key().Get(s)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	m.schedule()

	return nil
}

func (a *Auth[C]) refresh(ctx context.Context, s *brio.Socket, text string) (Session, error) {
	m := a.key().Get(s)
	if m == nil {
		return Session{}, refuse(Missing, "There is no token to be refreshed. Connect again with this one.")
	}
	t, err := a.check(ctx, text)
	if err != nil {
		return Session{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.Subject != m.token.Subject {
		return Session{}, refuse(Another, "The token is of somebody else. Connect again with it.")
	}
	m.token, m.warned = t, false
	m.schedule()

	return m.session(), nil
}
