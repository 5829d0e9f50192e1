package main

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What clients get is what server.mjs, on the official server, sends them.
func TestChat(t *testing.T) {
	server := newServer()
	site := httptest.NewServer(server)
	defer site.Close()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}()
	talk(t, strings.TrimPrefix(site.URL, "http://"))
}

// talk has three clients use the chat at a network address.
func talk(t *testing.T, address string) {
	eve, ada, bob := dial(t, address), dial(t, address), dial(t, address)
	defer eve.Close()
	defer ada.Close()
	defer bob.Close()

	eve.send(`0/chat,`)
	eve.expect(`4/chat,{"message":"a name is required"}`)
	ada.send(`0/chat,{"name":"Ada"}`)
	ada.expect(`0/chat,{"sid":"`)
	bob.send(`0/chat,{"name":"Bob"}`)
	bob.expect(`0/chat,{"sid":"`)

	ada.send(`2/chat,0["join","lobby"]`)
	ada.expect(`3/chat,0[["Ada"]]`)
	bob.send(`2/chat,0["join","lobby"]`)
	bob.expect(`3/chat,0[["Ada","Bob"]]`)
	ada.expect(`2/chat,["joined","Bob"]`)

	bob.send(`2/chat,["say","attic","where he is not"]`)
	bob.send(`2/chat,["say","lobby","hello"]`)
	bob.expect(`2/chat,["said","Bob","hello"]`)
	ada.expect(`2/chat,["said","Bob","hello"]`)

	bob.send(`1/chat,`)
	ada.expect(`2/chat,["left","Bob"]`)
}

const patience = 10 * time.Second

// client is what a browser would be, reduced to its packets.
type client struct {
	net.Conn
	t  *testing.T
	in io.Reader
}

func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, early, _, err := ws.Dial(context.Background(), "ws://"+address+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Conn: conn, t: t, in: conn}
	if early != nil {
		c.in = io.MultiReader(io.LimitReader(early, int64(early.Buffered())), conn)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if open, err := wsutil.ReadServerText(c); err != nil || !strings.HasPrefix(string(open), "0{") {
		t.Fatalf("no handshake: %q, %v", open, err)
	}
	return c
}

func (c *client) Read(b []byte) (int, error) { return c.in.Read(b) }

func (c *client) send(packet string) {
	c.t.Helper()
	if err := wsutil.WriteClientText(c, []byte("4"+packet)); err != nil {
		c.t.Fatal(err)
	}
}

// expect fails the test unless the next packet begins like that.
func (c *client) expect(packet string) {
	c.t.Helper()
	got, err := wsutil.ReadServerText(c)
	if err != nil || !strings.HasPrefix(string(got), "4"+packet) {
		c.t.Fatalf("got %q, %v; want %q", got, err, "4"+packet)
	}
}
