package engineio

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/memnet"
)

// network is one whose connections can be cut.
type network struct {
	site *site
	mu   sync.Mutex // guards conns
	open []*memnet.Conn
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nc, err := n.site.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = append(n.open, nc.(*memnet.Conn))
	return nc, nil
}

func (n *network) cut(i int, hard bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.open) == 0 {
		return
	}
	if nc := n.open[i%len(n.open)]; hard {
		nc.Reset()
	} else {
		_ = nc.Close()
	}
}

// act is what may happen to a connection.
type act struct {
	kind string
	n    int
	wait time.Duration
}

// Whatever happens to the network, each side gets the beginning of what the other
// has sent: in order, nothing twice, nothing left out. Serve returns, once.
func TestOrderWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		link := memnet.Link{
			Latency: time.Duration(rapid.IntRange(0, 80).Draw(rt, "latency")) * time.Millisecond,
			Piece:   rapid.IntRange(1, 300).Draw(rt, "piece"),
			Buffer:  rapid.IntRange(50, 5000).Draw(rt, "buffer"),
		}
		names := rapid.SampledFrom([][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}, {"polling", "websocket"}}).Draw(rt, "transports")
		acts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) act {
			return act{
				rapid.SampledFrom([]string{"send", "send", "send", "answer", "answer", "answer", "cut", "reset", "close", "abort", "server close"}).Draw(rt, "kind"),
				rapid.IntRange(0, 5).Draw(rt, "n"),
				time.Duration(rapid.IntRange(0, 120).Draw(rt, "wait")) * time.Millisecond,
			}
		}), 1, 30).Draw(rt, "acts")
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			s, stop := imagine(t, engine.Config{MaxPayload: 300}, false, link)
			defer stop()
			problem = play(t, &network{site: s}, names, acts)
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

func play(t *testing.T, n *network, names []string, acts []act) string {
	e, err := tryConnect(t.Context(), n.site.address, Config{Transports: names, Dial: n.dial})
	if err != nil {
		return err.Error()
	}
	p := <-n.site.peers
	sent, answered := 0, 0
	closed := false
	for _, a := range acts {
		time.Sleep(a.wait)
		switch a.kind {
		case "send":
			for range a.n + 1 {
				m := Message{Data: fmt.Appendf(nil, "%d %s", sent, strings.Repeat("x", sent%7*30)), Binary: sent%2 == 0}
				if err := e.Send(m); err == nil {
					sent++
				} else if !errors.Is(err, ErrClosed) {
					return err.Error()
				}
			}
		case "answer":
			for range a.n + 1 {
				p.send(fmt.Sprintf("%d %s", answered, strings.Repeat("x", answered%7*30)), answered%2 == 0)
				answered++
			}
		case "cut", "reset":
			n.cut(a.n, a.kind == "reset")
		case "close":
			e.Close()
			closed = true
		case "abort":
			e.Abort()
			closed = true
		case "server close":
			p.session.Close(engine.ForcedClose)
		}
	}
	if !closed {
		time.Sleep(2 * time.Minute) // what can still come does
		e.Abort()
	}
	err = <-e.over
	if _, ok := errors.AsType[*CloseError](err); !ok {
		return fmt.Sprintf("Serve returned %v", err)
	}
	p.session.Abort(engine.ForcedClose)
	<-p.closed
	synctest.Wait()
	close(e.messages)
	close(p.messages)
	return inOrder("client", e.messages, answered) + inOrder("server", p.messages, sent)
}

func inOrder(who string, got <-chan string, most int) string {
	i := 0
	for m := range got {
		want := fmt.Sprintf("%d %s", i, strings.Repeat("x", i%7*30))
		if i%2 == 0 {
			want = "b" + want
		}
		if m != want || i >= most {
			return fmt.Sprintf("the %s got %.20q as number %d of %d", who, m, i, most)
		}
		i++
	}
	return ""
}
