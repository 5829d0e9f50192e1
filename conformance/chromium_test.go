package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/transport"
)

// What Chromium makes of an answer that asks it to keep no context, and of our
// compressed frames, it says itself.
func TestDeflateInChromium(t *testing.T) {
	server := engine.NewServer(engine.Config{
		Deflate: new(engine.Deflate),
		Open: func(s *engine.Session, _ *http.Request) engine.Receiver {
			return mirror{s}
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", server)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {}) // a page of that origin
	site := httptest.NewServer(mux)
	defer site.Close()

	const script = `new Promise((resolve, reject) => {
		const sent = ["4" + "words and more ".repeat(1000), "4small", "4" + "€😀".repeat(2000)];
		const ws = new WebSocket(location.origin.replace("http", "ws") + "/engine.io/?EIO=4&transport=websocket");
		const came = [];
		ws.onclose = (e) => reject(new Error("closed with " + e.code));
		ws.onmessage = (e) => {
			if (e.data[0] === "0") return sent.forEach((each) => ws.send(each));
			came.push(e.data);
			if (came.length === sent.length) resolve(ws.extensions + " " + (came.join() === sent.join()));
		};
	})`
	got := inChromium(t, site.URL, script)
	const want = "permessage-deflate;server_no_context_takeover;client_no_context_takeover true"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// inChromium opens a page and returns the string that a promise there becomes.
func inChromium(t *testing.T, url, promise string) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: install it, on Debian with\n\tapt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string](promise, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Cancel(ctx); err != nil {
		t.Errorf("stop Chromium: %v", err)
	}
	return result
}

// mirror sends each message of a session back to it.
type mirror struct{ session *engine.Session }

func (m mirror) Message(data []byte, _ bool) {
	_ = m.session.Send([]*transport.Frame{transport.NewText(transport.Message, string(data))}, 0)
}

func (mirror) Closed(engine.Reason) {}
