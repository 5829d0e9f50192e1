package memnet_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/internal/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect returns both ends of a connection, the one that dialed first.
func connect(t *testing.T, link memnet.Link) (*memnet.Listener, *memnet.Conn, *memnet.Conn) {
	t.Helper()
	l := memnet.Listen()
	near, err := l.Dial(link)
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return l, near, far.(*memnet.Conn)
}

func read(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Errorf("read %q, %v, want %q", got, err, want)
	}
}

func readFails(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		t.Errorf("read %d bytes, error %v, want %v", n, err, want)
	}
}

func TestDataTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := connect(t, memnet.Link{Latency: time.Second, Piece: 2})
		began := time.Now()
		_, _ = near.Write([]byte("abc"))
		_ = near.CloseWrite()
		if n, err := far.Read(make([]byte, 9)); n != 2 || err != nil {
			t.Errorf("one read brings %d bytes, error %v", n, err)
		}
		read(t, far, "c")
		readFails(t, far, io.EOF)
		if d := time.Since(began); d != time.Second {
			t.Errorf("it took %v", d)
		}
		_, _ = far.Write([]byte("d"))
		read(t, near, "d")
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestWriteWaitsForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := connect(t, memnet.Link{Buffer: 4})
		done := make(chan error, 1)
		go func() {
			_, err := near.Write([]byte("abcdefghi"))
			done <- err
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("more was written than there is room for")
		default:
		}
		read(t, far, "abcdefghi")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := connect(t, memnet.Link{Buffer: 4})
		began := time.Now()
		_ = near.SetDeadline(began.Add(time.Second))
		readFails(t, near, os.ErrDeadlineExceeded)
		if n, err := near.Write([]byte("abcdef")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		_ = near.SetDeadline(time.Time{})
		_ = near.SetWriteDeadline(began.Add(2 * time.Second))
		if n, err := near.Write([]byte("abcdef")); n != 4 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		go func() {
			time.Sleep(time.Second)
			_ = far.SetReadDeadline(time.Now())
		}()
		read(t, far, "abcd")
		readFails(t, far, os.ErrDeadlineExceeded)
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(near *memnet.Conn)
		unread bool // by the end that closes
		lost   bool // what it has written
		want   error
	}{
		"Close":                       {end: func(c *memnet.Conn) { _ = c.Close() }, want: io.EOF},
		"CloseWrite":                  {end: func(c *memnet.Conn) { _ = c.CloseWrite() }, want: io.EOF},
		"Reset":                       {end: (*memnet.Conn).Reset, lost: true, want: syscall.ECONNRESET},
		"Close with something unread": {end: func(c *memnet.Conn) { _ = c.Close() }, unread: true, lost: true, want: syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, near, far := connect(t, memnet.Link{})
				_, _ = near.Write([]byte("last"))
				if c.unread {
					_, _ = far.Write([]byte("unread"))
				}
				c.end(near)
				if !c.lost {
					read(t, far, "last")
				}
				readFails(t, far, c.want)
				if l.Open() != 1 {
					t.Errorf("%d ends are open", l.Open())
				}
				_ = far.Close()
				_ = far.Close()
				if l.Open() != 0 {
					t.Errorf("%d ends are open", l.Open())
				}
				readFails(t, far, net.ErrClosed)
			})
		})
	}
}

// What is written to an end that has closed is answered with a reset, as on TCP:
// the writer may lose what it has not read yet.
func TestWriteAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := connect(t, memnet.Link{})
		_, _ = near.Write([]byte("last"))
		_ = near.Close()
		if _, err := far.Write([]byte("late")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("error %v", err)
		}
		readFails(t, far, syscall.ECONNRESET)
		if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v", err)
		}
	})
}

func TestListenerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		go func() { _ = l.Close(); _ = l.Close() }()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v", err)
		}
		if _, err := l.Dial(memnet.Link{}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v", err)
		}
	})
}

func TestNoKernel(t *testing.T) {
	_, near, far := connect(t, memnet.Link{})
	for _, c := range []*memnet.Conn{near, far} {
		if raw, err := c.SyscallConn(); raw != nil || err == nil {
			t.Errorf("%v, %v", raw, err)
		}
	}
}
