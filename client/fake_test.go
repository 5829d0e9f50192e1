package client_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/internal/memnet"
)

// fake is a server that says what a test has it say.
type fake struct {
	t     testing.TB
	serve func(f *line)
	ended sync.WaitGroup

	mu    sync.Mutex
	lines []*line
}

// line is one connection of it.
type line struct {
	net.Conn
	n int // of the connections before
}

// newFake returns a server that does the same with each connection, once it has shaken
// hands.
func newFake(t testing.TB, serve func(f *line)) *fake { return &fake{t: t, serve: serve} }

func (f *fake) config() client.Config {
	return client.Config{
		Engine:         engineio.Config{Dial: f.dial, Transports: []string{"websocket"}},
		ReconnectDelay: 10 * time.Millisecond,
	}
}

func (f *fake) dial(context.Context, string, string) (net.Conn, error) {
	l := memnet.Listen()
	near, err := l.Dial(memnet.Link{})
	if err != nil {
		return nil, err
	}
	far, err := l.Accept()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	one := &line{Conn: far, n: len(f.lines)}
	f.lines = append(f.lines, one)
	f.mu.Unlock()
	f.ended.Go(func() {
		defer far.Close()
		if _, err := ws.Upgrade(far); err != nil {
			return
		}
		one.say(`0{"sid":"1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)
		f.serve(one)
	})
	return near, nil
}

// say sends texts.
func (l *line) say(texts ...string) {
	for _, text := range texts {
		_ = wsutil.WriteServerText(l, []byte(text))
	}
}

// hear returns the next message that begins like this, "" if none will come.
func (l *line) hear(prefix string) string {
	for {
		data, _, err := wsutil.ReadClientData(l)
		if err != nil || strings.HasPrefix(string(data), prefix) {
			return string(data)
		}
	}
}
