//go:build !race

// The race detector makes pools forget, so test.sh runs what is here without it.

package polling_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/briohq/brio/transport/polling"
)

// blank is an answer that nobody reads.
type blank struct{ header http.Header }

func (b blank) Header() http.Header         { return b.header }
func (b blank) Write(p []byte) (int, error) { return len(p), nil }
func (b blank) WriteHeader(int)             {}

func TestRequestsAllocateLittle(t *testing.T) {
	e := ready{frames("4hello", "4world")}
	conn := polling.New(e, limit, true)
	const packets = "4hello\x1e4world"
	body := strings.NewReader(packets)
	post := httptest.NewRequest("POST", "/", body)
	post.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	get := httptest.NewRequest("GET", "/", nil)
	w := blank{http.Header{}}
	n := testing.AllocsPerRun(100, func() {
		conn.ServeHTTP(w, get)
		body.Reset(packets)
		conn.ServeHTTP(w, post)
	})
	if n > 1 { // the reader that counts the bytes of a body
		t.Errorf("%v allocations", n)
	}
}
