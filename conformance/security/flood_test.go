package security

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/briohq/brio"
)

// Pings are answered, and a client that sends thousands is served on.
func TestPings(t *testing.T) {
	w := serve(t, brio.Config{MaxBacklog: 64 << 10})
	p := w.join()
	batch := bytes.Repeat(frame(true, ws.OpPing, strings.Repeat("x", 125)), 100)
	go func() {
		for range 50 {
			p.write(batch)
		}
		p.event(`21["echo","still here"]`)
	}()
	w.serves()
	p.until(`431["still here"]`)
}

// What is no close frame is a violation, and what comes behind one is not looked at.
func TestCloseFrames(t *testing.T) {
	w := serve(t, brio.Config{})
	for payload, code := range map[string]ws.StatusCode{
		"\x03": ws.StatusProtocolError, "\x03\xed": ws.StatusProtocolError, "\x00\x00": ws.StatusProtocolError,
		"\x03\xe8\xff": ws.StatusInvalidFramePayloadData, "\x03\xe8bye": ws.StatusNormalClosure,
	} {
		p := w.join()
		p.write(bytes.Repeat(frame(true, ws.OpClose, payload), 20))
		if got, _ := p.cut(); got != code {
			t.Errorf("close frame %q: cut with %d, want %d", payload, got, code)
		}
	}
	w.alone()
}

// What is small and unfolds into more than MaxPayload is not unfolded. The body of a
// request is never unfolded.
func TestBombs(t *testing.T) {
	w := serve(t, brio.Config{MaxPayload: 100_000, Deflate: &brio.Deflate{}})
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = z.Write(bytes.Repeat([]byte("4"), 64<<20)) // into memory
	_ = z.Flush()
	p := w.visit("", "Sec-WebSocket-Extensions", "permessage-deflate")
	f := ws.NewFrame(ws.OpText, true, b.Bytes()[:b.Len()-4])
	f.Header.Rsv = 4
	p.write(compile(f))
	if code, _ := p.cut(); code != ws.StatusMessageTooBig {
		t.Errorf("cut with %d", code)
	}
	b.Reset()
	g := gzip.NewWriter(&b)
	_, _ = g.Write([]byte("40")) // into memory
	_ = g.Close()
	w.request("POST", "&sid="+w.begin(), b.String(), "Content-Encoding", "gzip").is(t, 400, "")
}

// Of many requests of one kind on one session at most one is answered: the session ends.
func TestManyRequestsOfOneSession(t *testing.T) {
	w := serve(t, brio.Config{})
	sid := w.poll()
	results := make(chan answer, 50)
	for range cap(results) {
		go func() {
			a, _ := w.try("GET", "&sid="+sid, "") // status 0 if it fails
			results <- a
		}()
	}
	ok := 0
	for range cap(results) {
		if a := <-results; a.status == 200 {
			ok++
		} else if a.status != 400 {
			t.Error("answered ", a)
		}
	}
	if ok > 1 {
		t.Errorf("%d requests held at once were answered", ok)
	}
	w.alone()
}

// A packet with too many attachments, or placeholders that are not theirs, ends its
// connection at once.
func TestAttachments(t *testing.T) {
	w := serve(t, brio.Config{MaxAttachments: 3})
	for _, packet := range []string{
		`54-["x"]`, `599999999999999999999-["x"]`, `5-["x"]`, `51-["x",{"_placeholder":true,"num":1}]`,
		`51-["x",{"_placeholder":true,"num":-1}]`, `51-["x",{"_placeholder":true,"num":1e9}]`,
		`52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, `51-["x",{"_placeholder":true,"num":"splice"}]`,
	} {
		p := w.join()
		p.event(packet)
		p.cut()
	}
	p := w.join()
	p.write(frame(true, ws.OpBinary, "of no packet"))
	p.cut()
	w.alone()
}

// One connection gets into MaxNamespaces, and namespaces that nobody is let into are
// not kept.
func TestNamespacesByTheThousand(t *testing.T) {
	w := serve(t, brio.Config{MaxNamespaces: 10}, func(w *site) {
		w.Of("/org-{id}")
		w.Of("/closed-{id}").Use(func(context.Context, *brio.Socket) error { return brio.Errorf("no") })
	})
	before := w.Stats().Namespaces
	p := w.visit("")
	in, refused := 0, 0
	for i := range 500 {
		p.event(fmt.Sprintf("0/org-%d,", i))
		switch text := p.read(); {
		case strings.Contains(text, `{"sid":`):
			in++
		case strings.Contains(text, "too many namespaces"):
			refused++
		default:
			t.Fatal("answered ", text)
		}
	}
	if in != 10 || refused != 490 {
		t.Errorf("let into %d, refused %d", in, refused)
	}
	q := w.visit("")
	for i := range 500 {
		q.event(fmt.Sprintf("0/closed-%d,", i))
		q.read()
	}
	eventually(t, "nothing is kept of those", func() bool { return w.Stats().Namespaces == before+10 })
}

// Event names that mean nothing leave nothing behind, and no word in the log.
func TestEventNames(t *testing.T) {
	w := serve(t, brio.Config{})
	p := w.join()
	for i := range 5000 {
		p.event(fmt.Sprintf(`2["name-%d"]`, i))
	}
	p.event(`21["echo","still here"]`)
	p.until(`431["still here"]`)
	if text := w.log.String(); strings.Contains(text, "name-") {
		t.Errorf("the log: %.300s", text)
	}
}

// What is no JSON, is nested too deeply, or no event, ends its connection; numbers and
// surrogates that mean nothing are an error or U+FFFD where they are read.
func TestDocuments(t *testing.T) {
	w := serve(t, brio.Config{}, func(w *site) {
		w.Of("/").On("number", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
			var n float64
			if err := args.Scan(&n); err != nil {
				return err
			}
			return args.Ack(n)
		})
	})
	for _, packet := range []string{
		`2["x",` + strings.Repeat("[", 400_000), `2["x",` + strings.Repeat(`{"a":`, 100_000), `2["x",01]`, `2["x",NaN]`,
		`2["x","\ud8"]`, `2["x`, `2[{}]`, `2["connect"]`, `2{"length":1}`, `299999999999999999999["x"]`, `9`, ``,
	} {
		p := w.join()
		p.event(packet)
		p.cut()
	}
	p := w.join()
	p.write(frame(true, ws.OpText, "42[\"\xff\xfe\"]"))
	if code, _ := p.cut(); code != ws.StatusInvalidFramePayloadData {
		t.Errorf("not UTF-8: cut with %d", code)
	}
	q := w.join()
	q.event(`21["number",1e999999]`, `22["echo","\ud800"]`, `25["echo","end"]`)
	q.until(`431[{"error":{"message":"`)
	if text := q.read(); text != "432[\"\ufffd\"]" {
		t.Error("a lone surrogate: ", text)
	}
	q.until(`435["end"]`)
}

// Acknowledgements of what was not asked do nothing, and none answers for another
// socket.
func TestForgedAcknowledgements(t *testing.T) {
	w := serve(t, brio.Config{})
	victim, forger := w.join(), w.join()
	answers := make(chan string, 1)
	go func() {
		args, err := w.Of("/").Socket(victim.id).Do(context.Background(), "question")
		if err != nil {
			answers <- err.Error()
			return
		}
		answers <- string(args.Raw(0))
	}()
	id := strings.TrimSuffix(victim.until("42")[2:], `["question"]`)
	for i := range 1000 {
		forger.event(fmt.Sprintf(`3%d["forged"]`, i))
	}
	forger.event(`21["echo","all taken"]`)
	forger.until(`431["all taken"]`)
	victim.event(`3`+id+`["own"]`, `3`+id+`["twice"]`)
	if got := <-answers; got != `"own"` {
		t.Error("answered with ", got)
	}
}

// Many small events in one request wait in the request once MaxBacklog of them waits
// for the handlers.
func TestSmallEventsInOneRequest(t *testing.T) {
	gate := make(chan struct{})
	w := serve(t, brio.Config{MaxBacklog: 64 << 10}, func(w *site) {
		w.Of("/").On("a", func(context.Context, *brio.Socket, brio.Args) error { <-gate; return nil })
	})
	sid := w.poll()
	posted := make(chan answer, 1)
	go func() {
		a, _ := w.try("POST", "&sid="+sid, strings.Repeat("42[\"a\"]\x1e", 50_000)+`42["a"]`)
		posted <- a
	}()
	w.serves()
	select {
	case a := <-posted:
		t.Error("answered before it was taken: ", a)
	default:
	}
	close(gate)
	(<-posted).is(t, 200, "ok")
}

// Auth that is too large is refused, for it would be kept.
func TestAuthIsBounded(t *testing.T) {
	w := serve(t, brio.Config{MaxAuth: 1000})
	p := w.visit("")
	p.event(`0{"token":"` + strings.Repeat("x", 1000) + `"}`)
	if text := p.read(); text != `44{"message":"auth is too large"}` {
		t.Error("answered ", text)
	}
	w.join(`{"token":"` + strings.Repeat("x", 900) + `"}`)
}
