package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/frame"
)

// slack is how much later than documented a cut may be seen: the server's clock has
// ticks, and attackers share a core.
const slack = 2 * time.Second

var (
	errOverload = errors.New("refused with 503")
	errEnded    = errors.New("ended by the server")
)

const (
	handshake = "/socket.io/?EIO=4&transport="
	host      = "brio.test"
)

// A wire is a connection of an attacker, who writes on it whatever he likes.
type wire struct {
	net.Conn
	attacker *attacker
	in       *bufio.Reader
	release  func() bool
	framed   bool // it is a WebSocket
	deaf     bool // nothing is read
	rude     bool // heartbeats are not answered

	session string
	code    int               // of the close frame that came
	pongs   int               // of WebSocket, that came
	hear    func(text string) // what comes, but heartbeats
}

// dial connects. It is cut when the phase ends. A connection that will not be read
// has small segments and buffers, else the kernel would take megabytes for it.
func (a *attacker) dial(tight bool) (*wire, error) {
	var d net.Dialer
	if tight {
		d.Control = small
	}
	conn, err := d.DialContext(a.ctx, "tcp", a.address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn, attacker: a, in: bufio.NewReaderSize(conn, 8<<10)}
	w.release = context.AfterFunc(a.ctx, func() { _ = conn.Close() }) // it is done with
	a.wires = append(a.wires, w)
	a.crowd.open.Add(1)

	return w, nil
}

// hangUp closes all that an attacker has.
func (a *attacker) hangUp() {
	for _, w := range a.wires {
		w.release()
		_ = w.Close() // it is done with
		a.crowd.open.Add(-1)
	}
	a.wires = a.wires[:0]
}

// websocket begins a WebSocket on a new connection.
func (a *attacker) websocket(tight bool, query, headers string) (*wire, error) {
	w, err := a.dial(tight)
	if err != nil {
		return nil, err
	}
	status, body, err := w.ask("GET", "websocket"+query, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+headers, "")
	if err == nil && status != http.StatusSwitchingProtocols {
		err = unexpected(status, body)
	}
	w.framed = true

	return w, err
}

// begin begins a session on a WebSocket.
func (a *attacker) begin(tight bool, headers string) (*wire, error) {
	w, err := a.websocket(tight, "", headers)
	if err != nil {
		return nil, err
	}
	_, open, err := w.next(time.Now().Add(patience))
	if err != nil {
		return nil, fmt.Errorf("no open packet: %w", err)
	}

	return w, w.opened(open)
}

// join begins a session on a WebSocket and joins the main namespace.
func (a *attacker) join(tight bool, headers string) (*wire, error) {
	w, err := a.begin(tight, headers)
	if err != nil {
		return nil, err
	}
	if err := w.say("40"); err != nil {
		return nil, err
	}
	_, text, err := w.next(time.Now().Add(patience))
	if err != nil || !bytes.HasPrefix(text, []byte("40{")) {
		return nil, fmt.Errorf("not let in: %q, %w", text, err)
	}

	return w, nil
}

// poll begins a session over polling, on a connection that stays.
func (a *attacker) poll() (*wire, error) {
	w, err := a.dial(false)
	if err != nil {
		return nil, err
	}
	status, body, err := w.ask("GET", "polling", "", "")
	if err != nil || status != http.StatusOK {
		return nil, errors.Join(err, unexpected(status, body))
	}

	return w, w.opened(body)
}

func (w *wire) opened(packet []byte) error {
	var open struct{ SID string }
	if err := json.Unmarshal(bytes.TrimPrefix(packet, []byte("0")), &open); err != nil || open.SID == "" {
		return fmt.Errorf("an open packet is %q", packet)
	}
	w.session = open.SID

	return nil
}

func unexpected(status int, body []byte) error {
	if status == http.StatusServiceUnavailable {
		return errOverload
	}

	return fmt.Errorf("answered %d %.80q", status, body)
}

// request writes one.
func (w *wire) request(method, query, headers, body string) error {
	length := ""
	if method == "POST" {
		length = fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return w.write(method + " " + handshake + query + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + length + "\r\n" + body)
}

// ask writes a request and reads its answer.
func (w *wire) ask(method, query, headers, body string) (status int, answer []byte, err error) {
	if err := w.request(method, query, headers, body); err != nil {
		return 0, nil, err
	}

	return w.answer(patience)
}

// answer reads the answer to a request.
func (w *wire) answer(within time.Duration) (status int, body []byte, err error) {
	_ = w.SetReadDeadline(time.Now().Add(within)) // reading fails too then
	r, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = r.Body.Close() }() // it was only read
	if r.StatusCode == http.StatusSwitchingProtocols {
		return r.StatusCode, nil, nil
	}
	body, err = io.ReadAll(r.Body)

	return r.StatusCode, body, err
}

func (w *wire) write(text string) error {
	_ = w.SetWriteDeadline(time.Now().Add(patience)) // writing fails too then
	_, err := io.WriteString(w.Conn, text)

	return err
}

// say sends a text message.
func (w *wire) say(text string) error {
	return w.write(string(frame.AppendMasked(nil, frame.Text, []byte(text))))
}

// next returns the next frame.
func (w *wire) next(until time.Time) (opcode byte, payload []byte, err error) {
	_ = w.SetReadDeadline(until) // reading fails too then
	for {
		b, _ := w.in.Peek(w.in.Buffered()) // they are there
		h, ok, err := frame.Parse(b)
		if err != nil {
			return 0, nil, err
		}
		if ok && len(b) >= h.Size+h.Length {
			payload = bytes.Clone(b[h.Size : h.Size+h.Length])
			_, _ = w.in.Discard(h.Size + h.Length) // they are there
			return h.Opcode, payload, nil
		}
		if _, err := w.in.Peek(len(b) + 1); err != nil {
			return 0, nil, err
		}
	}
}

// listen takes what comes until a time. It fails if the server ends the connection.
func (w *wire) listen(until time.Time) error {
	switch {
	case w.deaf:
		return w.attacker.wait(time.Until(until))
	case !w.framed:
		_ = w.SetReadDeadline(until) // reading fails too then
		if _, err := io.Copy(io.Discard, w.in); !errors.Is(err, os.ErrDeadlineExceeded) {
			return errors.Join(errEnded, err)
		}
		return nil
	}
	for {
		opcode, payload, err := w.next(until)
		switch text := string(payload); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return errors.Join(errEnded, err)
		case opcode == frame.Close:
			if len(payload) >= 2 {
				w.code = int(payload[0])<<8 | int(payload[1])
			}
			return errEnded
		case opcode == frame.Pong:
			w.pongs++
		case text == "2" && !w.rude:
			if err := w.say("3"); err != nil {
				return errors.Join(errEnded, err)
			}
		case w.hear != nil && text != "2":
			w.hear(text)
		}
	}
}

// linger behaves for some time, so that there are as many attackers at once as there
// can be, and that they attack no more often than they are to.
func (w *wire) linger() error {
	a := w.attacker
	return w.listen(time.Now().Add(time.Duration(float64(a.kind.every) * (0.5 + a.random.Float64()))))
}

// cut does something again and again until the server has cut the connection.
func (w *wire) cut(within, every time.Duration, do func() error) (outcome, error) {
	start := time.Now()
	latest := start.Add(within + slack)
	for time.Now().Before(latest) {
		if do != nil && do() != nil {
			return cut, nil
		}
		next := time.Now().Add(every)
		if next.After(latest) {
			next = latest
		}
		if w.listen(next) != nil {
			return cut, nil
		}
	}

	return "", fmt.Errorf("not cut within %s", within+slack)
}

// hears sends a text and waits until enough has been heard.
func (w *wire) hears(text string, enough func() bool) error {
	if err := w.write(text); err != nil {
		return err
	}
	for late := time.Now().Add(patience); !enough(); {
		if time.Now().After(late) {
			return errors.New("no answer")
		}
		if err := w.listen(time.Now().Add(100 * time.Millisecond)); err != nil {
			return err
		}
	}

	return nil
}

// events are messages as frames, one after the other.
func events(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.Write(frame.AppendMasked(nil, frame.Text, fmt.Appendf(nil, format, i)))
	}

	return b.String()
}
