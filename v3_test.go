package brio_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio"
	"github.com/briohq/brio/transport"
)

// old opens the connection of a Socket.IO 2 client, which is in the main
// namespace at once: that stands in front of what it reads. It returns the
// connection's id too.
func (w *site) old() (*peer, string) {
	w.t.Helper()
	conn, err := w.dial()
	if err != nil {
		w.t.Fatal("dial: ", err)
	}
	p := &peer{t: w.t, conn: conn, in: conn}
	w.peers = append(w.peers, p)
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, early, _, err := dialer.Dial(context.Background(), "ws://brio.test/socket.io/?EIO=3&transport=websocket")
	if err != nil {
		w.t.Fatal("open a WebSocket: ", err)
	}
	if early != nil {
		p.in = early
	}
	open, _, err := p.message()
	var handshake struct{ SID string }
	if err != nil || open[0] != '0' || json.Unmarshal(open[1:], &handshake) != nil {
		w.t.Fatal("no handshake: ", string(open), err)
	}
	return p, handshake.SID
}

func TestOldClient(t *testing.T) {
	w := newSite(t, brio.Config{AllowEIO3: true})
	ns := w.Of("/")
	sockets := make(chan *brio.Socket, 1)
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error { sockets <- s; return nil })
	ns.On("echo", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack(args) })
	gone := make(chan brio.Reason, 1)
	ns.OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })

	p, id := w.old()
	p.expect("0")
	s := take(t, sockets)
	diff(t, "id", s.ID(), id)
	diff(t, "rooms", s.Rooms(), []string{id})
	h := s.Handshake()
	diff(t, "revision", h.Revision, transport.V3)
	diff(t, "auth", h.Auth, json.RawMessage(nil))
	if ns.Socket(id) != s {
		t.Error("it is not found by its id")
	}
	diff(t, "answer", p.call(`"echo",1,"é😀"`), `[1,"é😀"]`)
	if err := ns.To(id).Emit("hi", []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	p.expect(`51-["hi",{"_placeholder":true,"num":0}]`, "\x04\x01\x02")
	p.write(`51-7["echo",{"_placeholder":true,"num":0}]`)
	p.writeBinary("\x04\x03")
	p.expect(`61-7[{"_placeholder":true,"num":0}]`, "\x04\x03")

	s.Disconnect()
	p.expect("1")
	diff(t, "reason", take(t, gone), brio.ServerNamespaceDisconnect)
}

// What is sent to all is encoded for each kind of client.
func TestOldAndNewClients(t *testing.T) {
	w := newSite(t, brio.Config{AllowEIO3: true})
	connected := make(chan *brio.Socket, 2)
	w.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error { connected <- s; return nil })
	recent := w.connect("/", "")
	diff(t, "revision", take(t, connected).Handshake().Revision, transport.V4)
	old, _ := w.old()
	old.expect("0")
	take(t, connected)
	if err := w.Of("/").Emit("all", "€", []byte("x")); err != nil {
		t.Fatal(err)
	}
	recent.expect(`51-["all","€",{"_placeholder":true,"num":0}]`, "x")
	old.expect(`51-["all","€",{"_placeholder":true,"num":0}]`, "\x04x")
}

func TestNamespacesOfAnOldClient(t *testing.T) {
	w := newSite(t, brio.Config{AllowEIO3: true})
	sockets := make(chan *brio.Socket, 1)
	for _, name := range []string{"/custom", "/org-{id}"} {
		ns := w.Of(name)
		ns.OnConnect(func(_ context.Context, s *brio.Socket) error { sockets <- s; return nil })
		ns.On("ping", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	}
	for name, c := range map[string]struct{ asks, name, auth string }{
		"no query":           {"/custom", "/custom", ""},
		"an empty query":     {"/custom?", "/custom", ""},
		"a query":            {"/custom?token=123&x=y", "/custom", `{"token":"123","x":"y"}`},
		"of a pattern":       {"/org-7?a=1", "/org-7", `{"a":"1"}`},
		"escapes":            {"/custom?a%20b=c%2Cd+e&%C3%A9=%F0%9F%98%80", "/custom", `{"a b":"c,d e","é":"😀"}`},
		"quotes and more":    {`/custom?a="\` + "\n", "/custom", `{"a":"\"\\\n"}`},
		"no values":          {"/custom?a&b=&=c&&d==", "/custom", `{"a":"","b":"","":"c","d":"="}`},
		"no valid escapes":   {"/custom?a=%&b=%zz&c=%ff", "/custom", `{"a":"%","b":"%zz","c":"` + "\ufffd" + `"}`},
		"a second mark":      {"/custom?a=b?c", "/custom", `{"a":"b?c"}`},
		"a name twice":       {"/custom?a=1&a=2", "/custom", `{"a":"1","a":"2"}`},
		"as long as allowed": {"/custom?a=" + strings.Repeat("x", 8182), "/custom", `{"a":"` + strings.Repeat("x", 8182) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p, id := w.old()
			p.expect("0")
			p.write("0" + c.asks + ",")
			p.namespace = c.name + ","
			p.expect("0" + c.name + ",")
			s := take(t, sockets)
			diff(t, "id", s.ID(), c.name+"#"+id)
			diff(t, "namespace", s.Namespace().Name(), c.name)
			diff(t, "auth", string(s.Handshake().Auth), c.auth)
			diff(t, "answer", p.call(`"ping"`), "[]")
			var auth map[string]string
			if err := s.Handshake().ScanAuth(&auth); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBadNamespacesOfAnOldClient(t *testing.T) {
	w := newSite(t, brio.Config{AllowEIO3: true})
	w.Of("/custom")
	w.Of("/any-{name}")
	for name, packet := range map[string]string{
		"a name that is too long":        "0/any-" + strings.Repeat("x", 508) + ",",
		"a query that is too long":       "0/custom?a=" + strings.Repeat("x", 8<<10) + ",",
		"the main namespace again":       "0",
		"the main namespace, with query": "0/?a=b,",
		"an event of one not joined":     `2/custom,["x"]`,
		"the same one twice":             "0/custom?a=1,",
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := w.old()
			p.expect("0")
			if name == "the same one twice" {
				p.write("0/custom,")
				p.expect("0/custom,")
			}
			p.write(packet)
			diff(t, "packets before the end", p.rest(), []string(nil))
		})
	}
	// A new client's name is taken as it is.
	p := w.visit("/any-thing?a=b")
	if got := p.auth(""); !strings.HasPrefix(got, `{"sid":`) {
		t.Errorf("refused: %s", got)
	}
}

func TestRefusalOfAnOldClient(t *testing.T) {
	w := newSite(t, brio.Config{AllowEIO3: true})
	refuse := func(_ context.Context, s *brio.Socket) error {
		var auth struct{ As string }
		_ = s.Handshake().ScanAuth(&auth)
		switch auth.As {
		case "member":
			return nil
		case "stranger":
			return &brio.Error{Message: "not a member", Data: map[string]int{"status": 403}}
		case "odd":
			return &brio.Error{Message: "odd", Data: make(chan int)} // can't be encoded
		}
		return brio.Errorf("who are you?")
	}
	w.Of("/").Use(refuse)
	w.Of("/closed").Use(refuse)
	p, _ := w.old()
	p.expect(`4"who are you?"`)
	for _, c := range []struct{ asks, want string }{
		{"0/closed?as=stranger,", `4/closed,{"status":403}`},
		{"0/closed?as=odd,", `4/closed,"odd"`},
		{"0/closed,", `4/closed,"who are you?"`},
		{"0/none?as=member,", `4/none,"Invalid namespace"`},
		{"0/closed?as=member,", "0/closed,"},
	} {
		p.write(c.asks)
		p.expect(c.want)
	}
}

// An old client has the same id when it comes back to a namespace, so that it
// must have gone before.
func TestOldClientComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{AllowEIO3: true})
		ns := w.Of("/custom")
		steps := make(chan string, 10)
		hold := make(chan struct{})
		ns.OnConnect(func(_ context.Context, s *brio.Socket) error { steps <- "came " + s.ID(); return nil })
		ns.OnDisconnect(func(_ context.Context, s *brio.Socket, _ brio.Reason) error {
			<-hold
			steps <- "left " + s.ID()
			return nil
		})
		p, id := w.old()
		id = "/custom#" + id
		p.expect("0")
		p.write("0/custom,")
		p.expect("0/custom,")
		synctest.Wait() // a client that leaves at once might not be let in
		for range 3 {
			p.write("1/custom,")
			p.write("0/custom,")
		}
		synctest.Wait()
		diff(t, "steps", len(steps), 1)
		diff(t, "step", <-steps, "came "+id)
		close(hold)
		diff(t, "step", take(t, steps), "left "+id)
		p.expect("0/custom,") // of the last: those between left before they were let in
		diff(t, "step", take(t, steps), "came "+id)
		synctest.Wait()
		if s := ns.Socket(id); s == nil || !s.Connected() {
			t.Error("the last one is not there")
		}
	})
}

// Who pings is served, who does not is gone.
func TestHeartbeatOfOldClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{AllowEIO3: true})
		gone := make(chan brio.Reason, 2)
		w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })
		p, _ := w.old()
		start := time.Now()
		p.expect("0")
		p.rest()
		diff(t, "reason", <-gone, brio.PingTimeout)
		diff(t, "time", time.Since(start), 45*time.Second)
	})
}

func TestOldClientsAreRefused(t *testing.T) {
	w := newSite(t, brio.Config{})
	conn, err := w.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, _, _, err = dialer.Dial(t.Context(), "ws://brio.test/socket.io/?EIO=3&transport=websocket")
	diff(t, "answer", err, ws.StatusError(400))
}

// FuzzQuery has any query become a JSON object of strings, if anything.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "a=b", "a&&=", "%ff=%00", "a=%", "\"=\\", "a=1&a=2", "+=%2B", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		auth := brio.AppendQuery(nil, query)
		if len(auth) == 0 {
			if strings.Trim(query, "&") != "" {
				t.Fatalf("%q is lost", query)
			}
			return
		}
		var values map[string]string
		if err := json.Unmarshal(auth, &values); err != nil || len(values) == 0 {
			t.Fatalf("%q became %q: %v", query, auth, err)
		}
		if len(auth) > 6*len(query)+16 {
			t.Fatalf("%d bytes became %d", len(query), len(auth))
		}
	})
}
