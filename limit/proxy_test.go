package limit

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// gate is a server on a port of this machine that tells who its clients are. Those
// that come from 127.0.0.1 are proxies, others of 127.0.0.0/8 are not.
type gate struct {
	*httptest.Server
	limits *HandshakeLimits
}

func listen(t *testing.T, policy proxyproto.ConnPolicyFunc, trusted ...netip.Prefix) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{limits: Handshakes(HandshakesConfig{Address: Rate{PerSecond: 0.001, Burst: 2}, Trusted: trusted})}
	server := brio.NewServer(brio.Config{AllowRequest: g.limits.Allow})
	brio.Call[brio.None, string]("who").Handle(server.Of("/"), func(_ context.Context, s *brio.Socket, _ brio.None) (string, error) {
		h := s.Handshake()
		return Address(h.Address, h.Header, trusted).String(), nil
	})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, Address(r.RemoteAddr, r.Header, trusted))
	})
	g.Server = httptest.NewUnstartedServer(mux)
	_ = g.Listener.Close()
	g.Listener = &proxyproto.Listener{Listener: l, ConnPolicy: policy, ReadHeaderTimeout: 200 * time.Millisecond}
	g.Start()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		g.Close()
	})

	return g
}

// dial connects from an address, and sends what a proxy sends first.
func (g *gate) dial(from, first string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	c, err := d.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, first); err != nil {
		_ = c.Close()
		return nil, err
	}

	return c, nil
}

// who returns as whom the server sees a client, "" if it gives no good answer.
func (g *gate) who(from, first, header string) string {
	c, err := g.dial(from, first)
	if err != nil {
		return ""
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /who HTTP/1.1\r\nHost: x\r\n%s\r\n", header)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	body, _ := io.ReadAll(answer.Body)

	return string(body)
}

// v1 and v2 are the header of the PROXY protocol, as text and in binary.
func v1(address string) string { return "PROXY TCP4 " + address + " 192.0.2.1 5000 80\r\n" }

func v2(t *testing.T, address string) string {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: net.ParseIP(address), Port: 5000}, &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 80})
	var b bytes.Buffer
	if _, err := h.WriteTo(&b); err != nil {
		t.Fatal(err)
	}

	return b.String()
}

func TestProxyProtocol(t *testing.T) {
	strict, err := proxyproto.TrustProxyHeaderFromRanges([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	shared, err := proxyproto.PolicyFromRanges([]string{"127.0.0.1"}, proxyproto.REQUIRE, proxyproto.SKIP)
	if err != nil {
		t.Fatal(err)
	}
	const proxy, stranger = "127.0.0.1", "127.0.0.2"
	const forwarded = "X-Forwarded-For: 203.0.113.9\r\n"
	only, both := listen(t, strict), listen(t, shared)
	chain := listen(t, strict, netip.MustParsePrefix("198.51.100.0/24"))
	for title, c := range map[string]struct {
		gate                *gate
		from, first, header string
		want                string
	}{
		"a proxy tells":                         {only, proxy, v1("198.51.100.7"), "", "198.51.100.7"},
		"in binary":                             {only, proxy, v2(t, "198.51.100.7"), "", "198.51.100.7"},
		"of IPv6":                               {only, proxy, "PROXY TCP6 2001:db8:1:2::3 2001:db8::1 5000 80\r\n", "", "2001:db8:1:2::"},
		"and the client claims":                 {only, proxy, v1("198.51.100.7"), forwarded, "198.51.100.7"},
		"a proxy before the proxy":              {chain, proxy, v1("198.51.100.7"), forwarded, "203.0.113.9"},
		"a stranger behind it":                  {chain, proxy, v1("192.0.2.77"), forwarded, "192.0.2.77"},
		"a proxy that does not tell":            {only, proxy, "", "", ""},
		"one that lies":                         {only, proxy, "PROXY TCP4 nobody 192.0.2.1 5000 80\r\n", "", ""},
		"one that never ends":                   {only, proxy, "PROXY TCP4 " + strings.Repeat("1", 200), "", ""},
		"one that tells twice":                  {only, proxy, v1("198.51.100.7") + v1("203.0.113.9"), "", ""},
		"a stranger who tells":                  {only, stranger, v1("198.51.100.7"), "", ""},
		"a stranger":                            {only, stranger, "", "", ""},
		"where strangers may come, one":         {both, stranger, "", "", "127.0.0.2"},
		"where strangers may come, one claims":  {both, stranger, "", forwarded, "127.0.0.2"},
		"where strangers may come, one tells":   {both, stranger, v1("198.51.100.7"), "", ""},
		"where strangers may come, one tells 2": {both, stranger, v2(t, "198.51.100.7"), "", ""},
		"where strangers may come, a proxy":     {both, proxy, v1("198.51.100.7"), "", "198.51.100.7"},
		"where strangers may come, a silent":    {both, proxy, "", "", ""},
	} {
		if got := c.gate.who(c.from, c.first, c.header); got != c.want {
			t.Errorf("%s: seen as %q, want %q", title, got, c.want)
		}
	}
}

// One that begins and says nothing is left; others are served meanwhile.
func TestProxyThatIsSilent(t *testing.T) {
	policy, err := proxyproto.TrustProxyHeaderFromRanges([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	g := listen(t, policy)
	var silent []net.Conn
	for range 20 {
		c, err := g.dial("127.0.0.1", "PROXY ")
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, c)
	}
	if got := g.who("127.0.0.1", v1("198.51.100.7"), ""); got != "198.51.100.7" {
		t.Errorf("seen as %q", got)
	}
	for _, c := range silent {
		if answer, _ := io.ReadAll(c); strings.Contains(string(answer), "200 OK") { // it is closed, perhaps with an error
			t.Errorf("answered %q", answer)
		}
		_ = c.Close()
	}
}

// Limits count the clients behind a proxy each on its own, over WebSocket and polling.
func TestLimitsBehindAProxy(t *testing.T) {
	policy, err := proxyproto.TrustProxyHeaderFromRanges([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	g := listen(t, policy)
	for i, address := range []string{"198.51.100.7", "198.51.100.8"} {
		for n := range 4 {
			way := []string{"websocket", "polling"}[(i+n)%2]
			who, err := g.connect(t, address, way)
			if n < 2 && (err != nil || who != address) || n >= 2 && err == nil {
				t.Errorf("connection %d of %s over %s: seen as %q, %v", n, address, way, who, err)
			}
		}
	}
	if n := g.limits.Exceeded(); n != 4 {
		t.Errorf("%d were too much", n)
	}
}

// connect asks as whom a client is seen.
func (g *gate) connect(t *testing.T, address, way string) (string, error) {
	t.Helper()
	c := client.New("http://"+g.Listener.Addr().String(), client.Config{NoReconnect: true, Engine: engineio.Config{
		Transports: []string{way},
		Header:     http.Header{"X-Forwarded-For": {"203.0.113.9"}},
		Dial:       func(context.Context, string, string) (net.Conn, error) { return g.dial("127.0.0.1", v1(address)) },
	}})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		return "", err
	}

	return brio.Call[brio.None, string]("who").Do(ctx, c, brio.None{})
}
