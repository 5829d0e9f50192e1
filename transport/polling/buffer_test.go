package polling_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

// echo is a receiver that sends back what has come, once there is a GET.
type echo struct{ frames []*transport.Frame }

func (e *echo) Receive(_ transport.Conn, p transport.Packet) {
	e.frames = append(e.frames, transport.NewText(p.Type, string(p.Data)))
}

func (e *echo) Ready(c transport.Conn) {
	c.Write(e.frames)
	e.frames = e.frames[:0]
}

func (*echo) Closed(transport.Conn, error) {}

// The buffers of bodies go from one Conn to another, and from answers to
// requests, but never two have the same.
func TestBodiesDoNotMix(t *testing.T) {
	for i := range 8 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			conn := polling.New(&echo{}, 1<<20, false)
			for _, size := range []int{1, 100, 511, 512, 513, 5000, 16 << 10, 100_000, 1<<20 - 3, 2} {
				body := "4" + strings.Repeat(string(rune('a'+i)), size) + "\x1e4"
				for _, length := range []int64{int64(len(body)), -1} {
					r := httptest.NewRequest("POST", "/", strings.NewReader(body))
					r.ContentLength = length
					w := httptest.NewRecorder()
					conn.ServeHTTP(w, r)
					if w.Code != 200 || w.Body.String() != "ok" {
						t.Fatalf("a POST of %d bytes is answered with %d %q", len(body), w.Code, w.Body)
					}
					w = httptest.NewRecorder()
					conn.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
					if w.Code != 200 || w.Body.String() != body {
						t.Fatalf("of %d bytes come back %d %.20q…, status %d", len(body), w.Body.Len(), w.Body, w.Code)
					}
				}
			}
		})
	}
}

// A body that is longer than was said counts for the limit as it is: what stands
// in front of a server may have changed it.
func TestLimitCountsWhatComes(t *testing.T) {
	conn := polling.New(&echo{}, limit, false)
	for _, length := range []int64{-1, 0, 1, limit, limit + 1} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("4"+strings.Repeat("x", limit)))
		r.ContentLength = length
		w := httptest.NewRecorder()
		conn.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("announced with %d bytes: status %d", length, w.Code)
		}
	}
}

// A small answer's length is said by net/http, a larger one's by the Conn.
func TestAnswersHaveALength(t *testing.T) {
	p := newPeer(t)
	for _, size := range []int{1, 1023, 1024, 3000, 100_000} {
		packet := "4" + strings.Repeat("x", size-1)
		frame := frames(packet)
		frame[0].NoCompression()
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.conn.Write(frame)
		got := <-get
		got.is(t, 200, packet)
		if length := got.header.Get("Content-Length"); length != strconv.Itoa(size) {
			t.Errorf("a body of %d bytes has length %q", size, length)
		}
	}
}
