package web

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request asks for brio.js and returns the answer.
func request(t *testing.T, method string, header ...string) *http.Response {
	t.Helper()
	return ask(t, Handler(nil), method, "/brio.js", header...)
}

func ask(t *testing.T, handler http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path // as it is, wrong ones too
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
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

func TestCompressedAsAccepted(t *testing.T) {
	for accept, want := range map[string]string{
		"":                          "",
		"gzip":                      "gzip",
		"GZIP":                      "gzip",
		"gzip; q=0.001":             "gzip",
		"*":                         "gzip",
		"identity, *;q=0.1":         "gzip",
		"gzip;q=0":                  "",
		"gzip;q=0, *":               "deflate",
		"*, gzip;q=0":               "deflate",
		"*;q=0":                     "",
		"gzip;q=nonsense":           "",
		"gzip;q=nan":                "",
		"br":                        "", // there is no file in it
		"br, identity":              "",
		"gzipped":                   "",
		"gzip;level=9":              "gzip",
		", ,gzip":                   "gzip",
		"deflate;q=1.0,gzip;q=1.0":  "gzip",
		"deflate, gzip;q=0.5, br":   "deflate",
		"gzip, deflate, br, zstd":   "gzip",
		"deflate;q=0.2, gzip;q=0.1": "deflate",
	} {
		response := request(t, "GET", "Accept-Encoding", accept)
		got := body(t, response)
		if coding := response.Header.Get("Content-Encoding"); coding != want {
			t.Errorf("%q: coding %q, want %q", accept, coding, want)
			continue
		}
		if length := response.Header.Get("Content-Length"); length != fmt.Sprint(len(got)) {
			t.Errorf("%q: Content-Length %s for %d bytes", accept, length, len(got))
		}
		if decoded(t, want, got) != Script() {
			t.Errorf("%q: the body is not the script", accept)
		}
	}
}

// decoded undoes a content coding.
func decoded(t *testing.T, coding, text string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(text)
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	}
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
	for name, most := range map[string]int{"brio.js": 9 << 10, "webtransport.js": 3 << 9} {
		zipped := body(t, ask(t, Handler(nil), "GET", "/"+name, "Accept-Encoding", "gzip"))
		if len(zipped) > most {
			t.Errorf("%s takes %d bytes compressed, at most %d are wanted", name, len(zipped), most)
		}
	}
}

func TestServesWhatBelongsToTheScript(t *testing.T) {
	for name, contentType := range map[string]string{
		"webtransport.js": "text/javascript; charset=utf-8",
		"brio.d.ts":       "application/typescript; charset=utf-8",
	} {
		response := ask(t, Handler(nil), "GET", "/"+name)
		if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != contentType {
			t.Errorf("%s: status %d, Content-Type %q", name, response.StatusCode, got)
		}
		if !strings.Contains(body(t, response), "export class ") {
			t.Errorf("%s has no class to export", name)
		}
	}
}

func TestServedConcurrently(t *testing.T) {
	server := httptest.NewServer(Handler(nil))
	defer server.Close()
	done := make(chan error)
	const clients = 8
	for range clients {
		go func() {
			response, err := server.Client().Get(server.URL + "/brio.js") // asks for gzip by itself
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
