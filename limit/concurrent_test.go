package limit

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
)

// The memory network has no addresses: a proxy says them.
type proxy struct{ http.Handler }

func (p proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.RemoteAddr = "10.0.0.1:4000"
	p.Handler.ServeHTTP(w, r)
}

// A place is given back when its connection has ended, however it does.
func TestConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Handshakes(HandshakesConfig{Concurrent: 2, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		server := brio.NewServer(brio.Config{AllowRequest: l.Allow})
		site := briotest.Serve(t, proxy{server})
		defer func() {
			if err := server.Shutdown(t.Context()); err != nil || len(l.there) != 0 {
				t.Errorf("%v; there are %v", err, l.there)
			}
		}()
		begin := func(address, method string) (int, http.Header, string) {
			t.Helper()
			c := http.Client{Transport: &http.Transport{DialContext: site.Dial, DisableKeepAlives: true}}
			r, _ := http.NewRequest(method, "http://brio.test/socket.io/?EIO=4&transport=polling", nil)
			r.Header.Set("X-Forwarded-For", address)
			a, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			b, _ := io.ReadAll(a.Body)
			return a.StatusCode, a.Header, string(b)
		}
		ada := site.Connect(t, "/", from("192.0.2.1"))
		site.Connect(t, "/", from("192.0.2.1"))
		for range 3 {
			status, header, body := begin("192.0.2.1", "GET")
			var told struct {
				Code    int
				Message string
			}
			if err := json.Unmarshal([]byte(body), &told); status != 503 || header.Get("Retry-After") != "5" || err != nil || told.Code != 6 {
				t.Errorf("%d %v %s", status, header, body)
			}
		}
		if l.Exceeded() != 3 || server.Stats().Refused != 3 {
			t.Errorf("%d are counted, %+v", l.Exceeded(), server.Stats())
		}
		ada.Close()
		synctest.Wait()
		if status, _, body := begin("192.0.2.1", "GET"); status != 200 { // and never comes again
			t.Errorf("%d %s", status, body)
		}
		if status, _, _ := begin("192.0.2.1", "GET"); status != 503 {
			t.Errorf("%d", status)
		}
		if status, _, _ := begin("192.0.2.2", "GET"); status != 200 {
			t.Errorf("another address: %d", status)
		}
		time.Sleep(76 * time.Second) // those of whom nothing was heard are given up
		synctest.Wait()
		if status, _, body := begin("192.0.2.1", "GET"); status != 200 {
			t.Errorf("%d %s", status, body)
		}
		if err := l.Allow(&http.Request{RemoteAddr: "192.0.2.9:1"}); err != nil || len(l.there) != 1 {
			t.Errorf("what is no handshake: %v; there are %v", err, l.there)
		}
	})
}
