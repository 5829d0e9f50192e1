package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/briohq/brio/web"
)

// What brio.js does in Chromium, it does with brio and with the official server.
func TestBehavioursInChromium(t *testing.T) {
	for name, binary := range bothServers(t) {
		t.Run(name, func(t *testing.T) { behave(t, binary, "--recovery", "--ping-interval=2s", "--ping-timeout=2s") })
	}
}

// bothServers returns the commands of brio's server and of the official one.
func bothServers(t *testing.T) map[string]string {
	t.Helper()
	findNode(t)
	official, err := filepath.Abs("node/server.mjs")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"brio": buildServer(t), "socket.io": official}
}

// behave runs the behaviours against a server of its own, each as a subtest.
func behave(t *testing.T, binary string, flags ...string) {
	server := startServer(context.WithoutCancel(t.Context()), t, binary, flags)
	cable := startCable(t, server.address)
	mux := http.NewServeMux()
	for _, name := range []string{"/brio.js", "/webtransport.js"} {
		mux.Handle(name, web.Handler(nil))
	}
	mux.HandleFunc("/behaviours.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "../web/test/chromium/behaviours.js")
	})
	mux.HandleFunc("POST /restart", server.serveControl)
	mux.HandleFunc("POST /cut", func(http.ResponseWriter, *http.Request) { cable.cut() })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/behaviours.js"></script>`)
	})
	site := httptest.NewServer(mux)
	defer site.Close()

	const script = `(async () => {
		while (!window.run) await new Promise((again) => setTimeout(again, 10));
		return run("http://%s", "http://%s");
	})()`
	report := inChromium(t, site.URL, fmt.Sprintf(script, cable.listener.Addr(), server.address))
	var results []struct{ Name, Problem string }
	if err := json.Unmarshal([]byte(report), &results); err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Error("no behaviour was tried")
	}
	for _, r := range results {
		t.Run(cmp.Or(r.Name, "nameless"), func(t *testing.T) {
			if r.Problem != "" {
				t.Error(r.Problem)
			}
		})
	}
}

// cable forwards TCP connections, until it is cut: then it is whole again for new
// ones.
type cable struct {
	listener net.Listener
	target   string
	ended    sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
}

func startCable(t *testing.T, target string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, target: target, conns: map[net.Conn]bool{}}
	c.ended.Go(c.accept)
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
		c.ended.Wait()
	})
	return c
}

func (c *cable) accept() {
	for {
		in, err := c.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.target)
		if err != nil { // the server is being replaced
			_ = in.Close()
			continue
		}
		c.mu.Lock()
		c.conns[in], c.conns[out] = true, true
		c.mu.Unlock()
		c.ended.Go(func() { c.copy(in, out) })
		c.ended.Go(func() { c.copy(out, in) })
	}
}

func (c *cable) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, to)
	delete(c.conns, from)
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close()
	}
}
