package engine

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// FuzzSession has a hostile client do what the input says, over a server in memory
// and beside an honest client. Whatever it does: nothing panics; each session ends
// once, for a reason that there is; answers are those of the protocol; the honest
// client is served at once, all the time; and when the hostile one has gone, no
// session, connection or goroutine is left of it.
func FuzzSession(f *testing.F) {
	for _, seed := range sieges {
		for _, kind := range []byte{0, 2 | 4 | 16, 1 | 8, 16} {
			f.Add(append([]byte{kind}, seed...))
		}
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		synctest.Test(t, func(t *testing.T) {
			s := newSiege(t, program)
			defer s.close()
			s.welcome()
			for n := 0; n < maxActs && len(s.program) > 0; n++ {
				s.act()
			}
			s.end()
		})
	})
}

// What the hostile client, or the server, does next. Each is a byte of the program,
// followed by what it takes; with hurry, nothing waits until it is done.
const (
	asks     byte = iota // query, how, session; connection if it is not a new one; body
	sends                // connection, first byte of its header, whether it is masked, payload
	garbles              // connection, bytes
	finishes             // connection: the rest of a body
	hangsUp              // connection, how
	hears                // connection
	waits                // how long
	serves               // session, what
	acts
	hurry = 0x80
)

// How a request is made.
const (
	byGet byte = iota
	byPost
	byHalf
	bySocket
	byPut
	byOptions
	byOctets
	byForm
	deaf  = 8  // the answer is not read
	reuse = 16 // on a connection that there is
	none  = 255
)

var sieging = []string{
	"EIO=4&transport=polling", "EIO=4&transport=websocket", "EIO=3&transport=polling", "EIO=3&transport=websocket",
	"EIO=3&transport=polling&b64=1", "EIO=3&transport=polling&j=0", "EIO=4&transport=websocket&b64=1",
	"EIO=4&transport=webtransport", "EIO=5&transport=polling", "transport=polling", "EIO=4", "",
	"EIO=4&transport=polling&sid=", "%zz&;&EIO=4&transport=polling", "EIO=3&transport=polling&j=0&b64=1",
}

// packetList are what a client may say, and what it may not.
var packetList = []string{
	"4echo", "3", "2", "2probe", "5", "1", "6", "0", "4", "", "3probe", "4s", "4l", "4v", "4d", "4k", "4p", "4r", "4c", "4a",
	"bZWNobw==", "b", "bZ", "7", "\xff", "4\xff\xfe", "4e\x1e4e\x1e3", "4p\x1e4e\x1e4r", "5\x1e4e", "2probe\x1e5", "1\x1e4e", "\x1e",
	"5:4echo", "6:2probe", "1:2", "1:1", "2:4p", "2:4a", "99999999999999999999:4", "5:4ech", "3:4é", "10:bZWNobw==",
	"\x00\x05\xff4echo", "\x01\x05\xff\x04echo", "\x00\xff", "\x01\x09\x09\x09\xff\x04",
	"d=5%3A4echo", "d=", "d=%zz", "echo", "p", "\x04echo", "\x01", "\x02", "\x05",
	"\x03\xe8", "\x03\xed", "\x03", "\xff\xff", "\x03\xe8\xff",
	strings.Repeat("4", 990), strings.Repeat("4e", 600), strings.Repeat("4e\x1e", 300), strings.Repeat("2:4e", 200), strings.Repeat("e", 70_000),
}

// act is one step of the program.
func (s *siege) act() {
	b := s.next()
	switch b &^ hurry % acts {
	case asks:
		s.request()
	case sends:
		s.frame()
	case garbles:
		w, text := s.wire(), s.text(nil)
		if w != nil {
			w.note(func() { w.garbled = true })
			w.say(text)
		}
	case finishes:
		if w := s.wire(); w != nil {
			w.say(w.rest)
			w.rest = ""
		}
	case hangsUp:
		w, how := s.wire(), s.next()
		switch {
		case w == nil:
		case how%3 == 2:
			_ = w.conn.CloseWrite()
		default:
			w.end(how%3 == 1)
		}
	case hears:
		if w := s.wire(); w != nil {
			w.hear()
		}
	case waits:
		s.passes([]time.Duration{
			time.Millisecond, 50 * time.Millisecond, 110 * time.Millisecond, time.Second, 5 * time.Second,
			10 * time.Second, 21 * time.Second, 25 * time.Second, 46 * time.Second,
		}[s.next()%9])
	case serves:
		n, what := int(s.next()), s.next()
		if guests := s.guests()[1:]; len(guests) > 0 {
			guests[n%len(guests)].obey("slvdkprca"[what%9])
		}
	}
	switch {
	case b&hurry != 0:
	case len(s.program)%4 == 0:
		s.echoes()
	default:
		s.attend()
	}
}

func (s *siege) request() {
	query, how, session := s.text(sieging), s.next(), s.program
	if s.next() != none {
		s.program = session
		query += "&sid=" + s.id()
	}
	var w *wire
	if how&reuse != 0 {
		w = s.wire()
	}
	if w == nil {
		if len(s.wires) == maxWires {
			return
		}
		w = s.newWire()
	}
	method, body, headers := "GET", "", ""
	switch how % 8 {
	case byPost, byHalf:
		method, headers = "POST", "Content-Type: text/plain;charset=UTF-8\r\n"
	case byOctets:
		method, headers = "POST", "Content-Type: application/octet-stream\r\n"
	case byForm:
		method, headers = "POST", "Content-Type: application/x-www-form-urlencoded\r\n"
	case byPut:
		method = "PUT"
	case byOptions:
		method = "OPTIONS"
	case bySocket:
		headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
			"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"
	}
	if method == "POST" {
		body = s.text(packetList)
		headers += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	if w.rest != "" { // what comes now is a part of the body
		w.note(func() { w.garbled = true })
	}
	if how%8 == byHalf {
		w.rest = body[len(body)/2:]
		body = body[:len(body)/2]
	}
	if strings.ContainsAny(query, " \r\n\x00") {
		w.note(func() { w.garbled = true })
	}
	v3 := !strings.HasPrefix(query, "EIO=4")
	for _, one := range s.wires { // the revision is the session's, whatever the query says
		one.note(func() { v3 = v3 || one.v3 && one.sid != "" && strings.Contains(query, one.sid) })
	}
	w.note(func() {
		w.odd = w.odd || how%8 == byPut || how%8 == byOptions
		w.v3 = w.v3 || v3
	})
	if how&deaf == 0 {
		w.hear()
	}
	w.say(fmt.Sprintf("%s /?%s HTTP/1.1\r\nHost: brio.test\r\n%s\r\n%s", method, query, headers, body))
}

// frame sends one frame of a WebSocket, right or wrong.
func (s *siege) frame() {
	w, head, mask, text := s.wire(), s.next(), s.next(), s.text(packetList)
	if w == nil {
		return
	}
	f := ws.Frame{
		Header:  ws.Header{Fin: head&0x80 != 0, Rsv: head >> 4 & 7, OpCode: ws.OpCode(head & 15), Length: int64(len(text))},
		Payload: []byte(text),
	}
	if mask != 0 {
		f = ws.MaskFrame(f)
	}
	b, err := ws.CompileFrame(f)
	if err != nil {
		return
	}
	w.say(string(b))
}

// sieges are the usual flows of the protocol, with something odd in each.
var sieges = [][]byte{
	{},
	// Polling: a handshake, a held GET, a POST that is echoed, a second GET.
	{asks, 0, byGet, none, asks, 0, byGet, 0, asks, 0, byPost, 0, 0, asks, 0, byGet, 0, asks, 0, byGet, 0},
	{asks, 0, byGet, none, asks, 0, byPost, 0, 26, asks, 0, byGet | reuse, 0, 0, waits, 7, asks, 0, byPost, 0, 1, waits, 8},
	// A body in pieces, overlapped by another, and broken off.
	{asks, 0, byGet, none, asks, 0, byHalf, 0, 60, waits, 4, finishes, 1, asks, 0, byHalf, 0, 0, asks, 0, byPost, 0, 0, hangsUp, 2, 1},
	{asks, 0, byGet, none, asks, 0, byHalf, 0, 26, hangsUp, 1, 2, asks, 0, byPost, 0, 61, asks, 0, byPost, 0, 5},
	// WebSocket: messages, fragments, pings, text that is not, a close frame.
	{asks, 1, bySocket, none, sends, 0, 0x81, 1, 0, sends, 0, 0x82, 1, 49, sends, 0, 0x01, 1, 0, sends, 0, 0x89, 1, 0, sends, 0, 0x80, 1, 0, sends, 0, 0x88, 1, 55},
	{asks, 1, bySocket, none, sends, 0, 0x81, 1, 25, asks, 1, bySocket, none, sends, 1, 0x81, 0, 0, asks, 1, bySocket, none, sends, 2, 0xc1, 1, 0, waits, 4},
	{asks, 1, bySocket, none, waits, 7, sends, 0, 0x81, 1, 1, waits, 7, sends, 0, 0x81, 1, 5, asks, 6, bySocket, none, sends, 1, 0x81, 1, 20},
	{asks, 1, bySocket, none, sends, 0, 0x81, 1, 64, asks, 1, bySocket, none, sends | hurry, 1, 0x8a, 1, 0, hangsUp, 1, 2, waits, 5},
	// An upgrade as it should be, with a GET held; and those that go wrong.
	{asks, 0, byGet, none, asks, 0, byGet, 0, asks, 1, bySocket, 0, sends, 2, 0x81, 1, 3, sends, 2, 0x81, 1, 4, sends, 2, 0x81, 1, 0, asks, 0, byGet, 0},
	{asks, 0, byGet, none, asks, 1, bySocket, 0, sends, 1, 0x81, 1, 3, asks, 0, byGet, 0, waits, 1, asks, 0, byGet, 0, sends, 1, 0x81, 1, 0, waits, 5},
	{asks, 0, byGet, none, asks, 1, bySocket, 0, sends, 1, 0x81, 1, 4, asks, 1, bySocket, 0, sends, 2, 0x81, 1, 3, waits, 5, waits, 3, sends, 2, 0x81, 1, 4},
	{asks, 0, byGet, none, asks, 1, bySocket | deaf, 0, sends | hurry, 1, 0x81, 1, 3, asks | hurry, 0, byPost, 0, 29, sends | hurry, 1, 0x81, 1, 4, hangsUp, 1, 1},
	{asks, 0, byGet, none, asks, 1, bySocket, 0, sends, 1, 0x81, 1, 3, asks | hurry, 0, byPost, 0, 17, sends, 1, 0x81, 1, 4, serves, 0, 1, waits, 0, hangsUp, 1, 2},
	{asks, 0, byGet, none, asks, 1, bySocket, 0, sends, 1, 0x81, 1, 3, asks, 1, bySocket, 0, sends, 2, 0x81, 1, 3, sends, 1, 0x81, 1, 4, waits, 0, asks, 1, bySocket, 0, sends, 3, 0x81, 1, 4},
	// One that does not read: what is sent to it has a bound.
	{asks, 1, bySocket | deaf, none, serves, 0, 1, serves, 0, 1, serves, 0, 3, serves, 0, 4, serves, 0, 4, serves, 0, 2, serves, 0, 1, serves, 0, 1, serves, 0, 1, serves, 0, 1},
	{asks, 0, byGet, none, sends, 0, 0, 0, 0, serves, 0, 1, serves, 0, 4, serves, 0, 4, asks, 0, byGet | deaf, 0, serves, 0, 1, hears, 1, waits, 8},
	// Pauses, from within and without, over an end.
	{asks, 0, byGet, none, asks, 0, byPost, 0, 27, asks, 0, byPost, 0, 16, waits, 8, asks, 0, byGet, 0, waits, 8, serves, 0, 6, waits, 8},
	{asks, 1, bySocket, none, sends, 0, 0x81, 1, 16, sends, 0, 0x81, 1, 0, waits, 8, serves, 0, 6, sends, 0, 0x81, 1, 16, hangsUp, 0, 1},
	{asks, 1, bySocket, none, sends, 0, 0x81, 1, 16, sends, 0, 0x81, 1, 18, sends, 0, 0x81, 1, 0, waits, 4},
	// What the server ends, while a GET is held and an upgrade is under way.
	{asks, 0, byGet, none, asks, 0, byGet, 0, asks, 1, bySocket, 0, sends, 2, 0x81, 1, 3, serves, 0, 7, asks, 0, byGet, 0, waits, 4},
	{asks, 0, byGet, none, asks, 0, byPost, 0, 18, asks, 0, byGet, 0, asks, 0, byGet, none, asks, 0, byPost, 3, 19, asks, 0, byGet, 3},
	// Revision 3: its pings, its payloads, JSONP.
	{asks, 2, byGet, none, asks, 2, byGet, 0, asks, 2, byPost, 0, 34, asks, 2, byOctets, 0, 42, asks, 2, byGet, 0, asks, 3, bySocket, 0, sends, 5, 0x81, 1, 3, sends, 5, 0x81, 1, 4},
	{asks, 5, byGet, none, asks, 5, byForm, 0, 46, asks, 5, byGet, 0, asks, 5, byForm, 0, 48, asks, 4, byGet, none, asks, 4, byPost, 4, 41},
	{asks, 3, bySocket, none, sends, 0, 0x81, 1, 2, sends, 0, 0x82, 1, 51, waits, 8, asks, 3, bySocket, none, sends, 1, 0x82, 1, 52},
	// What is no request of the protocol, or none at all.
	{asks, 7, byGet, none, asks, 8, byGet, none, asks, 9, byGet, none, asks, 10, byGet, none, asks, 13, byGet, none, asks, 0, byPut, none, asks, 0, byOptions, none, asks, 0, byPost, none, 0},
	{asks, 0, byGet, none, asks, 0, byPut, 0, asks, 0, byGet, 9, asks, 1, byGet, none, asks, 0, bySocket, none, garbles, 0, 3, 'G', 'E', 'T', waits, 8, garbles, 0, 2, '\r', '\n'},
	{asks, 11, byGet, none, asks, 15 + 3, 'E', 'I', 'O', byGet, none, asks, 12, byGet | reuse, none, 0, asks, 1, bySocket, 7},
}
