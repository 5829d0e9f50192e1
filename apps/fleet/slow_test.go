package fleet

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/internal/memnet"
)

// slowConn is the end of a connection that carries 200 bytes in 100 ms.
type slowConn struct{ net.Conn }

func (c slowConn) Read(b []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	return c.Conn.Read(b[:min(200, len(b))])
}

// The whole city takes more than three times what this phone can take. It skips
// positions, is never much behind, is never disconnected, and what waits for it
// when the city stops is at most the newest of each cell.
func TestSlowPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, site.Config{})
		listener := memnet.Listen()
		web := http.Server{Handler: f.Server}
		serving := make(chan error, 1)
		go func() { serving <- web.Serve(listener) }()
		c := client.New("http://fleet/fleet", client.Config{NoReconnect: true, Engine: engineio.Config{
			Transports: []string{"websocket"},
			Dial: func(context.Context, string, string) (net.Conn, error) {
				conn, err := listener.Dial(memnet.Link{Buffer: 2 << 10})
				return slowConn{conn}, err
			},
		}})
		s := see(c, f.tick)
		s.watch(f.city.Cells)
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), string(Watch), f.city.Cells); err != nil {
			t.Fatal(err)
		}
		begin := f.tick()

		time.Sleep(3 * time.Minute)
		f.Close() // the city stops
		s.mu.Lock()
		before := s.taken
		s.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()

		if diff := cmp.Diff(f.there(t, f.city.Cells), s.vehicles(t)); diff != "" {
			t.Errorf("in the end (-there +seen):\n%s", diff)
		}
		sent := int(f.tick()-begin) * len(f.city.Cells)
		t.Logf("%d of %d frames, at most %d s late, %d of them after the end", s.taken, sent, s.late, s.taken-before)
		if s.taken > sent/2 {
			t.Errorf("%d of %d frames have come: not much was skipped", s.taken, sent)
		}
		if s.late > 20 {
			t.Errorf("it was %d s behind", s.late)
		}
		if waiting := s.taken - before; waiting > 3*len(f.city.Cells) {
			t.Errorf("%d frames have waited", waiting)
		}
		if n := f.Server.Stats().Sockets; n != 1 {
			t.Errorf("%d sockets are connected", n)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := web.Close(); err != nil {
			t.Error(err)
		}
		<-serving
	})
}
