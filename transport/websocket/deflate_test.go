package websocket

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/internal/deflate"
	"github.com/briohq/brio/transport"
)

const agreed = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"

func TestNegotiation(t *testing.T) {
	const name = "permessage-deflate"
	for title, c := range map[string]struct {
		offers []string // one header line each
		want   string
		status int // if not 101
	}{
		"no offer":                        {},
		"nothing else":                    {offers: []string{name}, want: agreed},
		"as browsers do":                  {offers: []string{name + "; client_max_window_bits"}, want: agreed},
		"no context, both":                {offers: []string{name + "; server_no_context_takeover; client_no_context_takeover"}, want: agreed},
		"no context of ours":              {offers: []string{name + "; server_no_context_takeover"}, want: agreed},
		"client window":                   {offers: []string{name + "; client_max_window_bits=9"}, want: agreed},
		"quoted client window":            {offers: []string{name + `; client_max_window_bits="10"`}, want: agreed},
		"our window":                      {offers: []string{name + "; server_max_window_bits=15"}, want: agreed + ";server_max_window_bits=15"},
		"a smaller window":                {offers: []string{name + "; server_max_window_bits=14"}},
		"the smallest window":             {offers: []string{name + "; server_max_window_bits=8"}},
		"a smaller window, then any":      {offers: []string{name + "; server_max_window_bits=10, " + name}, want: agreed},
		"the same in two lines":           {offers: []string{name + "; server_max_window_bits=10", name}, want: agreed},
		"the first of two":                {offers: []string{name + "; server_max_window_bits=15, " + name}, want: agreed + ";server_max_window_bits=15"},
		"the same twice":                  {offers: []string{name + ", " + name}, want: agreed},
		"another extension":               {offers: []string{"x-webkit-deflate-frame"}},
		"another extension first":         {offers: []string{"bbf-usp-protocol; a=1; b, " + name}, want: agreed},
		"another case":                    {offers: []string{"Permessage-Deflate"}},
		"an unknown parameter":            {offers: []string{name + "; level=9"}},
		"an unknown parameter, then none": {offers: []string{name + "; level=9, " + name}, want: agreed},
		"a value where none may be":       {offers: []string{name + "; server_no_context_takeover=1"}},
		"the other one likewise":          {offers: []string{name + "; client_no_context_takeover=true"}},
		"no value where one must be":      {offers: []string{name + "; server_max_window_bits"}},
		"a window of 16":                  {offers: []string{name + "; server_max_window_bits=16"}},
		"a client window of 7":            {offers: []string{name + "; client_max_window_bits=7"}},
		"a window with a leading zero":    {offers: []string{name + "; server_max_window_bits=015"}},
		"a client window in words":        {offers: []string{name + "; client_max_window_bits=all"}},
		"a parameter twice":               {offers: []string{name + "; server_no_context_takeover; server_no_context_takeover"}},
		"a window twice":                  {offers: []string{name + "; client_max_window_bits; client_max_window_bits"}},
		"a window of ours twice":          {offers: []string{name + "; server_max_window_bits=15; server_max_window_bits=15"}},
		"malformed":                       {offers: []string{name + ";;"}, status: 400},
		"malformed, another":              {offers: []string{"=1"}, status: 400},
		"malformed, after a good one":     {offers: []string{name + ", ="}, status: 400},
		"empty":                           {offers: []string{""}, status: 400},
		"an open quote":                   {offers: []string{name + `; server_max_window_bits="15`}, status: 400},
	} {
		t.Run(title, func(t *testing.T) {
			want := answer{status: 101, extensions: c.want}
			if c.want != "" {
				want.threshold = 1024
			}
			if c.status != 0 {
				want.status = c.status
			}
			if got := shake(t, new(Deflate), c.offers...); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			// Who doesn't compress is not concerned with offers.
			if got := shake(t, nil, c.offers...); got != (answer{status: 101}) {
				t.Errorf("without Deflate: %+v", got)
			}
		})
	}
}

func TestThreshold(t *testing.T) {
	if got := shake(t, &Deflate{Threshold: 1}, "permessage-deflate"); got.threshold != 1 {
		t.Errorf("%+v", got)
	}
}

// answer is that to a handshake, and what the Conn makes of it.
type answer struct {
	status     int
	extensions string
	threshold  int
}

// shake makes a handshake with offers of extensions, one header line each.
func shake(t *testing.T, deflate *Deflate, offers ...string) (a answer) {
	t.Helper()
	done := make(chan int, 1)
	poller := testPoller(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := Accept(w, q, newRecorder(), limit, deflate, poller)
		if err != nil {
			done <- 0
			return
		}
		done <- c.deflate
		c.Refuse()
	}))
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	r.Header["Sec-Websocket-Extensions"] = offers
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return answer{response.StatusCode, strings.Join(response.Header["Sec-Websocket-Extensions"], "|"), <-done}
}

// The examples are those of RFC 7692, section 7.2.3, as binary messages.
func TestCompressedMessages(t *testing.T) {
	largest := "4" + strings.Repeat("x", limit-1)
	noise := randomBytes(limit)
	for name, c := range map[string]struct {
		in   string
		want []string
		pong string
	}{
		"one block":            {in: marked(ws.OpBinary, true, "\xf2\x48\xcd\xc9\xc9\x07\x00"), want: []string{"bHello"}},
		"in fragments":         {in: marked(ws.OpBinary, false, "\xf2\x48\xcd") + masked(ws.OpContinuation, true, "\xc9\xc9\x07\x00"), want: []string{"bHello"}},
		"without compression":  {in: marked(ws.OpBinary, true, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), want: []string{"bHello"}},
		"a final block":        {in: marked(ws.OpBinary, true, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), want: []string{"bHello"}},
		"two blocks":           {in: marked(ws.OpBinary, true, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), want: []string{"bHello"}},
		"two final blocks":     {in: marked(ws.OpBinary, true, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), want: []string{"bHelloHello"}},
		"a final block alone":  {in: marked(ws.OpBinary, true, "\xf3\x48\xcd\xc9\xc9\x07\x00"), want: []string{"bHello"}},
		"an empty one":         {in: marked(ws.OpBinary, true, "\x00"), want: []string{"b"}},
		"the same twice":       {in: strings.Repeat(marked(ws.OpBinary, true, "\xf2\x48\xcd\xc9\xc9\x07\x00"), 2), want: []string{"bHello", "bHello"}},
		"text":                 {in: squeezed("4héllo"), want: []string{"4héllo"}},
		"beside plain ones":    {in: text("4a") + squeezed("4b") + text("4c"), want: []string{"4a", "4b", "4c"}},
		"the largest":          {in: squeezed(largest), want: []string{largest}},
		"the largest of noise": {in: marked(ws.OpBinary, true, squeeze(noise)), want: []string{"b" + noise}},
		"a pong between fragments": {
			in:   marked(ws.OpBinary, false, "\xf2\x48\xcd") + masked(ws.OpPong, true, "x") + masked(ws.OpContinuation, true, "\xc9\xc9\x07\x00"),
			want: []string{"bHello"},
		},
		"a ping between fragments": {
			in:   marked(ws.OpText, false, squeeze("4ab")[:2]) + masked(ws.OpPing, true, "there?") + masked(ws.OpContinuation, true, squeeze("4ab")[2:]),
			want: []string{"4ab"}, pong: "there?",
		},
		"empty fragments": {
			in:   marked(ws.OpText, false, "") + masked(ws.OpContinuation, false, squeeze("4ab")) + masked(ws.OpContinuation, true, ""),
			want: []string{"4ab"},
		},
		"plain fragments after compressed ones": {
			in: marked(ws.OpText, false, squeeze("4ab")[:2]) + masked(ws.OpContinuation, true, squeeze("4ab")[2:]) +
				masked(ws.OpText, false, "4c") + masked(ws.OpContinuation, true, "d"),
			want: []string{"4ab", "4cd"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 2, 3, 7, len(c.in)} {
				got := feedDeflated(c.in, func() int { return step })
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

func TestCompressedViolations(t *testing.T) {
	bomb := squeeze(strings.Repeat("4", 100_000))
	block := squeeze(strings.Repeat("4", limit/2)) + "\x00\x00\xff\xff"
	hello := squeeze("4hello")
	for name, c := range map[string]struct {
		in   string
		code ws.StatusCode
	}{
		"the deflate.Mark on a continuation":      {marked(ws.OpText, false, hello[:2]) + marked(ws.OpContinuation, true, hello[2:]), 1002},
		"the deflate.Mark on a continuation only": {masked(ws.OpText, false, "4") + marked(ws.OpContinuation, true, hello), 1002},
		"the deflate.Mark on a ping":              {marked(ws.OpPing, true, ""), 1002},
		"the deflate.Mark on a pong":              {marked(ws.OpPong, true, ""), 1002},
		"the deflate.Mark on a close":             {marked(ws.OpClose, true, "\x03\xe8"), 1002},
		"RSV2":                                    {"\xa1\x82\x00\x00\x00\x004a", 1002},
		"RSV2 beside the deflate.Mark":            {"\xe1\x82\x00\x00\x00\x004a", 1002},
		"RSV3":                                    {"\x91\x82\x00\x00\x00\x004a", 1002},
		"a message inside another":                {marked(ws.OpText, false, hello[:2]) + squeezed("4b"), 1002},
		"nothing":                                 {marked(ws.OpText, true, ""), 1007},
		"a plain message":                         {marked(ws.OpText, true, "4hello"), 1007},
		"a reserved block type":                   {marked(ws.OpBinary, true, "\x06"), 1007},
		"cut off":                                 {marked(ws.OpText, true, hello[:3]), 1007},
		"a reference into the last one":           {marked(ws.OpBinary, true, "\xf2\x00\x11\x00\x00"), 1007},
		"too large":                               {squeezed("4" + strings.Repeat("x", limit)), 1009},
		"a bomb":                                  {marked(ws.OpText, true, bomb), 1009},
		"a bomb of many blocks":                   {marked(ws.OpBinary, true, strings.Repeat(block, 5)+"\x00"), 1009},
		"a bomb in fragments":                     {marked(ws.OpText, false, bomb[:50]) + masked(ws.OpContinuation, true, bomb[50:]), 1009},
		"too large before it is inflated":         {marked(ws.OpBinary, false, strings.Repeat("\x00", limit)) + masked(ws.OpContinuation, true, strings.Repeat("\x00", limit)), 1009},
		"too large, header only":                  {"\xc2\xff\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00", 1009},
		"a plain one that is too large":           {masked(ws.OpText, true, "4"+strings.Repeat("x", limit)), 1009},
		"plain after compressed fragments":        {marked(ws.OpText, false, hello[:2]) + masked(ws.OpContinuation, true, hello[2:]) + masked(ws.OpText, true, "4"+strings.Repeat("x", limit)), 1009},
		"text is not UTF-8":                       {squeezed("4\xff"), 1007},
		"no packet":                               {squeezed("9"), 1005},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 3, len(c.in)} {
				got := feedDeflated(text("4before")+c.in+text("4after"), func() int { return step })
				v, ok := errors.AsType[*violation](got.err)
				if !ok || v.code != c.code {
					t.Errorf("in steps of %d: %#v, want code %d", step, got.err, c.code)
				}
				if diff := cmp.Diff("4before", got.packets[0]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// What is made of a message is bounded, however it is compressed.
func TestBombsAreSmall(t *testing.T) {
	const limit = 100_000
	for size := range 6 {
		bomb := squeeze(strings.Repeat("4", limit<<size))
		out, err := inflate(nil, []byte(bomb), limit)
		if len(out) > limit+1 || cap(out) > 2*limit {
			t.Errorf("%d bytes become %d, in a buffer of %d", len(bomb), len(out), cap(out))
		}
		if size == 0 && err != nil || size > 0 && err == nil {
			t.Errorf("size %d: error %v", limit<<size, err)
		}
	}
}

func TestFramesAreCompressed(t *testing.T) {
	words := strings.Repeat("words and more ", 100)
	noise := randomBytes(2000)
	for name, c := range map[string]struct {
		frame *transport.Frame
		op    ws.OpCode
		want  string
		mark  bool
	}{
		"a large text":     {transport.NewText(transport.Message, words), ws.OpText, "4" + words, true},
		"a large binary":   {transport.NewBinary([]byte(words)), ws.OpBinary, words, true},
		"at the threshold": {transport.NewText(transport.Message, words[:1023]), ws.OpText, "4" + words[:1023], true},
		"below it":         {transport.NewText(transport.Message, words[:1022]), ws.OpText, "4" + words[:1022], false},
		"noise":            {transport.NewBinary([]byte(noise)), ws.OpBinary, noise, false},
		"a large one":      {transport.NewBinary(bytes.Repeat([]byte(words), 200)), ws.OpBinary, strings.Repeat(words, 200), true},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := loopback(t)
			conn, _ := start(t, server, limit)
			conn.deflate = 1024
			conn.Write([]*transport.Frame{c.frame})
			f, err := ws.ReadFrame(client)
			if err != nil || f.Header.OpCode != c.op || !f.Header.Fin || (f.Header.Rsv == deflate.Mark) != c.mark {
				t.Fatalf("header %+v, error %v", f.Header, err)
			}
			if c.mark {
				f.Payload = []byte(expand(t, f.Payload))
			}
			if string(f.Payload) != c.want {
				t.Errorf("%.40q, want %.40q", f.Payload, c.want)
			}
		})
	}
}

// A frame is compressed once, and its other forms stay what they are.
func TestCompressedFramesAreShared(t *testing.T) {
	f := transport.NewText(transport.Message, strings.Repeat("words and more ", 100))
	plain := bytes.Clone(f.WebSocket())
	conns := [3]Conn{{deflate: 1024}, {deflate: 1024}, {}}
	a, b, c := conns[0].form(f), conns[1].form(f), conns[2].form(f)
	if &a[0] != &b[0] || &c[0] == &a[0] {
		t.Error("two connections don't share what is compressed, or a third does")
	}
	if len(a) > 100 || string(c) != string(plain) || string(f.Polling()) != string(plain[4:]) {
		t.Errorf("%q, %q", a, c)
	}
}

// A connection keeps nothing between two messages.
func TestNothingIsKept(t *testing.T) {
	c := &Conn{receiver: discard{}, limit: 1 << 20, deflate: 1024}
	in := marked(ws.OpText, false, squeeze("4ab")[:2]) + masked(ws.OpContinuation, true, squeeze("4ab")[2:])
	if err := c.feed([]byte(in)); err != nil {
		t.Fatal(err)
	}
	if p := c.parser; p.pieces != nil || p.fragmented || p.compressed {
		t.Errorf("kept %+v", p)
	}
}

// FuzzCompressed is FuzzFeed with compression agreed on: a compressed message,
// and anything behind it.
func FuzzCompressed(f *testing.F) {
	hello := squeeze("4hello")
	for _, s := range []string{
		"", squeezed("4hello"), marked(ws.OpText, false, hello[:2]) + masked(ws.OpPing, true, "p") + masked(ws.OpContinuation, true, hello[2:]),
		marked(ws.OpBinary, true, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
		marked(ws.OpBinary, true, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), marked(ws.OpBinary, true, "\x06"),
		marked(ws.OpText, true, squeeze(strings.Repeat("4", 10_000))), squeezed("4\xff"), marked(ws.OpPing, true, ""),
		marked(ws.OpText, true, ""), marked(ws.OpContinuation, true, hello), "\xc1\x82\x00\x00\x00\x004a",
	} {
		f.Add("4message", []byte(s), []byte{1})
		f.Add("4é", []byte(s), []byte{0, 2, 5})
	}
	f.Fuzz(func(t *testing.T, message string, b, steps []byte) {
		in := marked(ws.OpBinary, true, squeeze(message)) + string(b)
		at, once := 0, feedDeflated(in, func() int { return len(in) })
		cut := feedDeflated(in, func() int {
			if at == len(steps) {
				return len(in)
			}
			at++
			return int(steps[at-1])
		})
		if diff := cmp.Diff(once.packets, cut.packets); diff != "" {
			t.Fatalf("cut by %v: %s", steps, diff)
		}
		if show(once.err) != show(cut.err) || once.pong != cut.pong {
			t.Fatalf("cut by %v: %v, pong %q, at once %v, %q", steps, cut.err, cut.pong, once.err, once.pong)
		}
		if len(message) <= limit && (len(once.packets) == 0 || once.packets[0] != "b"+message) {
			t.Fatalf("%q came as %q, error %v", message, once.packets, once.err)
		}
		for _, p := range once.packets {
			if len(p) > limit+1 {
				t.Fatalf("a packet of %d bytes, limit %d", len(p), limit)
			}
		}
		const most = limit + limit/8 + 64 + maxHeader + maxControl
		if once.kept > most || cut.kept > most {
			t.Fatalf("kept %d and %d bytes", once.kept, cut.kept)
		}
	})
}

// feedDeflated is feedBy for a Conn that has agreed on compression.
func feedDeflated(in string, step func() int) outcome {
	return feedConn(&Conn{limit: limit, busy: new(writer), deflate: 1024}, in, step)
}

// marked returns the bytes of a client's frame with RSV1 set.
func marked(op ws.OpCode, fin bool, payload string) string {
	b := []byte(masked(op, fin, payload))
	b[0] |= deflate.Mark << 4
	return string(b)
}

func squeezed(message string) string { return marked(ws.OpText, true, squeeze(message)) }

// squeeze compresses a message as RFC 7692, section 7.2.1, says, without our
// own code.
func squeeze(message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = io.WriteString(w, message)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// expand is the reverse.
func expand(t *testing.T, b []byte) string {
	t.Helper()
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(append(bytes.Clone(b), 0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff))))
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// randomBytes returns n bytes that don't compress, the same each time.
func randomBytes(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return string(b)
}

func BenchmarkInflate(b *testing.B) {
	for name, message := range map[string]string{
		"small": `42["chat","a message of the usual length"]`,
		"4KiB":  `42["list",` + strings.Repeat(`{"id":17,"name":"an item"},`, 151) + `{}]`,
	} {
		b.Run(name, func(b *testing.B) {
			c := &Conn{receiver: discard{}, limit: 1 << 20, busy: new(writer), deflate: 1024}
			in := []byte(squeezed(message))
			buf := make([]byte, len(in))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, in)
				if err := c.feed(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDeflate(b *testing.B) {
	message := `["list",` + strings.Repeat(`{"id":17,"name":"an item"},`, 151) + `{}]`
	c := &Conn{deflate: 1024}
	b.ReportAllocs()
	for b.Loop() {
		_ = c.form(transport.NewText(transport.Message, message))
	}
}
