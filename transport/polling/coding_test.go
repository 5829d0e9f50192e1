package polling_test

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

// large is an answer just large enough to be compressed.
var large = "4" + strings.Repeat("x", 1023)

// answerTo returns the answer to a GET, after packet has been written.
func answerTo(t *testing.T, compress bool, packet string, accept ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Accept-Encoding"] = accept
	w := httptest.NewRecorder()
	conn := polling.New(ready{frames(packet)}, limit, compress)
	conn.ServeHTTP(w, r)
	return w.Result()
}

// ready is a receiver that answers at once.
type ready struct{ frames []*transport.Frame }

func (r ready) Ready(c transport.Conn)                     { c.Write(r.frames) }
func (ready) Receive(_ transport.Conn, _ transport.Packet) {}
func (ready) Closed(transport.Conn, error)                 {}

func TestCompression(t *testing.T) {
	for name, c := range map[string]struct {
		accept []string
		want   string
	}{
		"nothing":                  {nil, ""},
		"gzip":                     {[]string{"gzip"}, "gzip"},
		"deflate":                  {[]string{"deflate"}, "deflate"},
		"gzip before deflate":      {[]string{"deflate, gzip"}, "gzip"},
		"gzip, whatever its worth": {[]string{"deflate, gzip;q=0.1"}, "gzip"},
		"not gzip":                 {[]string{"gzip;q=0, deflate"}, "deflate"},
		"neither":                  {[]string{"GZIP; q=0.000, deflate;q=0"}, ""},
		"letter case":              {[]string{"br, GZip"}, "gzip"},
		"two lines":                {[]string{"br", "deflate"}, "deflate"},
		"any":                      {[]string{"*"}, "gzip"},
		"any but gzip":             {[]string{"*, gzip;q=0"}, "deflate"},
		"none but deflate":         {[]string{"*;q=0, deflate"}, "deflate"},
		"only others":              {[]string{"br, zstd, identity"}, ""},
		"similar names":            {[]string{"x-gzip2, gzipped"}, ""},
		"malformed weight":         {[]string{"gzip;q=high"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			// Twice, for the second has a writer that has been used.
			for range 2 {
				response := answerTo(t, true, large, c.accept...)
				if got := response.Header.Get("Content-Encoding"); got != c.want {
					t.Fatalf("encoding %q, want %q", got, c.want)
				}
				if v := response.Header.Get("Vary"); v != "Accept-Encoding" {
					t.Errorf("Vary: %q", v)
				}
				if v := response.Header.Get("Content-Type"); v != "text/plain; charset=UTF-8" {
					t.Errorf("Content-Type: %q", v)
				}
				if v := response.Header.Get("Cache-Control"); v != "no-store" {
					t.Errorf("Cache-Control: %q", v)
				}
				if got := decompress(t, response); got != large {
					t.Errorf("body of %d bytes, want %d", len(got), len(large))
				}
			}
		})
	}
}

func TestSmallAnswersAreNotCompressed(t *testing.T) {
	for name, response := range map[string]*http.Response{
		"small":        answerTo(t, true, large[:1023], "gzip"),
		"switched off": answerTo(t, false, large, "gzip"),
	} {
		for _, header := range []string{"Content-Encoding", "Vary"} {
			if v := response.Header.Get(header); v != "" {
				t.Errorf("%s: %s: %q", name, header, v)
			}
		}
		if body, err := io.ReadAll(response.Body); err != nil || !strings.HasPrefix(large, string(body)) || len(body) < 1023 {
			t.Errorf("%s: body of %d bytes, error %v", name, len(body), err)
		}
	}
}

func TestCompressionOverHTTP(t *testing.T) {
	p := newPeer(t)
	for _, size := range []int{1024, 100_000} {
		get := p.get(t.Context()) // this client asks for gzip by itself
		p.await(t, p.ready)
		packet := "4" + strings.Repeat("x", size)
		p.conn.Write(frames(packet))
		(<-get).is(t, 200, packet)
	}
}

// One frame that may be compressed is enough.
func TestFramesThatAreNotToBeCompressed(t *testing.T) {
	plain := transport.NewText(transport.Message, large)
	plain.NoCompression()
	other := transport.NewText(transport.Noop, "")
	for _, c := range []struct {
		frames []*transport.Frame
		want   string
	}{
		{[]*transport.Frame{plain}, ""},
		{[]*transport.Frame{plain, plain}, ""},
		{[]*transport.Frame{plain, other}, "gzip"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		polling.New(ready{c.frames}, limit, true).ServeHTTP(w, r)
		if got := w.Result().Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%d frames: encoding %q, want %q", len(c.frames), got, c.want)
		}
	}
}

func decompress(t *testing.T, response *http.Response) string {
	t.Helper()
	var body io.Reader = response.Body
	var err error
	switch response.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body, err = zlib.NewReader(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func BenchmarkCompression(b *testing.B) {
	packets := frames("4" + strings.Repeat(`["chat","hello, world"]`, 400))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	conn := polling.New(ready{packets}, limit, true)
	b.ReportAllocs()
	for b.Loop() {
		conn.ServeHTTP(nowhere{http.Header{}}, r)
	}
}

type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
