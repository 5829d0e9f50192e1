package engine

import (
	"errors"
	"net/http"
	"testing"

	"github.com/gobwas/ws"
)

// A browser adds the cookies of a site to each WebSocket that any page opens to it, and
// to each script. Sessions see them only if the page may send them.
func TestCookiesOfPages(t *testing.T) {
	const good, other = "https://good.example", "https://other.example"
	for name, c := range map[string]struct {
		config Config
		header []string // "self" is the server's own address
		want   bool     // the cookie
	}{
		"no page":                          {Config{}, nil, true},
		"its own page":                     {Config{}, []string{"Origin", "self"}, true},
		"no page, any may":                 {Config{Origins: []string{"*"}}, nil, true},
		"a named page":                     {Config{Origins: []string{good}}, []string{"Origin", good}, true},
		"a named page, others may":         {Config{Origins: []string{good, "*"}}, []string{"Origin", good}, true},
		"another page, any may":            {Config{Origins: []string{"*"}}, []string{"Origin", other}, false},
		"another page than the named":      {Config{Origins: []string{good, "*"}}, []string{"Origin", other}, false},
		"nobody's page":                    {Config{Origins: []string{"*"}}, []string{"Origin", "null"}, false},
		"one that is decided about":        {Config{CORS: CORS{AllowOrigin: func(*http.Request, string) bool { return true }}}, []string{"Origin", other}, true},
		"a named page without credentials": {Config{Origins: []string{good}, CORS: CORS{NoCredentials: true}}, []string{"Origin", good}, false},
		"its own page without credentials": {Config{CORS: CORS{NoCredentials: true}}, []string{"Origin", "self"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan bool, 2)
			c.config.AllowRequest = cookieTo(seen)
			_, h, _ := serve(t, c.config)
			header := append([]string{"Cookie", "session=secret", "X-Other", "there"}, c.header...)
			for i, v := range header {
				if v == "self" {
					header[i] = h.URL
				}
			}
			if a := request(h, "GET", newPoll, "", header...); a.status != 200 {
				t.Fatal("polling: ", a.status)
			}
			dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(headers(header))}
			conn, _, _, err := dialer.Dial(t.Context(), "ws"+h.URL[len("http"):]+"/?EIO=4&transport=websocket")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, way := range []string{"polling", "WebSocket"} {
				if got := <-seen; got != c.want {
					t.Errorf("over %s: its cookie is there: %v", way, got)
				}
			}
		})
	}
}

// So it is with the page of a script, which has no Origin.
func TestCookiesOfScripts(t *testing.T) {
	const good, other = "https://good.example", "https://other.example"
	for name, c := range map[string]struct {
		origins []string
		referer string
		want    bool
	}{
		"its own page":             {nil, "self", true},
		"a named page":             {[]string{good}, good + "/page", true},
		"another page, any may":    {[]string{good, "*"}, other + "/page", false},
		"nobody's page, any may":   {[]string{"*"}, "", false},
		"a named page, others may": {[]string{good, "*"}, good + "/", true},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan bool, 1)
			_, h, _ := serve(t, Config{AllowEIO3: true, Origins: c.origins, AllowRequest: cookieTo(seen)})
			if c.referer == "self" {
				c.referer = h.URL + "/page"
			}
			if a := request(h, "GET", pollV3+"&j=0", "", "Cookie", "session=secret", "Referer", c.referer, "X-Other", "there"); a.status != 200 {
				t.Fatal(a.status)
			}
			if got := <-seen; got != c.want {
				t.Errorf("its cookie is there: %v", got)
			}
		})
	}
}

// cookieTo says whether a request has its cookie; other headers it has in any case.
func cookieTo(seen chan<- bool) func(*http.Request) error {
	return func(r *http.Request) error {
		_, err := r.Cookie("session")
		seen <- err == nil
		if r.Header.Get("X-Other") == "" {
			return errors.New("a header is missing")
		}
		return nil
	}
}

func headers(list []string) http.Header {
	h := http.Header{}
	for i := 0; i < len(list); i += 2 {
		h.Set(list[i], list[i+1])
	}
	return h
}
