package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// who is what the tests' tokens claim.
type who struct {
	Name string `json:"name"`
}

var secret = []byte(strings.Repeat("s3cret", 6))

// site is a server whose namespace "/" asks for tokens.
type site struct {
	*briotest.Site
	auth *Auth[who]
}

func serve(t *testing.T, config Config[who], server brio.Config) site {
	t.Helper()
	if config.Keys.find == nil {
		config.Keys = HMAC(secret)
	}
	s := brio.NewServer(server)
	a := New(s.Of("/"), config)
	brio.Call[brio.None, string]("name").Handle(s.Of("/"), func(_ context.Context, s *brio.Socket, _ brio.None) (string, error) {
		return a.Token(s).Claims.Name, nil
	})

	return site{briotest.Serve(t, s), a}
}

// token signs claims, in addition to those of a good token.
func token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{"sub": "ada", "name": "Ada", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
	for name, v := range claims {
		all[name] = v
		if v == nil {
			delete(all, name)
		}
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

func with(text string) client.Config {
	return client.Config{Auth: map[string]string{"token": text}}
}

func TestWhoIsLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config[who]{Issuer: "me", Audience: "chat", Cookie: "session"}, brio.Config{})
		good := jwt.MapClaims{"iss": "me", "aud": []string{"chat", "mail"}}
		also := func(name string, v any) jwt.MapClaims {
			claims := jwt.MapClaims{name: v}
			for name, v := range good {
				if _, there := claims[name]; !there {
					claims[name] = v
				}
			}

			return claims
		}
		header := func(name, value string) client.Config {
			return client.Config{Engine: engineio.Config{Header: http.Header{name: {value}}}}
		}
		now := time.Now()
		for title, c := range map[string]client.Config{
			"in the auth object":        with(token(t, good)),
			"as Authorization":          header("Authorization", "bearer "+token(t, good)),
			"in a cookie":               header("Cookie", "a=b; session="+token(t, good)),
			"expired within leeway":     with(token(t, also("exp", now.Add(-20*time.Second).Unix()))),
			"made by a faster clock":    with(token(t, also("iat", now.Add(20*time.Second).Unix()))),
			"from now on, faster clock": with(token(t, also("nbf", now.Add(20*time.Second).Unix()))),
		} {
			var name string
			args, err := s.Connect(t, "/", c).Do(t.Context(), "name")
			if err != nil || args.Scan(&name) != nil || name != "Ada" {
				t.Errorf("%s: %q, %v", title, name, err)
			}
		}

		parts := strings.Split(token(t, good), ".")
		for title, c := range map[string]struct {
			config client.Config
			want   string
		}{
			"none":                 {client.Config{}, Missing},
			"in the query":         {client.Config{Engine: engineio.Config{Header: http.Header{}}}, Missing},
			"basic":                {header("Authorization", "Basic "+token(t, good)), Missing},
			"expired":              {with(token(t, also("exp", now.Add(-31*time.Second).Unix()))), Expired},
			"without an end":       {with(token(t, also("exp", nil))), Invalid},
			"not yet":              {with(token(t, also("nbf", now.Add(time.Minute).Unix()))), Invalid},
			"of the future":        {with(token(t, also("iat", now.Add(time.Hour).Unix()))), Invalid},
			"of another issuer":    {with(token(t, also("iss", "you"))), Invalid},
			"for another audience": {with(token(t, also("aud", "mail"))), Invalid},
			"about nobody":         {with(token(t, also("sub", nil))), Invalid},
			"not signed":           {with(parts[0] + "." + parts[1] + "."), Invalid},
			"signed by others":     {with(parts[0] + "." + parts[1] + "." + strings.Repeat("A", 43)), Invalid},
			"none as algorithm":    {with("eyJhbGciOiJub25lIn0." + parts[1] + "."), Invalid},
			"claims of a list":     {with(parts[0] + ".W10." + parts[2]), Invalid},
			"garbage":              {with("\x00.é.\n"), Invalid},
			"an enormous one":      {with(strings.Repeat("a.", 30_000)), Invalid},
		} {
			if err := s.Refused(t, "/", c.config); !hasCode(err, c.want) {
				t.Errorf("%s: refused with %v %s, want %s", title, err, err.Data, c.want)
			}
		}
	})
}

func TestOptional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config[who]{Optional: true, Forever: true}, brio.Config{})
		guest := s.Connect(t, "/", client.Config{})
		if _, err := Refresh.Do(t.Context(), guest, token(t, nil)); err == nil {
			t.Error("a guest becomes somebody")
		}
		if err := s.Refused(t, "/", with("nonsense")); !hasCode(err, Invalid) {
			t.Error(err)
		}
		forever := s.Connect(t, "/", with(token(t, jwt.MapClaims{"exp": nil})))
		time.Sleep(30 * time.Hour)
		if !forever.Connected() || !guest.Connected() {
			t.Error("who may stay has gone")
		}
	})
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config[who]{}, brio.Config{})
		start := time.Now()
		c := s.Connect(t, "/", with(token(t, nil)))

		time.Sleep(59*time.Minute - time.Second)
		if got := briotest.Next(t, c, Expiring); got.Expires != start.Add(time.Hour).UnixMilli() || time.Since(start).Round(time.Second) != 59*time.Minute {
			t.Errorf("warned after %s of %v", time.Since(start), got)
		}
		for claims, want := range map[string]string{token(t, jwt.MapClaims{"sub": "bob"}): Another, "nonsense": Invalid, token(t, jwt.MapClaims{"exp": 1}): Expired} {
			if _, err := Refresh.Do(t.Context(), c, claims); !hasCode(err, want) {
				t.Errorf("refreshed with %v, want %s", err, want)
			}
		}
		got, err := Refresh.Do(t.Context(), c, token(t, nil))
		if err != nil || got.Expires != time.Now().Add(time.Hour).UnixMilli() {
			t.Fatal(got, err)
		}
		again := time.Now()
		time.Sleep(59*time.Minute - time.Second)
		briotest.Next(t, c, Expiring)
		time.Sleep(85 * time.Second)
		if why := briotest.Next(t, c, Ended); why.Code != Expired {
			t.Error(why)
		}
		if got := time.Since(again).Round(time.Second); got != time.Hour+30*time.Second {
			t.Errorf("ended after %s", got)
		}
		if reason := c.Left(t); reason != "io server disconnect" {
			t.Errorf("left for %s", reason)
		}
		synctest.Wait()
		if len(s.auth.users) != 0 {
			t.Errorf("%d users are kept", len(s.auth.users))
		}
	})
}

func hasCode(err error, want string) bool {
	refusal, ok := errors.AsType[*brio.Error](err)

	return ok && strings.Contains(fmt.Sprintf("%s", refusal.Data), want)
}

func TestRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked := map[string]bool{}
		s := serve(t, Config[who]{Check: func(_ context.Context, token Token[who]) error {
			if revoked[token.ID] {
				return &brio.Error{Message: "Signed out.", Data: Refusal{Revoked}}
			}
			if token.ID == "broken" {
				return errors.New("the database is away")
			}

			return nil
		}}, brio.Config{})
		first, second := s.Connect(t, "/", with(token(t, jwt.MapClaims{"jti": "1"}))), s.Connect(t, "/", with(token(t, jwt.MapClaims{"jti": "2"})))
		synctest.Wait()
		revoked["1"] = true
		s.auth.Revoke(func(token Token[who]) bool { return token.ID == "1" })
		if why := briotest.Next(t, first, Ended); why.Code != Revoked {
			t.Error(why)
		}
		first.Left(t)
		if !second.Connected() {
			t.Error("another token was revoked too")
		}
		if err := s.Refused(t, "/", with(token(t, jwt.MapClaims{"jti": "1"}))); !hasCode(err, Revoked) {
			t.Error(err)
		}
		if err := s.Refused(t, "/", with(token(t, jwt.MapClaims{"jti": "broken"}))); strings.Contains(err.Error(), "database") {
			t.Errorf("a client is told %q", err)
		}
	})
}

func TestSocketsOfASubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, replace := range []bool{false, true} {
			s := serve(t, Config[who]{MaxSockets: 2, Replace: replace}, brio.Config{})
			first, second := s.Connect(t, "/", with(token(t, nil))), s.Connect(t, "/", with(token(t, nil)))
			s.Connect(t, "/", with(token(t, jwt.MapClaims{"sub": "bob"})))
			if !replace {
				if err := s.Refused(t, "/", with(token(t, nil))); !hasCode(err, TooMany) {
					t.Error(err)
				}
				first.Close()
				synctest.Wait()
				s.Connect(t, "/", with(token(t, nil)))

				continue
			}
			third := s.Connect(t, "/", with(token(t, nil)))
			if why := briotest.Next(t, first, Ended); why.Code != Replaced {
				t.Error(why)
			}
			first.Left(t)
			if !second.Connected() || !third.Connected() {
				t.Error("a newer one has gone")
			}
			n, err := s.auth.ns.In(Room("ada")).Count(t.Context())
			if n != 2 || err != nil {
				t.Errorf("%d sockets in the room of the subject, %v", n, err)
			}
		}
	})
}

// One that a later middleware refuses does not count.
func TestRefusedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config[who]{MaxSockets: 1}, brio.Config{})
		full := true
		s.auth.ns.Use(func(context.Context, *brio.Socket) error {
			if full {
				return brio.Errorf("full")
			}

			return nil
		})
		if err := s.Refused(t, "/", with(token(t, nil))); err.Message != "full" {
			t.Error(err)
		}
		synctest.Wait()
		full = false
		s.Connect(t, "/", with(token(t, nil)))
	})
}

// A socket that is recovered is not asked again, but leaves when its token expires.
func TestRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config[who]{MaxSockets: 1}, brio.Config{Recovery: &brio.Recovery{}})
		start := time.Now()
		c := s.Connect(t, "/", with(token(t, nil)))
		hello := brio.Event[string]("hello")
		if err := hello.Emit(s.auth.ns, "you"); err != nil { // it needs an offset
			t.Fatal(err)
		}
		briotest.Next(t, c, hello)
		c.Drop()
		c.Returned(t)
		if !c.Recovered() {
			t.Fatal("it was not recovered")
		}
		time.Sleep(time.Until(start.Add(59*time.Minute - time.Second)))
		briotest.Next(t, c, Expiring)
		time.Sleep(85 * time.Second)
		if why := briotest.Next(t, c, Ended); why.Code != Expired || time.Since(start).Round(time.Second) != time.Hour+30*time.Second {
			t.Errorf("%v after %s", why, time.Since(start))
		}
		c.Left(t)
	})
}

// Neither logs nor errors have a token.
func TestNothingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		s := serve(t, Config[who]{Check: func(context.Context, Token[who]) error { return errors.New("no") }}, brio.Config{
			Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		text := token(t, nil)
		for _, bad := range []string{text, text + "x", text[:40]} {
			bearer := client.Config{Engine: engineio.Config{Header: http.Header{"Authorization": {"Bearer " + bad}}}}
			for _, config := range []client.Config{with(bad), bearer} {
				if err := s.Refused(t, "/", config); strings.Contains(fmt.Sprint(err, err.Data), bad[:20]) {
					t.Errorf("the client is told %v", err)
				}
			}
		}
		synctest.Wait()
		if strings.Contains(logged.String(), text[:20]) || strings.Contains(logged.String(), text[len(text)-20:]) {
			t.Errorf("the log has a token:\n%s", &logged)
		}
	})
}
