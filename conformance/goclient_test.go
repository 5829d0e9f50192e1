package conformance

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
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
	for name, binary := range bothServers(t) {
		for _, flags := range [][]string{nil, {"--msgpack"}, {"--recovery", "--ping-interval=1s", "--ping-timeout=1s"}} {
			t.Run(name+strings.Join(flags[:min(1, len(flags))], ""), func(t *testing.T) {
				patient := []string{"--behaviours", "--ping-interval=25s", "--ping-timeout=20s", "--connect-timeout=45s"}
				s := startServer(context.WithoutCancel(t.Context()), t, binary, append(patient, flags...))
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

// visit is one behaviour's stay at a server.
type visit struct {
	*testing.T
	server  *server
	engine  engineio.Config
	msgpack bool

	clients []*client.Socket // to be closed

	mu     sync.Mutex // guards what follows
	conns  []net.Conn
	refuse bool // the next one
	down   bool
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
		if v.refuse || v.down {
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

// cutWhile cuts, and lets no connection through while it does something.
func (v *visit) cutWhile(do func()) {
	v.turn(true)
	v.cut()
	do()
	v.turn(false)
}

func (v *visit) turn(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
}

// restart replaces the server, and does something while there is none.
func (v *visit) restart(meanwhile func()) {
	v.Helper()
	if err := v.server.replace(syscall.SIGTERM, meanwhile); err != nil {
		v.Fatal(err)
	}
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
