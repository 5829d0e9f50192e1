package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request asks the handler and returns its answer.
func request(t *testing.T, method string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/socket.io/brio.js", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestServesTheScript(t *testing.T) {
	response := request(t, "GET")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	want := map[string]string{
		"Content-Type":     "text/javascript; charset=utf-8",
		"Cache-Control":    "public, max-age=0",
		"Vary":             "Accept-Encoding",
		"Content-Encoding": "",
		"Content-Length":   fmt.Sprint(len(Script())),
	}
	for name, value := range want {
		if got := response.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if body(t, response) != Script() {
		t.Error("the body is not the script")
	}
}

func TestHeadHasNoBody(t *testing.T) {
	response := request(t, "HEAD")
	if response.StatusCode != http.StatusOK || body(t, response) != "" {
		t.Errorf("status %d with a body", response.StatusCode)
	}
	if got, want := response.Header.Get("Content-Length"), fmt.Sprint(len(Script())); got != want {
		t.Errorf("Content-Length %s, want %s", got, want)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		response := request(t, method)
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, response.StatusCode, response.Header.Get("Allow"))
		}
	}
}

func TestGzipWhenAccepted(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                         false,
		"gzip":                     true,
		"GZIP":                     true,
		"deflate, gzip;q=0.5, br":  true,
		"gzip; q=0.001":            true,
		"*":                        true,
		"identity, *;q=0.1":        true,
		"gzip;q=0":                 false,
		"gzip;q=0, *":              false,
		"*, gzip;q=0":              false,
		"*;q=0":                    false,
		"gzip;q=nonsense":          false,
		"br, deflate":              false,
		"gzipped":                  false,
		"gzip;level=9":             true,
		", ,gzip":                  true,
		"deflate;q=1.0,gzip;q=1.0": true,
	} {
		response := request(t, "GET", "Accept-Encoding", accept)
		got := body(t, response)
		if zipped := response.Header.Get("Content-Encoding") == "gzip"; zipped != want {
			t.Errorf("%q: gzip %v, want %v", accept, zipped, want)
			continue
		}
		if length := response.Header.Get("Content-Length"); length != fmt.Sprint(len(got)) {
			t.Errorf("%q: Content-Length %s for %d bytes", accept, length, len(got))
		}
		if want {
			got = unzip(t, got)
		}
		if got != Script() {
			t.Errorf("%q: the body is not the script", accept)
		}
	}
}

func unzip(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNotModified(t *testing.T) {
	plain := request(t, "GET").Header.Get("ETag")
	zipped := request(t, "GET", "Accept-Encoding", "gzip").Header.Get("ETag")
	if plain == zipped || !strings.HasPrefix(plain, `"`) {
		t.Fatalf("tags %s and %s", plain, zipped)
	}
	for _, c := range []struct {
		match, accept string
		want          int
	}{
		{plain, "", http.StatusNotModified},
		{zipped, "gzip", http.StatusNotModified},
		{"W/" + zipped, "gzip", http.StatusNotModified},
		{`"other", W/` + plain, "", http.StatusNotModified},
		{"*", "", http.StatusNotModified},
		{`"other"`, "", http.StatusOK},
		{plain, "gzip", http.StatusOK},
		{"nonsense", "", http.StatusOK},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			response := request(t, method, "If-None-Match", c.match, "Accept-Encoding", c.accept)
			if response.StatusCode != c.want {
				t.Errorf("%s %s, accepting %q: status %d, want %d", method, c.match, c.accept, response.StatusCode, c.want)
			}
			if c.want != http.StatusNotModified {
				continue
			}
			if body(t, response) != "" || response.Header.Get("ETag") == "" || response.Header.Get("Cache-Control") == "" {
				t.Errorf("%s %s: a 304 with a body or without its headers", method, c.match)
			}
		}
	}
}

// The client is to stay small enough to be no reason against it.
func TestSize(t *testing.T) {
	const most = 9 << 10
	if _, zipped := representations(); len(zipped.body) > most {
		t.Errorf("brio.js takes %d bytes compressed, at most %d are wanted", len(zipped.body), most)
	}
}

func TestServedConcurrently(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	done := make(chan error)
	const clients = 8
	for range clients {
		go func() {
			response, err := server.Client().Get(server.URL) // asks for gzip by itself
			if err == nil {
				defer response.Body.Close()
				var b []byte
				if b, err = io.ReadAll(response.Body); err == nil && !bytes.Equal(b, []byte(Script())) {
					err = fmt.Errorf("%d bytes that are not the script", len(b))
				}
			}
			done <- err
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
