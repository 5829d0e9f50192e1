package engineio

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/briohq/brio/transport"
)

// However messages are, their POSTs are no larger than the server takes, but for
// one with a single packet, have as much as fits, and make the same messages.
func TestPostsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 60).Draw(t, "limit")
		var packets []transport.Packet
		var want []string
		for range rapid.IntRange(1, 30).Draw(t, "packets") {
			p := transport.Packet{Type: transport.Message, Binary: rapid.Bool().Draw(t, "binary")}
			p.Data = bytes.Repeat([]byte("x"), rapid.IntRange(0, 70).Draw(t, "size"))
			packets = append(packets, p)
			want = append(want, mark(p.Data, p.Binary))
		}
		p := polling{request: limit}
		var got []string
		before := ""
		for rest := packets; len(rest) > 0; {
			n := p.fill(rest)
			members := strings.Split(string(p.post), "\x1e")
			if len(members) != n || n > 1 && len(p.post) > limit {
				t.Fatalf("%d packets in %d bytes, of %d", n, len(p.post), limit)
			}
			if before != "" && len(before)+1+len(members[0]) <= limit {
				t.Fatalf("%q would have had room for %q", before, members[0])
			}
			before = string(p.post)
			for _, m := range members {
				packet, err := transport.Decode([]byte(m), false)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, mark(packet.Data, packet.Binary))
			}
			rest = rest[n:]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// On the wire there is one POST at a time and one GET, of the right type, and at
// the limit a body is full.
func TestPolls(t *testing.T) {
	var bodies notes
	posting, getting := make(chan struct{}, 1), make(chan struct{}, 1)
	release := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		busy := getting
		if r.Method == http.MethodPost {
			busy = posting
		}
		select {
		case busy <- struct{}{}:
			defer func() { <-busy }()
		default:
			t.Errorf("two %s at a time", r.Method)
		}
		if r.Method == http.MethodPost {
			<-release
			b, _ := io.ReadAll(r.Body)
			bodies.add(string(b))
			if ct := r.Header.Get("Content-Type"); ct != "text/plain;charset=UTF-8" {
				t.Errorf("content type %q", ct)
			}
		}
		if r.URL.Query().Get("sid") == "" {
			_, _ = io.WriteString(w, strings.Replace(fmt.Sprintf(openPacket, "[]"), "1000000", "12", 1))
			return
		}
		handshakeOnly{}.ServeHTTP(w, r)
	}))
	defer h.Close()
	c := dialOnly(t, h.URL, Config{Transports: []string{"polling"}})
	over := make(chan error, 1)
	go func() { over <- c.Serve(func([]byte, bool) {}) }()
	for _, m := range []string{"1", "2345678901", "23456", "8901", "3456789012345", "bb", "bcc"} {
		message := Message{Data: []byte(m)}
		if data, binary := strings.CutPrefix(m, "b"); binary {
			message = Message{Data: []byte(data), Binary: true}
		}
		if err := c.Send(message); err != nil {
			t.Error(err)
		}
	}
	c.Close()
	close(release)
	take(t, over)
	b := "b" + base64.StdEncoding.EncodeToString([]byte("b"))
	cc := "b" + base64.StdEncoding.EncodeToString([]byte("cc"))
	want := []string{"42345678901", "423456\x1e48901", "43456789012345", b + "\x1e" + cc, "1"}
	if got := strings.Join(bodies.all(), "|"); !strings.HasSuffix(got, strings.Join(want[1:], "|")) || !strings.HasPrefix(got, "41|"+want[0]) {
		t.Errorf("the bodies are %q, want 41, %q", bodies.all(), want)
	}
}

// A GET whose connection breaks is not made again: what the server has answered is
// lost, and another answer would hide that.
func TestNoRetry(t *testing.T) {
	var gets atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sid") != "" {
			gets.Add(1)
			nc, _, _ := w.(http.Hijacker).Hijack()
			_ = nc.Close()
			return
		}
		handshakeOnly{upgrades: "[]"}.ServeHTTP(w, r)
	}))
	defer h.Close()
	e := connectTo(t, h.URL, Config{Transports: []string{"polling"}})
	e.ends(t, TransportError)
	if n := gets.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}
