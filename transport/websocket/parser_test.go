package websocket

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

const limit = 200

func TestFeed(t *testing.T) {
	largest := strings.Repeat("x", limit-1)
	for name, c := range map[string]struct {
		in   string
		want []string
		pong string // the payload of the answer to the last ping
	}{
		"a text":               {in: text("4hello"), want: []string{"4hello"}},
		"a binary":             {in: masked(ws.OpBinary, true, "\x00\xff"), want: []string{"b\x00\xff"}},
		"an empty binary":      {in: masked(ws.OpBinary, true, ""), want: []string{"b"}},
		"base64":               {in: text("bAQID"), want: []string{"b\x01\x02\x03"}},
		"several":              {in: text("4a") + text("3") + text("4b"), want: []string{"4a", "3", "4b"}},
		"the largest":          {in: text("4" + largest), want: []string{"4" + largest}},
		"the largest in parts": {in: masked(ws.OpText, false, "4") + masked(ws.OpContinuation, true, largest), want: []string{"4" + largest}},
		"fragments":            {in: masked(ws.OpText, false, "4a") + masked(ws.OpContinuation, false, "b") + masked(ws.OpContinuation, true, "c"), want: []string{"4abc"}},
		"binary fragments":     {in: masked(ws.OpBinary, false, "a") + masked(ws.OpContinuation, true, "b"), want: []string{"bab"}},
		"a character in parts": {in: masked(ws.OpText, false, "4\xc3") + masked(ws.OpContinuation, true, "\xa9"), want: []string{"4é"}},
		"empty fragments":      {in: masked(ws.OpText, false, "") + masked(ws.OpContinuation, false, "") + masked(ws.OpContinuation, true, "4"), want: []string{"4"}},
		"a ping between fragments": {
			in:   masked(ws.OpText, false, "4a") + masked(ws.OpPing, true, "are you there") + masked(ws.OpContinuation, true, "b"),
			want: []string{"4ab"}, pong: "are you there",
		},
		"the last ping counts": {in: masked(ws.OpPing, true, "1") + masked(ws.OpPing, true, "2"), pong: "2"},
		"a pong":               {in: masked(ws.OpPong, true, "unasked") + text("4a"), want: []string{"4a"}},
		"the largest control":  {in: masked(ws.OpPing, true, strings.Repeat("p", 125)), pong: strings.Repeat("p", 125)},
		"a long form of a short length": {
			in:   "\x81\xfe\x00\x02\x00\x00\x00\x004a" + "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x004b",
			want: []string{"4a", "4b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 2, 3, 7, len(c.in)} {
				got := feed(c.in, step)
				if diff := cmp.Diff(c.want, got.packets); got.err != nil || diff != "" {
					t.Errorf("in steps of %d: error %v %s", step, got.err, diff)
				}
				want := ""
				if c.pong != "" {
					want = string(ws.MustCompileFrame(ws.NewPongFrame([]byte(c.pong))))
				}
				if got.pong != want {
					t.Errorf("pong %q, want %q", got.pong, want)
				}
			}
		})
	}
}

func TestViolations(t *testing.T) {
	closing := func(payload string) string { return masked(ws.OpClose, true, payload) }
	const body = "\x03\xe8" // 1000
	for name, c := range map[string]struct {
		in   string
		code ws.StatusCode
	}{
		"unmasked":                  {"\x81\x024a", 1002},
		"RSV1":                      {"\xc1\x82\x00\x00\x00\x004a", 1002},
		"RSV2":                      {"\xa1\x82\x00\x00\x00\x004a", 1002},
		"RSV3":                      {"\x91\x82\x00\x00\x00\x004a", 1002},
		"reserved opcode 3":         {masked(3, true, ""), 1002},
		"reserved opcode 11":        {masked(11, true, ""), 1002},
		"fragmented ping":           {masked(ws.OpPing, false, ""), 1002},
		"fragmented close":          {masked(ws.OpClose, false, ""), 1002},
		"long ping":                 {masked(ws.OpPing, true, strings.Repeat("p", 126)), 1002},
		"continuation of nothing":   {masked(ws.OpContinuation, true, "4a"), 1002},
		"a text inside a message":   {masked(ws.OpText, false, "4a") + text("4b"), 1002},
		"too large":                 {masked(ws.OpText, true, "4"+strings.Repeat("x", limit)), 1009},
		"too large, header only":    {"\x82\xff\x00\x00\x00\x00\x00\x00\x00\xc9\x00\x00\x00\x00", 1009},
		"too large in parts":        {masked(ws.OpText, false, strings.Repeat("4", limit)) + masked(ws.OpContinuation, true, "4"), 1009},
		"a negative length":         {"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1002},
		"a ping of negative length": {"\x89\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1002},
		"text is not UTF-8":         {text("4\xff"), 1007},
		"text ends in a character":  {masked(ws.OpText, false, "4\xc3") + masked(ws.OpContinuation, true, ""), 1007},
		"no packet":                 {text("9"), 1005},
		"an empty text":             {text(""), 1005},
		"close of one byte":         {closing("\x03"), 1002},
		"close with 0":              {closing("\x00\x00"), 1002},
		"close with 999":            {closing("\x03\xe7"), 1002},
		"close with 1004":           {closing("\x03\xec"), 1002},
		"close with 1005":           {closing("\x03\xed"), 1002},
		"close with 1006":           {closing("\x03\xee"), 1002},
		"close with 1015":           {closing("\x03\xf7"), 1002},
		"close with 1016":           {closing("\x03\xf8"), 1002},
		"close with 2999":           {closing("\x0b\xb7"), 1002},
		"close with 5000":           {closing("\x13\x88"), 1002},
		"close with 65535":          {closing("\xff\xff"), 1002},
		"close reason is not UTF-8": {closing(body + "\xff"), 1007},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 3, len(c.in)} {
				got := feed(text("4before")+c.in+text("4after"), step)
				v, ok := errors.AsType[*violation](got.err)
				if !ok || v.code != c.code {
					t.Errorf("in steps of %d: %#v, want code %d", step, got.err, c.code)
				}
				if diff := cmp.Diff([]string{"4before"}, got.packets); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestMalformedPacketIsAParseError(t *testing.T) {
	if got := feed(text("9"), 1); !errors.Is(got.err, transport.ErrParse) {
		t.Error(got.err)
	}
}

func TestFarewells(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		code ws.StatusCode
	}{
		"no status":     {masked(ws.OpClose, true, ""), 1005},
		"1000":          {masked(ws.OpClose, true, "\x03\xe8"), 1000},
		"1001, reason":  {masked(ws.OpClose, true, "\x03\xe9going é"), 1001},
		"1011":          {masked(ws.OpClose, true, "\x03\xf3"), 1011},
		"3000":          {masked(ws.OpClose, true, "\x0b\xb8"), 3000},
		"4999":          {masked(ws.OpClose, true, "\x13\x87"), 4999},
		"close packet":  {text("1"), 1005},
		"in a fragment": {masked(ws.OpText, false, "4a") + masked(ws.OpClose, true, "\x03\xe8"), 1000},
	} {
		t.Run(name, func(t *testing.T) {
			got := feed(text("4before")+c.in+text("4after"), 1)
			f, ok := errors.AsType[*farewell](got.err)
			if !ok || f.code != c.code {
				t.Errorf("%#v, want code %d", got.err, c.code)
			}
			if diff := cmp.Diff([]string{"4before"}, got.packets); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzFeed cuts any bytes at any places: what comes of them is the same as when
// they are fed at once, and what is kept meanwhile is bounded.
func FuzzFeed(f *testing.F) {
	for _, s := range []string{
		"", text("4hello"), text("4a") + masked(ws.OpBinary, true, "\x00\xff") + text("3"),
		masked(ws.OpText, false, "4a") + masked(ws.OpPing, true, "p") + masked(ws.OpContinuation, true, "b"),
		masked(ws.OpClose, true, "\x03\xe8bye"), masked(ws.OpClose, true, "\x03"), text("4\xff"), "\x81\x024a",
		text(strings.Repeat("4", limit)), text(strings.Repeat("4", limit+1)), "\x81\xfe\x00\x02\x00\x00\x00\x004a",
		"\x82\xff\x00\x00\x00\x00\x00\x00\x00\xc8", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"\x89\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", text("1"), text("b!"), masked(ws.OpPong, true, ""),
	} {
		f.Add([]byte(s), []byte{1})
		f.Add([]byte(s), []byte{0, 2, 5})
	}
	f.Fuzz(func(t *testing.T, b, steps []byte) {
		at, once := 0, feed(string(b), len(b))
		cut := feedBy(string(b), func() int {
			if at == len(steps) {
				return len(b)
			}
			at++
			return int(steps[at-1])
		})
		if diff := cmp.Diff(once.packets, cut.packets); diff != "" {
			t.Fatalf("cut by %v: %s", steps, diff)
		}
		if once.pong != cut.pong {
			t.Fatalf("cut by %v: pong %q, at once %q", steps, cut.pong, once.pong)
		}
		if show(once.err) != show(cut.err) {
			t.Fatalf("cut by %v: %v, at once %v", steps, cut.err, once.err)
		}
		const most = limit + maxHeader + maxControl
		if once.kept > most || cut.kept > most {
			t.Fatalf("kept %d and %d bytes of a message of at most %d", once.kept, cut.kept, limit)
		}
	})
}

const (
	maxHeader  = 14  // of a client's frame
	maxControl = 125 // of a control frame's payload, which may come inside a message
)

// outcome is what became of some bytes.
type outcome struct {
	packets []string
	pong    string
	err     error
	kept    int // the most bytes kept between two feeds
}

func feed(in string, step int) outcome { return feedBy(in, func() int { return step }) }

// feedBy feeds in in steps of the given sizes until there is an error. The Conn
// is kept busy, so that an answer to a ping stays where it can be seen.
func feedBy(in string, step func() int) outcome {
	return feedConn(&Conn{limit: limit, busy: new(writer)}, in, step)
}

func feedConn(c *Conn, in string, step func() int) (o outcome) {
	r := newRecorder()
	c.receiver = r
	for b := []byte(in); len(b) > 0 && o.err == nil; {
		n := min(step(), len(b))
		chunk := bytes.Clone(b[:n])
		o.err = c.feed(chunk)
		for i := range chunk {
			chunk[i] = 0xee // what is kept must not be in here
		}
		if o.err == nil {
			o.kept = max(o.kept, c.parser.size())
		}
		b = b[n:]
	}
	o.packets = r.received()
	if c.queue != nil {
		o.pong = string(c.queue.pong)
	}
	return o
}

func show(err error) string {
	if v, ok := errors.AsType[*violation](err); ok {
		return string(ws.NewCloseFrameBody(v.code, v.Error()))
	}
	if f, ok := errors.AsType[*farewell](err); ok {
		return string(ws.NewCloseFrameBody(f.code, "farewell"))
	}
	if err != nil {
		return "neither violation nor farewell: " + err.Error()
	}
	return ""
}

func BenchmarkFeed(b *testing.B) {
	c := &Conn{receiver: discard{}, limit: limit, busy: new(writer)}
	in := []byte(text(`42["chat","a message of the usual length"]`))
	buf := make([]byte, len(in))
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, in)
		if err := c.feed(buf); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Receive(transport.Conn, transport.Packet) {}
func (discard) Ready(transport.Conn)                     {}
func (discard) Closed(transport.Conn, error)             {}
