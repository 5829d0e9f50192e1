package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
)

// signer makes tokens with a private key.
type signer struct {
	method jwt.SigningMethod
	key    crypto.Signer
	kid    string
}

func (s signer) token(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(s.method, jwt.MapClaims{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()})
	if s.kid != "" {
		token.Header["kid"] = s.kid
	}
	text, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

func newSigner(t *testing.T, method jwt.SigningMethod, kid string) signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch method.(type) {
	case *jwt.SigningMethodECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case *jwt.SigningMethodEd25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}

	return signer{method, key, kid}
}

// takes reports whether a server with these keys lets somebody in.
func takes(t *testing.T, keys Keys, text string) bool {
	t.Helper()
	a := New(brio.NewServer(brio.Config{}).Of("/"), Config[who]{Keys: keys})
	_, err := a.check(t.Context(), text)

	return err == nil
}

func TestPublicKeys(t *testing.T) {
	signers := []signer{
		newSigner(t, jwt.SigningMethodRS256, ""), newSigner(t, jwt.SigningMethodPS512, ""),
		newSigner(t, jwt.SigningMethodES256, ""), newSigner(t, jwt.SigningMethodEdDSA, ""),
	}
	var all []crypto.PublicKey
	for i, s := range signers {
		all = append(all, s.key.Public())
		for j, other := range signers {
			if got := takes(t, Public(s.key.Public()), other.token(t)); got != (i == j) {
				t.Errorf("%s with the key of %s: %t", other.method.Alg(), s.method.Alg(), got)
			}
		}
	}
	for _, s := range signers {
		if !takes(t, Public(all...), s.token(t)) {
			t.Errorf("%s is refused", s.method.Alg())
		}
	}

	// The public key, which everybody knows, is no secret to sign with.
	for _, s := range signers[:1] {
		forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()}).
			SignedString(s.key.Public().(*rsa.PublicKey).N.Bytes())
		if err != nil || takes(t, Public(s.key.Public()), forged) {
			t.Error("a forged token is taken: ", err)
		}
	}
}

func TestSecretsChange(t *testing.T) {
	old, young := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("y", 64))
	for _, secret := range [][]byte{old, young} {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(secret)
		if err != nil || !takes(t, HMAC(old, young), text) {
			t.Error("refused: ", err)
		}
	}
}

func TestBadKeysPanic(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // that is the point
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(){
		"a short secret": func() { HMAC([]byte("secret")) },
		"a weak key":     func() { Public(&weak.PublicKey) },
		"no key":         func() { Public("key") },
		"none":           func() { New(brio.NewServer(brio.Config{}).Of("/"), Config[who]{}) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "auth: ") {
					t.Errorf("%s: panicked with %v", name, text)
				}
			}()
			f()
		}()
	}
}

// provider publishes keys.
type provider struct {
	t  *testing.T
	mu sync.Mutex // guards what follows

	signers []signer
	down    bool
	fetched int
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetched++
	if p.down {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	set := jwkset.NewMemoryStorage()
	for _, s := range p.signers {
		key, err := jwkset.NewJWKFromKey(s.key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: s.kid}})
		if err == nil {
			err = set.KeyWrite(r.Context(), key)
		}
		if err != nil {
			p.t.Error(err)
		}
	}
	body, err := set.JSONPublic(r.Context())
	if err != nil {
		p.t.Error(err)
	}
	_, _ = w.Write(body)
}

func (p *provider) publish(down bool, signers ...signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.signers = down, signers
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.fetched
}

// Keys of a provider are changed while clients come: the old ones and the new ones
// count when they are published, tokens of unknown keys don't have the set fetched at
// will, and while the provider is away all that was known stays.
func TestJWKS(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, second, third := newSigner(t, jwt.SigningMethodRS256, "1"), newSigner(t, jwt.SigningMethodES256, "2"), newSigner(t, jwt.SigningMethodEdDSA, "3")
	p := &provider{t: t}
	web := httptest.NewServer(p)
	defer web.Close()
	defer http.DefaultClient.CloseIdleConnections()

	p.publish(true)
	if _, err := JWKS(ctx, web.URL, JWKSConfig{}); err == nil || !strings.Contains(err.Error(), web.URL) {
		t.Errorf("a provider that is away at first: %v", err)
	}
	p.publish(false, first)
	keys, err := JWKS(ctx, web.URL, JWKSConfig{UnknownEvery: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if !takes(t, keys, first.token(t)) || takes(t, keys, second.token(t)) {
		t.Error("the set has other keys than those that were published")
	}

	p.publish(false, first, second)
	within(t, func() bool { return takes(t, keys, second.token(t)) })
	rarely, err := JWKS(ctx, web.URL, JWKSConfig{UnknownEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p.publish(true)
	before := p.count()
	for range 1000 {
		if takes(t, rarely, third.token(t)) {
			t.Fatal("a key that nobody published is taken")
		}
	}
	if n := p.count() - before; n > 1 {
		t.Errorf("1000 tokens of an unknown key had the set fetched %d times in an hour", n)
	}
	if !takes(t, keys, first.token(t)) || !takes(t, keys, second.token(t)) {
		t.Error("while the provider is away, known keys are forgotten")
	}
	p.publish(false, third)
	within(t, func() bool { return takes(t, keys, third.token(t)) })
	if takes(t, keys, first.token(t)) {
		t.Error("a key that was withdrawn is taken")
	}
	if takes(t, keys, token(t, nil)) {
		t.Error("a secret is taken for a public key")
	}
}

// within waits until a condition holds.
func within(t *testing.T, holds func() bool) {
	t.Helper()
	often := time.NewTicker(10 * time.Millisecond)
	defer often.Stop()
	for tries := 0; !holds(); tries++ {
		if time.Duration(tries)*10*time.Millisecond > briotest.Patience {
			t.Fatal("what must come did not")
		}
		<-often.C
	}
}
