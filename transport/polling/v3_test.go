package polling_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

var v3 = transport.Format{Revision: transport.V3}

func newPeerV3(t *testing.T) *peer {
	p := newPeer(t)
	p.conn.Speak(v3)
	return p
}

func TestGetOfV3(t *testing.T) {
	const text, octets = "text/plain; charset=UTF-8", "application/octet-stream"
	for name, c := range map[string]struct {
		format            transport.Format
		packets           []string
		want, contentType string
	}{
		"text":             {v3, []string{"4hello", "2", "4😀"}, "6:4hello1:23:4😀", text},
		"binary":           {v3, []string{"4😀", "b\x01\xff"}, "\x00\x05\xff4😀\x01\x03\xff\x04\x01\xff", octets},
		"binary in base64": {transport.Format{Revision: transport.V3, Base64: true}, []string{"4a", "b\x01\xff"}, "2:4a6:b4Af8=", text},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t)
			p.conn.Speak(c.format)
			get := p.get(t.Context())
			p.await(t, p.ready)
			p.conn.Write(frames(c.packets...))
			got := <-get
			got.is(t, 200, c.want)
			if h := got.header.Get("Content-Type"); h != c.contentType {
				t.Errorf("content type %q, want %q", h, c.contentType)
			}
		})
	}
}

func TestPostOfV3(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body string
		want              []string
	}{
		"text":             {"text/plain;charset=UTF-8", "6:4hello3:4😀1:3", []string{"4hello", "4😀", "3"}},
		"no type":          {"", "6:4hello6:b4AQID1:2", []string{"4hello", "b\x01\x02\x03", "2"}},
		"binary":           {"application/octet-stream", "\x00\x02\xff4a\x01\x03\xff\x04\x01\xff", []string{"4a", "b\x01\xff"}},
		"binary, its case": {"Application/Octet-Stream; x=y", "\x00\x02\xff4a", []string{"4a"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeerV3(t)
			got := p.postAs(c.contentType, c.body)
			got.is(t, 200, "ok")
			if h := got.header.Get("Content-Type"); h != "text/html" {
				t.Errorf("content type %q", h)
			}
			p.received(t, c.want...)
		})
	}
}

func TestMalformedPostOfV3(t *testing.T) {
	const octets = "application/octet-stream"
	for _, c := range []struct {
		contentType, body string
		want              []string
	}{
		{"", "", nil},
		{"", "abc", nil},
		{"", "4a", nil},
		{"", "2:4a2:9b", []string{"4a"}},
		{"", "2:4😀", nil},
		{"", "2:4\xff", nil},
		{octets, "", nil},
		{octets, "2:4a", nil},
		{octets, "\x01\x02\xff4a", nil},
		{octets, "\x00\x02\xff4a\x00\x05\xff4b", []string{"4a"}},
	} {
		p := newPeerV3(t)
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.postAs(c.contentType, c.body).is(t, 400, "")
		p.ended(t, transport.ErrParse)
		(<-get).is(t, 200, "1:1")
		p.received(t, c.want...)
	}
}

func TestEndsOfV3(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*polling.Conn)
		want string
	}{
		"Close":              {func(c *polling.Conn) { c.Close(nil) }, "1:1"},
		"Close with frames":  {func(c *polling.Conn) { c.Close(frames("4a", "4b")) }, "2:4a2:4b1:1"},
		"Close, with binary": {func(c *polling.Conn) { c.Close(frames("b\x01")) }, "\x01\x02\xff\x04\x01\x00\x01\xff1"},
		"Abort":              {func(c *polling.Conn) { c.Abort() }, "1:1"},
		"Release":            {func(c *polling.Conn) { c.Release() }, "1:6"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeerV3(t)
			get := p.get(t.Context())
			p.await(t, p.ready)
			c.end(p.conn)
			(<-get).is(t, 200, c.want)
		})
	}
	t.Run("the client", func(t *testing.T) {
		p := newPeerV3(t)
		p.onPacket = func(string) { p.conn.Close(nil) }
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.post("1:12:4a").is(t, 200, "ok")
		(<-get).is(t, 200, "1:6")
		p.received(t, "1")
	})
	t.Run("a second GET", func(t *testing.T) {
		p := newPeerV3(t)
		first := p.get(t.Context())
		p.await(t, p.ready)
		(<-p.get(t.Context())).is(t, 400, "")
		(<-first).is(t, 200, "1:1")
		p.ended(t, polling.ErrOverlap)
	})
}

func TestTooLargePostOfV3(t *testing.T) {
	p := newPeerV3(t)
	p.postAs("application/octet-stream", "\x00\x06\x02\xff4"+strings.Repeat("x", limit)).is(t, 413, "")
	p.received(t)
}

func TestBinaryAnswersAreCompressed(t *testing.T) {
	p := newPeerV3(t)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	get := p.serve(r)
	p.await(t, p.ready)
	p.conn.Write(frames("b" + strings.Repeat("x", 2000)))
	got := <-get
	z, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if want := "\x01\x02\x00\x00\x01\xff\x04" + strings.Repeat("x", 2000); err != nil || string(body) != want {
		t.Errorf("%.20q…, error %v", body, err)
	}
	if h := got.header.Get("Content-Type"); h != "application/octet-stream" {
		t.Errorf("content type %q", h)
	}
}

func TestNoXSSFilter(t *testing.T) {
	for agent, want := range map[string]string{
		"": "", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "",
		"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)":          "0",
		"Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11) like Gecko": "0",
	} {
		p := newPeerV3(t)
		for method, body := range map[string]string{"GET": "", "POST": "2:4a"} {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.Header.Set("User-Agent", agent)
			answer := p.serve(r)
			if method == "GET" {
				p.await(t, p.ready)
				p.conn.Write(frames("4a"))
			}
			if h := (<-answer).header.Get("X-XSS-Protection"); h != want {
				t.Errorf("%s of %q: %q, want %q", method, agent, h, want)
			}
		}
	}
}

// postAs makes a POST with a content type.
func (p *peer) postAs(contentType, body string) answer {
	r, _ := http.NewRequest("POST", p.server.URL, bytes.NewReader([]byte(body)))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := p.server.Client().Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(b), err}
}
