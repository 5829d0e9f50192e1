package engine

import (
	"net/http"
	"time"

	"github.com/rs/cors"
)

// CORS says more of the pages of other origins than Config.Origins does. Its
// fields have defaults for their zero values.
type CORS struct {
	// AllowOrigin is asked about each request of an origin that Config.Origins
	// does not name, whether that has "*" or not. One that it allows is treated
	// like one that is named. It may be called concurrently. Default: none is
	// allowed.
	AllowOrigin func(r *http.Request, origin string) bool
	// NoCredentials keeps cookies and other credentials from being sent by
	// origins that are named, too.
	NoCredentials bool
	// Methods are those that pages may use. Default: GET and POST, which are
	// all that clients need.
	Methods []string
	// Headers are those that pages may add to requests, such as those of the
	// client's extraHeaders; "*" stands for any. Default: Accept, Content-Type
	// and X-Requested-With.
	Headers []string
	// Expose are the headers of answers that pages may read, beside those that
	// they always may. Default: none.
	Expose []string
	// MaxAge is how long a browser may remember what it was told about methods
	// and headers, in whole seconds; it is not to if MaxAge is negative.
	// Default 10 min.
	MaxAge time.Duration
}

// sharing adds the headers with which browsers let pages of other origins read
// an answer (Fetch, "CORS protocol"), by trust. It is nil for a server that has
// nothing to say to them.
type sharing []*cors.Cors

func newSharing(c *Config) sharing {
	if c.Origins == nil && c.CORS.AllowOrigin == nil {
		return nil
	}
	policy := func(allow, credentials bool) *cors.Cors {
		o := cors.Options{
			// The origin has been judged; it is sent back, never "*".
			AllowOriginFunc:  func(string) bool { return allow },
			AllowCredentials: credentials && !c.CORS.NoCredentials,
			AllowedMethods:   c.CORS.Methods,
			AllowedHeaders:   c.CORS.Headers,
			ExposedHeaders:   c.CORS.Expose,
			MaxAge:           seconds(c.CORS.MaxAge),
		}
		if len(o.AllowedMethods) == 0 {
			o.AllowedMethods = []string{http.MethodGet, http.MethodPost}
		}
		return cors.New(o)
	}
	return sharing{foreign: policy(false, false), anyone: policy(true, false), named: policy(true, true)}
}

// seconds returns the number that [cors.Options] wants for a time.
func seconds(d time.Duration) int {
	switch {
	case d == 0:
		return 600
	case d < time.Second:
		return -1
	}
	return int(d / time.Second)
}

// share lets pages of an allowed origin read the answer, errors too, and answers
// a browser that asks beforehand. It reports whether that was all.
func (s sharing) share(w http.ResponseWriter, r *http.Request, t trust) bool {
	if s == nil || r.Header.Get("Origin") == "" {
		return false
	}
	s[t].HandlerFunc(w, r)
	if r.Method != http.MethodOptions {
		return false
	}
	if r.Header.Get("Access-Control-Request-Method") == "" { // else it has been answered
		w.WriteHeader(http.StatusNoContent)
	}
	return true
}
