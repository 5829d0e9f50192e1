package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Keys say whose signatures count, and by which algorithms. Only those that fit the
// keys are taken: a public key is never used as the secret of an HMAC, and "none" is
// no signature.
type Keys struct {
	find    func(context.Context) jwt.Keyfunc
	methods []string
}

// HMAC has tokens signed with a secret (HS256, HS384, HS512). More than one secret is
// for changing them: tokens of each are good. It panics if one is shorter than 32
// bytes, which could be guessed (RFC 7518, section 3.2).
func HMAC(secrets ...[]byte) Keys {
	set := jwt.VerificationKeySet{}
	for _, secret := range secrets {
		if len(secret) < 32 {
			panic(fmt.Sprintf("auth: a secret of %d bytes can be guessed: use at least 32, made at random", len(secret)))
		}
		set.Keys = append(set.Keys, slices.Clone(secret))
	}

	return Keys{always(set), []string{"HS256", "HS384", "HS512"}}
}

// Public has tokens signed with the private keys of these public ones: RSA (RS256 to
// RS512, PS256 to PS512), ECDSA (ES256 to ES512) or Ed25519 (EdDSA). It panics if one
// is none of these, or an RSA key of less than 2048 bits.
func Public(keys ...crypto.PublicKey) Keys {
	set := jwt.VerificationKeySet{}
	var methods []string
	for _, key := range keys {
		switch k := key.(type) {
		case *rsa.PublicKey:
			if k.N.BitLen() < 2048 {
				panic("auth: an RSA key of less than 2048 bits can be broken: use a longer one")
			}
			methods = append(methods, "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
		case *ecdsa.PublicKey:
			methods = append(methods, "ES256", "ES384", "ES512")
		case ed25519.PublicKey:
			methods = append(methods, "EdDSA")
		default:
			panic(fmt.Sprintf("auth: %T is no public key for tokens: use *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey", key))
		}
		set.Keys = append(set.Keys, key)
	}

	// A key of another kind than the algorithm's just doesn't verify.
	return Keys{always(set), methods}
}

func always(set jwt.VerificationKeySet) func(context.Context) jwt.Keyfunc {
	return func(context.Context) jwt.Keyfunc {
		return func(*jwt.Token) (any, error) { return set, nil }
	}
}

// JWKSConfig says how a key set is kept. Its zero value works.
type JWKSConfig struct {
	// Refresh is how often it is fetched. Default 1 h.
	Refresh time.Duration
	// UnknownEvery is how often at most it is fetched because a token names a key that
	// is not in it, so that a new key counts at once and nobody can have it fetched at
	// will. Default 1 min.
	UnknownEvery time.Duration
	// Timeout bounds one fetch. Default 10 s.
	Timeout time.Duration
	// Logger hears of fetches that fail. Default: silent.
	Logger *slog.Logger
}

// JWKS has tokens signed with the keys of a set that an identity provider publishes
// (RFC 7517), by their key ids: RSA, ECDSA and Ed25519. The set is fetched first here,
// and kept, so that a provider that can't be reached for a while refuses nobody who has
// a key that is known. It fails if the first fetch does. Fetching ends with ctx.
func JWKS(ctx context.Context, url string, config JWKSConfig) (Keys, error) {
	setDefault(&config.Refresh, time.Hour)
	setDefault(&config.UnknownEvery, time.Minute)
	setDefault(&config.Timeout, 10*time.Second)
	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	set, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{url}, keyfunc.Override{
		HTTPTimeout:     config.Timeout,
		RefreshInterval: config.Refresh,
		RefreshErrorHandlerFunc: func(url string) func(context.Context, error) {
			return func(_ context.Context, err error) { logger.Warn("auth: fetch keys", "url", url, "err", err) }
		},
		RefreshUnknownKID:         rate.NewLimiter(rate.Every(config.UnknownEvery), 1),
		RateLimitWaitMax:          100 * time.Millisecond, // who comes too often is refused, and hardly waits
		NoErrorReturnFirstHTTPReq: new(bool),
	})
	if err != nil {
		return Keys{}, fmt.Errorf("fetch the keys from %s: %w", url, err)
	}

	return Keys{set.KeyfuncCtx, []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
	}}, nil
}

func setDefault(field *time.Duration, d time.Duration) {
	if *field <= 0 {
		*field = d
	}
}
