package auth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
)

// Token is what a good token says. Its text is not kept.
type Token[C any] struct {
	Subject string    // whom it is about
	ID      string    // its own, "" for none
	Issued  time.Time // zero for unsaid
	Expires time.Time // zero for never
	Claims  C         // all of its claims, decoded into a C
}

// claims decodes those that are registered (RFC 7519, section 4.1) and the
// application's own from the same object.
type claims[C any] struct {
	jwt.RegisteredClaims
	own C
}

func (c *claims[C]) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &c.RegisteredClaims); err != nil {
		return err
	}

	return json.Unmarshal(b, &c.own)
}

// The codes of a refusal, in the data of its error and in [Ending].
const (
	Missing  = "token_missing"     // there is no token
	Invalid  = "token_invalid"     // it is not signed as it must be, or not for this server
	Expired  = "token_expired"     // its time is over
	Another  = "token_another"     // a new token is of another subject
	Revoked  = "token_revoked"     // the application does not take it any more
	TooMany  = "too_many_sockets"  // of this subject, see Config.MaxSockets
	Replaced = "replaced_by_newer" // likewise, and Config.Replace is set
)

// Refusal is the data of an error with which a client is refused, for it to act on.
type Refusal struct {
	Code string `json:"code"`
}

func refuse(code, message string) *brio.Error {
	return &brio.Error{Message: message, Data: Refusal{code}}
}

// check returns what a token says, or how its bearer is refused: never with the
// token, nor with more than they need to know.
func (a *Auth[C]) check(ctx context.Context, text string) (Token[C], error) {
	var c claims[C]
	_, err := a.parser.ParseWithClaims(text, &c, a.config.Keys.find(ctx))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Token[C]{}, refuse(Expired, "The token has expired. Get a new one.")
	case err != nil || c.Subject == "":
		return Token[C]{}, refuse(Invalid, "The token is not valid here. Sign in again.")
	}
	t := Token[C]{Subject: c.Subject, ID: c.ID, Claims: c.own}
	if c.IssuedAt != nil {
		t.Issued = c.IssuedAt.Time
	}
	if c.ExpiresAt != nil {
		t.Expires = c.ExpiresAt.Time
	}
	if a.config.Check == nil {
		return t, nil
	}

	return t, a.config.Check(ctx, t)
}

// find returns the token of a handshake, "" if there is none.
func find(h brio.Handshake, cookie string) string {
	var auth struct {
		Token string `json:"token"`
	}
	if err := h.ScanAuth(&auth); err == nil && auth.Token != "" {
		return auth.Token
	}
	if scheme, token, _ := strings.Cut(h.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if cookie == "" {
		return ""
	}
	request := http.Request{Header: h.Header}
	if c, err := request.Cookie(cookie); err == nil {
		return c.Value
	}

	return ""
}
