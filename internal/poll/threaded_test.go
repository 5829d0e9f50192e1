package poll

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/internal/group"
)

// farewell is a connection whose end takes its time, as that of TLS does.
type farewell struct{ net.Conn }

func (f farewell) NetConn() net.Conn { return f.Conn }

func (f farewell) Close() error {
	time.Sleep(5 * time.Second)
	return f.Conn.Close()
}

type nobody struct{}

func (nobody) Data([]byte) {}
func (nobody) Writable()   {}
func (nobody) End(error)   {}

// Who closes a connection does not wait for its peer.
func TestCloseDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g group.Group
		near, far := net.Pipe()
		c := New(&g, 0, 0).Take(farewell{near}, nobody{})
		c.Start()
		begun := time.Now()
		c.Close()
		if took := time.Since(begun); took > 0 {
			t.Errorf("took %v", took)
		}
		if _, err := far.Read(make([]byte, 1)); err == nil || time.Since(begun) != 5*time.Second {
			t.Errorf("ended after %v: %v", time.Since(begun), err)
		}
		if err := g.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
