package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// A conn is a connection that leads nowhere: what is written is counted. It comes
// in by the same door as WebTransport, which needs no socket.
type conn struct {
	receiver transport.Receiver
	stripe   *stripe
}

// connect begins a session, and has its client join the main namespace. Each has
// a request of its own, read like one from the network, as a server keeps of it
// what it needs.
func connect(server *brio.Server, s *stripe, i int) (*conn, error) {
	r, err := http.ReadRequest(bufio.NewReaderSize(strings.NewReader(request), len(request)))
	if err != nil {
		return nil, err
	}
	r.Method = http.MethodConnect
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:%d", i>>16&0xff, i>>8&0xff, i&0xff, 1024+i%60_000)
	c := &conn{stripe: s}
	server.ServeHTTP(&door{conn: c}, r)
	if c.receiver == nil {
		return nil, fmt.Errorf("session %d was refused", i)
	}
	c.receiver.Receive(c, transport.Packet{Type: transport.Message, Data: []byte("0")}) // CONNECT

	return c, nil
}

// request is what a browser's request has that begins a session.
const request = "GET /socket.io/?EIO=4&transport=webtransport HTTP/1.1\r\n" +
	"Host: chat.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n\r\n"

// leave ends the connection from the client's side.
func (c *conn) leave() {
	c.receiver.Closed(c, nil)
	c.receiver = nil // which would keep the session
}

func (*conn) Name() string { return "webtransport" }

func (c *conn) Write(frames []*transport.Frame) bool {
	c.stripe.took(len(frames), frames[0])
	return true
}

func (*conn) Close([]*transport.Frame)     {}
func (*conn) Release()                     {}
func (*conn) Abort()                       {}
func (*conn) Pause()                       {}
func (*conn) Resume()                      {}
func (*conn) Refuse()                      {}
func (*conn) First() transport.Packet      { return transport.Packet{Type: transport.Open} }
func (c *conn) Start(r transport.Receiver) { c.receiver = r }

// A door is the answer to a request that is upgraded to a conn.
type door struct{ conn *conn }

func (d *door) Upgrade(context.Context, int, *group.Group) (transport.Newcomer, error) {
	return d.conn, nil
}

func (*door) Header() http.Header         { return http.Header{} }
func (*door) WriteHeader(int)             {}
func (*door) Write(b []byte) (int, error) { return len(b), nil }

// A tally says when all frames that are expected have been written. It is counted
// in stripes, so that cores don't wait for each other to count.
type tally struct {
	stripes []stripe
	toil    int          // bytes that each write hashes
	open    atomic.Int64 // stripes that expect frames
	done    chan struct{}
}

type stripe struct {
	tally    *tally
	sessions int64
	left     atomic.Int64
	sum      atomic.Uint64 // of what was hashed, so that it has to be
	_        [64]byte      // the next one is on another cache line
}

func newTally() *tally {
	t := &tally{stripes: make([]stripe, 64), done: make(chan struct{}, 1)}
	for i := range t.stripes {
		t.stripes[i].tally = t
	}

	return t
}

// next returns the stripe of session i.
func (t *tally) next(i int) *stripe {
	s := &t.stripes[i%len(t.stripes)]
	s.sessions++

	return s
}

// expect says that each session is to get so many frames from now on.
func (t *tally) expect(frames int) {
	t.open.Store(int64(len(t.stripes)))
	for i := range t.stripes {
		s := &t.stripes[i]
		s.left.Add(s.sessions * int64(frames))
	}
}

func (s *stripe) took(n int, f *transport.Frame) {
	if s.tally.toil > 0 {
		s.sum.Store(toil(f.WebSocket(), s.tally.toil))
	}
	if s.left.Add(-int64(n)) == 0 && s.tally.open.Add(-1) == 0 {
		s.tally.done <- struct{}{}
	}
}

// toil takes as long as hashing so many bytes does (FNV-1a).
func toil(b []byte, n int) uint64 {
	h := uint64(14695981039346656037)
	for i := range n {
		h ^= uint64(b[i%len(b)])
		h *= 1099511628211
	}

	return h
}
