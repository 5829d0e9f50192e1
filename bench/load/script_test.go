package load_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio/bench/load"
)

const open = `0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`

// startScript starts a server whose every WebSocket is served by script.
func startScript(t *testing.T, script func(net.Conn)) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil { // the client has gone
			return
		}
		defer conn.Close()
		script(conn)
	}))
	t.Cleanup(site.Close)

	return site.URL
}

// socketIO connects a client, and answers its messages until it goes.
func socketIO(answer func(c net.Conn, message []byte)) func(net.Conn) {
	return func(c net.Conn) {
		say(c, open)
		for {
			b, err := wsutil.ReadClientText(c)
			if err != nil {
				return
			}
			if bytes.HasPrefix(b, []byte("40")) {
				say(c, string(b[:bytes.IndexByte(append(b, '{'), '{')])+`{"sid":"b"}`)
				continue
			}
			answer(c, b)
		}
	}
}

func say(c net.Conn, text string) { _ = wsutil.WriteServerText(c, []byte(text)) }

func TestEchoesInManyForms(t *testing.T) {
	for name, one := range map[string]struct {
		answer func(c net.Conn, b []byte)
		change func(*load.Config)
	}{
		"in fragments": {func(c net.Conn, b []byte) {
			_ = ws.WriteFrame(c, ws.NewFrame(ws.OpText, false, b[:5]))
			_ = ws.WriteFrame(c, ws.NewPingFrame([]byte("there?")))
			_ = ws.WriteFrame(c, ws.NewFrame(ws.OpContinuation, false, nil))
			_ = ws.WriteFrame(c, ws.NewFrame(ws.OpContinuation, true, b[5:]))
		}, nil},
		"with space": {func(c net.Conn, b []byte) {
			say(c, strings.ReplaceAll(string(b), ",", " , "))
		}, nil},
		"among others": {func(c net.Conn, b []byte) {
			say(c, `42["news",1]`)
			say(c, `42/other,["msg","x"]`)
			say(c, `43/other,7["x"]`)
			say(c, "6")
			_ = wsutil.WriteServerBinary(c, []byte("bin"))
			say(c, string(b))
		}, nil},
		"in a namespace": {func(c net.Conn, b []byte) { say(c, string(b)) }, func(c *load.Config) { c.URL += "/chat?a=b" }},
		"of 1 KiB":       {func(c net.Conn, b []byte) { say(c, string(b)) }, func(c *load.Config) { c.Size = 1024 }},
		"of 70,000":      {func(c net.Conn, b []byte) { say(c, string(b)) }, func(c *load.Config) { c.Size = 70_000 }},
		"acknowledged": {func(c net.Conn, b []byte) {
			id, argument, _ := strings.Cut(string(b[2:]), `["echo",`)
			say(c, "43"+id+"["+argument)
		}, func(c *load.Config) { c.Ack = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := short(startScript(t, socketIO(func(c net.Conn, b []byte) {
				if !bytes.Equal(b, []byte("3")) {
					one.answer(c, b)
				}
			})), load.Echo)
			if one.change != nil {
				one.change(&config)
			}
			report, err := load.Run(t.Context(), config)
			if err != nil || report.Faults.Any() || report.Messages == 0 {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

func TestHeartbeatsAreAnswered(t *testing.T) {
	answered := make(chan string, 100)
	config := short(startScript(t, func(c net.Conn) {
		say(c, open)
		if b, err := wsutil.ReadClientText(c); err != nil || string(b) != "40" {
			t.Errorf("%q, %v", b, err)
		}
		say(c, `40{"sid":"b"}`)
		say(c, "2")
		_ = ws.WriteFrame(c, ws.NewPingFrame([]byte("there?")))
		for range 2 {
			h, err := ws.ReadHeader(c)
			if err != nil {
				return
			}
			b := make([]byte, h.Length)
			_, _ = c.Read(b)
			ws.Cipher(b, h.Mask, 0)
			answered <- string(b)
		}
		_, _ = wsutil.ReadClientText(c) // until it goes
	}), load.Idle)
	config.Connections = 1
	if report, err := load.Run(t.Context(), config); err != nil || report.Faults.Any() {
		t.Fatalf("%+v, %v", report, err)
	}
	if a, b := <-answered, <-answered; a != "3" || b != "there?" {
		t.Errorf("answers %q and %q", a, b)
	}
}

func TestCentrifuge(t *testing.T) {
	config := short(startScript(t, func(c net.Conn) {
		for {
			b, err := wsutil.ReadClientText(c)
			if err != nil {
				return
			}
			switch data := bytes.Index(b, []byte(`"data":"`)); {
			case string(b) == `{"id":1,"connect":{}}`:
				say(c, `{"id":1,"connect":{"client":"x","subs":{"room":{}},"ping":25,"pong":true}}`+"\n{}")
			case string(b) == "{}":
			case bytes.Contains(b, []byte(`"method":"echo"`)):
				id, _, _ := strings.Cut(string(b), ",")
				say(c, id+`,"rpc":{`+string(b[data:])+"\n{}")
			case bytes.HasPrefix(b, []byte(`{"send":{`)):
				say(c, `{"push":{"channel":"room","pub":{`+string(b[data:])+"}")
			}
		}
	}), load.Echo)
	config.Protocol, config.Connections = load.Centrifuge, 1
	for _, mode := range []load.Mode{load.Echo, load.Broadcast} {
		config.Mode = mode
		report, err := load.Run(t.Context(), config)
		if err != nil || report.Faults.Any() || report.Messages == 0 {
			t.Errorf("%s: %+v, %v", mode, report, err)
		}
	}
}

func TestServersThatCannotBeMeasured(t *testing.T) {
	after := func(messages ...string) func(net.Conn) {
		return func(c net.Conn) {
			for _, m := range messages {
				say(c, m)
			}
			for err := error(nil); err == nil; { // until it goes
				_, err = wsutil.ReadClientText(c)
			}
		}
	}
	for want, script := range map[string]func(net.Conn){
		"closed the connection":          func(net.Conn) {},
		"1008 \"go away\"":               func(c net.Conn) { _ = wsutil.WriteServerMessage(c, ws.OpClose, ws.NewCloseFrameBody(1008, "go away")) },
		"not made within":                after(open),
		"refuses the namespace":          after(open, `44{"message":"no"}`),
		"disconnected the socket":        after(open, "41"),
		"closed the session":             after("1"),
		"breaks the protocol: \"zebra\"": after("zebra"),
		"breaks the protocol: \"4\"":     after("4"),
		"an empty packet":                after(""),
		"a masked frame":                 func(c net.Conn) { _ = wsutil.WriteClientText(c, []byte(open)) },
		"too large":                      func(c net.Conn) { _ = ws.WriteHeader(c, ws.Header{Fin: true, OpCode: ws.OpText, Length: 1 << 40}) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			config := short(startScript(t, script), load.Idle)
			if want == "not made within" {
				config.Timeout = 300 * time.Millisecond
			}
			report, err := load.Run(t.Context(), config)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v, error %v", report, err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	for _, mode := range []load.Mode{load.Connect, load.Polling} {
		if _, err := load.Run(t.Context(), short(site.URL, mode)); err == nil || !strings.Contains(err.Error(), "HTTP 404") {
			t.Errorf("%s: error %v", mode, err)
		}
	}
	address := site.Listener.Addr().String()
	site.Close()
	if _, err := load.Run(t.Context(), short(address, load.Echo)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: error %v", err)
	}
}

func TestConfigsThatAreWrong(t *testing.T) {
	for want, change := range map[string]func(*load.Config){
		"unknown mode":     func(c *load.Config) { c.Mode = "dance" },
		"unknown protocol": func(c *load.Config) { c.Protocol = "mqtt" },
		"no long-polling":  func(c *load.Config) { c.Protocol, c.Mode = load.Centrifuge, load.Polling },
		"40 to 100000":     func(c *load.Config) { c.Size = 39 },
		"negative":         func(c *load.Config) { c.Window = -1 },
		"at most":          func(c *load.Config) { c.Rate = 1e12 },
		"do not fill":      func(c *load.Config) { c.Mode, c.Connections = load.Rooms, 7 },
		"not JSON":         func(c *load.Config) { c.Auth = []byte("{") },
		"not a header":     func(c *load.Config) { c.Header = []string{"A: b\r\nC: d"} },
		"only http":        func(c *load.Config) { c.URL = "https://127.0.0.1" },
		"open files":       func(c *load.Config) { c.Connections = 1 << 40 },
		"process":          func(c *load.Config) { c.PID = 1 << 30 },
	} {
		config := short("127.0.0.1:1", load.Echo)
		change(&config)
		if _, err := load.Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, error %v", want, err)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	config := short(startScript(t, socketIO(func(net.Conn, []byte) {})), load.Idle)
	config.Duration = time.Hour
	config.Progress = func(p load.Progress) {
		if p.Phase == "measuring" && p.Planned == time.Hour && p.Connected == 8 {
			cancel(stop)
		}
	}
	if _, err := load.Run(ctx, config); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}
