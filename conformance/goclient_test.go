package conformance

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/protocol/msgpack"
)

// transports are the ways to connect with which each behaviour is tested.
var transports = map[string]engineio.Config{
	"default":   {},
	"websocket": {Transports: []string{"websocket"}},
	"polling":   {Transports: []string{"polling"}, NoUpgrade: true},
	"upgrade":   {Transports: []string{"polling", "websocket"}},
}

// The Go client behaves the same with brio and with the official server.
func TestGoClient(t *testing.T) {
	binary := build(t, "./reference")
	script := findReference(t)
	servers := map[string]func(ctx context.Context, args []string) (*process, error){
		"brio": func(ctx context.Context, args []string) (*process, error) {
			return startProcess(ctx, binary, args)
		},
		"node": func(ctx context.Context, args []string) (*process, error) {
			return startProcess(ctx, script[0], append(script[1:], args...))
		},
	}
	for name, start := range servers {
		for _, flags := range [][]string{nil, {"--msgpack"}, {"--recovery"}} {
			title := name
			for _, flag := range flags {
				title += flag
			}
			t.Run(title, func(t *testing.T) {
				s := startReference(t, start, flags)
				for transport, engine := range transports {
					for _, b := range behaviours {
						if b.recovery != slices.Contains(flags, "--recovery") {
							continue
						}
						t.Run(transport+"/"+b.name, func(t *testing.T) {
							defer goleak.VerifyNone(t, goleak.IgnoreCurrent(),
								// of a server that was restarted
								goleak.IgnoreAnyFunction("os/exec.(*Cmd).Start.func2"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).watchCtx"))
							v := &visit{T: t, server: s, engine: engine, msgpack: slices.Contains(flags, "--msgpack")}
							defer v.end()
							b.check(v)
						})
					}
				}
			})
		}
	}
}

// findReference returns the command of the official server.
func findReference(t *testing.T) []string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.14 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	for _, name := range []string{"socket.io", "socket.io-msgpack-parser"} {
		if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
			t.Fatalf("conformance/node_modules/%s is missing: install the official server with\n\tnpm ci --prefix conformance", name)
		}
	}
	return []string{node, "reference/server.mjs"}
}

// referenceServer is one process after another on one address.
type referenceServer struct {
	*process
	again func() (*process, error)
}

func startReference(t *testing.T, start func(context.Context, []string) (*process, error), flags []string) *referenceServer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	p, err := start(ctx, append([]string{"--listen", "127.0.0.1:0"}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	s := &referenceServer{process: p}
	s.again = func() (*process, error) { return start(ctx, append([]string{"--listen", p.address}, flags...)) }
	t.Cleanup(func() {
		if err := s.stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	return s
}

// visit is one behaviour's stay at a server.
type visit struct {
	*testing.T
	server  *referenceServer
	engine  engineio.Config
	msgpack bool

	clients []*client.Socket // to be closed

	mu     sync.Mutex // guards what follows
	conns  []net.Conn
	refuse bool // the next one
}

func (v *visit) end() {
	for _, c := range v.clients {
		c.Close()
	}
}

// config returns that of a client which the test can cut off, and which does not wait
// long before it comes back.
func (v *visit) config() client.Config {
	c := client.Config{Engine: v.engine, ReconnectDelay: 10 * time.Millisecond, ReconnectDelayMax: 100 * time.Millisecond}
	if v.msgpack {
		c.Codec = msgpack.Codec{}
	}
	c.Engine.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.refuse {
			v.refuse = false
			conn.Close()
			return nil, errCut
		}
		v.conns = append(v.conns, conn)
		return conn, nil
	}
	return c
}

// new returns a socket of a namespace, which is closed at the end.
func (v *visit) new(namespace string, config client.Config) *client.Socket {
	c := client.New("http://"+v.server.address+namespace, config)
	v.clients = append(v.clients, c)
	return c
}

// dial returns one that is connected.
func (v *visit) dial(namespace string, config client.Config) *client.Socket {
	v.Helper()
	c := v.new(namespace, config)
	v.connect(c)
	return c
}

func (v *visit) connect(c *client.Socket) {
	v.Helper()
	if err := c.Connect(v.soon()); err != nil {
		v.Fatal(err)
	}
}

// soon is a context for what must not take long.
func (v *visit) soon() context.Context {
	ctx, cancel := context.WithTimeout(v.Context(), 10*time.Second)
	context.AfterFunc(v.Context(), cancel)
	return ctx
}

var errCut = errors.New("cut by the test")

// cut breaks all connections, as a network does. Package net/http repeats a polling
// request that breaks, so the connection for that is refused.
func (v *visit) cut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuse = !slices.Equal(v.engine.Transports, []string{"websocket"})
	for _, c := range v.conns {
		c.Close()
	}
	v.conns = nil
}

// restart replaces the server, and does something while there is none.
func (v *visit) restart(meanwhile func()) {
	v.Helper()
	if err := v.server.stop(syscall.SIGTERM); err != nil {
		v.Fatal(err)
	}
	meanwhile()
	p, err := v.server.again()
	if err != nil {
		v.Fatal(err)
	}
	v.server.process = p
}

// take returns what comes through ch.
func take[T any](v *visit, ch <-chan T) T {
	v.Helper()
	select {
	case one := <-ch:
		return one
	case <-time.After(10 * time.Second):
		v.Fatal("what must come did not")
		panic("unreachable")
	}
}
