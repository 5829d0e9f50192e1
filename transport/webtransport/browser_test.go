package webtransport

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/briohq/brio"
)

// loads are how a page comes to io: by the browser client of the reference
// implementation, and by brio's own.
var loads = map[string]string{
	"socket.io-client": `<script src="/client.js"></script>`,
	"brio.js":          `<script type="module">import { io } from "/socket.io/brio.js"; window.io = io;</script>`,
}

// official is the browser client of the reference implementation.
const official = "../../conformance/node_modules/socket.io-client/dist/socket.io.min.js"

// site is a brio.Server over HTTP and over HTTP/3, on one port number, with a
// page that has a client. Everybody is in one room, in which who says
// something is heard by the others.
type site struct {
	url    string
	load   string // one of loads
	server *brio.Server
	h3     *Server
}

func startSite(t *testing.T, client string, config brio.Config) *site {
	t.Helper()
	if _, err := os.Stat(official); err != nil {
		t.Fatal("the official client is missing: install it with\n\tnpm ci --prefix conformance")
	}
	config.Transports = []string{"polling", "websocket", "webtransport"}
	s := &site{load: loads[client], server: brio.NewServer(config)}
	ns := s.server.Of("/")
	ns.On("join", func(_ context.Context, socket *brio.Socket, args brio.Args) error {
		socket.Join("room")
		return args.Ack(socket.Transport())
	})
	ns.On("transport", func(_ context.Context, socket *brio.Socket, args brio.Args) error {
		return args.Ack(socket.Transport())
	})
	ns.On("say", func(_ context.Context, socket *brio.Socket, args brio.Args) error {
		return socket.To("room").Emit("said", args)
	})
	ns.On("farewell", func(_ context.Context, socket *brio.Socket, args brio.Args) error {
		for i := range 100 {
			if err := socket.Emit("last", i); err != nil {
				return err
			}
		}
		socket.Close()
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", s.server)
	mux.HandleFunc("/client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, official) })
	mux.HandleFunc("/", s.page)

	l, pc := onePort(t)
	s.url = "http://" + l.Addr().String()
	web := &http.Server{Handler: mux}
	s.h3 = &Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}, Handler: mux}
	served := make(chan error, 2)
	go func() { served <- web.Serve(l) }()
	go func() { served <- s.h3.Serve(pc) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(s.server.Shutdown(ctx), s.h3.Close(), web.Close()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		<-served
		<-served
	})
	return s
}

// onePort listens on a number that is free for TCP and UDP.
func onePort(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, pc
		}
		_ = l.Close()
	}
	t.Fatal("no port is free for both")
	return nil, nil
}

// page has a function connect, which returns a connected socket, and what it
// has heard.
func (s *site) page(w http.ResponseWriter, _ *http.Request) {
	hash := sha256.Sum256(certificate().Certificate[0])
	fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,">%s<script>
	const heard = [];
	const value = Uint8Array.from(atob(%q), (each) => each.charCodeAt(0));
	async function connect(...transports) {
		const socket = io({
			transports, reconnection: false, forceNew: true,
			transportOptions: { webtransport: { serverCertificateHashes: [{ algorithm: "sha-256", value }] } },
		});
		await new Promise((resolve, reject) => {
			socket.on("connect", resolve);
			socket.on("connect_error", (error) => reject(new Error(error.message + ": " + error.description)));
		});
		socket.on("said", (...args) => heard.push(args.map((each) => each instanceof ArrayBuffer ? "bytes " + new Uint8Array(each).join(".") : each).join(" ")));
		window.socket = socket;
		return socket.emitWithAck("join");
	}
	</script>`, s.load, base64.StdEncoding.EncodeToString(hash[:]))
}

// browser is a Chromium without a screen.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("stop Chromium: %v", err)
		}
	})
	return ctx
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is missing. Install it: apt-get install -y chromium")
	return ""
}

// tab is one page of a browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	name string
}

func (s *site) open(t *testing.T, browser context.Context, name string) *tab {
	t.Helper()
	ctx, _ := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
		e, ok := event.(*runtime.EventExceptionThrown)
		// The client lets go of its stream's promises, which fail when the session is closed.
		if ok && !strings.HasPrefix(e.ExceptionDetails.Exception.Description, "WebTransportError: The session is closed.") {
			t.Errorf("%s: %s %+v", name, e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		}
	}))
	t.Cleanup(func() {
		_, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`String(window.socket?.disconnect())`)) // see TestLeavingInChromium
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(s.url)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &tab{t, ctx, name}
}

// run evaluates an expression, and waits for it if it is a promise.
func (w *tab) run(expression string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => String(await (`+expression+`)))()`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %s: %v", w.name, expression, err)
	}
	return result
}

// sees waits until an expression has a value.
func (w *tab) sees(expression, want string) {
	w.t.Helper()
	got := w.run(`(async () => {
		for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((next) => setTimeout(next, 10))) {
			if (String(await (` + expression + `)) === ` + fmt.Sprintf("%q", want) + `) break;
		}
		return ` + expression + `;
	})()`)
	if got != want {
		w.t.Fatalf("%s: %s is %q, not %q", w.name, expression, got, want)
	}
}

// Three people on three transports, in one room: each hears what the others say.
func TestThreeTransportsInChromium(t *testing.T) {
	for client := range loads {
		t.Run(client, func(t *testing.T) { testThreeTransports(t, client) })
	}
}

func testThreeTransports(t *testing.T, client string) {
	browser, s := startBrowser(t), startSite(t, client, brio.Config{}) // which ends first
	tabs := map[string]*tab{}
	names := []string{"webtransport", "websocket", "polling"}
	for _, name := range names {
		tabs[name] = s.open(t, browser, name)
		if got := tabs[name].run(`connect("` + name + `")`); got != name {
			t.Fatalf("%s came over %s", name, got)
		}
		if got := tabs[name].run(`socket.io.engine.transport.name`); got != name {
			t.Fatalf("%s believes to be on %s", name, got)
		}
	}
	var want []string
	for _, name := range names {
		tabs[name].run(`socket.emit("say", "` + name + `", "é", Uint8Array.of(1, 2, 255).buffer)`)
		want = append(want, name+" é bytes 1.2.255")
		for _, other := range names {
			if other != name {
				tabs[other].sees(`heard.at(-1)`, want[len(want)-1])
			}
		}
	}
	for i, name := range names {
		others := append(append([]string{}, want[:i]...), want[i+1:]...)
		tabs[name].sees(`heard.join()`, strings.Join(others, ","))
	}
	// Large ones, of each class of length.
	for _, size := range []int{100, 1000, 70_000, 500_000} {
		for _, name := range names {
			tabs[name].run(fmt.Sprintf(`socket.emit("say", "%s".repeat(%d))`, name[:1], size))
			for _, other := range names {
				if other != name {
					tabs[other].sees(`heard.at(-1).length + heard.at(-1)[0]`, fmt.Sprint(size)+name[:1])
				}
			}
		}
	}
	// It ends in an orderly way on each side.
	wt := tabs["webtransport"]
	wt.run(`socket.disconnect()`)
	until(t, "gone", func() bool { return s.server.Stats().Connections == 2 })
}

func TestUpgradeInChromium(t *testing.T) {
	for client := range loads {
		t.Run(client, func(t *testing.T) { testUpgrade(t, client) })
	}
}

func testUpgrade(t *testing.T, client string) {
	browser, s := startBrowser(t), startSite(t, client, brio.Config{}) // which ends first
	ada, bob := s.open(t, browser, "ada"), s.open(t, browser, "bob")
	bob.run(`connect("websocket")`)
	if got := ada.run(`connect("polling", "webtransport")`); got != "polling" && got != "webtransport" {
		t.Errorf("ada begins on %s", got)
	}
	for i := range 20 { // nothing is lost meanwhile
		bob.run(fmt.Sprintf(`socket.emit("say", %d)`, i))
	}
	ada.sees(`socket.emitWithAck("transport")`, "webtransport")
	ada.sees(`socket.io.engine.transport.name`, "webtransport")
	ada.sees(`heard.join()`, "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19")
	ada.run(`socket.emit("say", "on stream")`)
	bob.sees(`heard.join()`, "on stream")

	// With both to choose from, a client tries WebTransport first.
	both := s.open(t, browser, "both")
	both.run(`connect("polling", "websocket", "webtransport")`)
	both.sees(`socket.emitWithAck("transport")`, "webtransport")
}

// What brio.js does beyond the official client: a message of no bytes, Blobs, and
// another transport where HTTP/3 does not answer.
func TestBrioInChromium(t *testing.T) {
	browser, s := startBrowser(t), startSite(t, "brio.js", brio.Config{}) // which ends first
	ada, bob := s.open(t, browser, "ada"), s.open(t, browser, "bob")
	ada.run(`connect("webtransport")`)
	bob.run(`connect("websocket")`)
	ada.run(`socket.emit("say", new Uint8Array(0), new Blob(["ab"]), new Uint16Array([258]), new ArrayBuffer(3)).volatile.emit("say", "too soon")`)
	bob.sees(`heard.join()`, "bytes  bytes 97.98 bytes 2.1 bytes 0.0.0")
	ada.run(`socket.emitWithAck("transport")`)
	ada.run(`socket.volatile.emit("say", "idle")`)
	bob.sees(`heard.at(-1)`, "idle")

	if err := s.h3.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.open(t, browser, "eve").run(`connect("webtransport", "websocket")`); got != "websocket" {
		t.Errorf("eve came over %s", got)
	}
	dan := s.open(t, browser, "dan")
	dan.run(`connect("polling", "websocket", "webtransport")`)
	dan.sees(`socket.emitWithAck("transport")`, "websocket")
}

// What a server says before it closes a connection is heard.
func TestLastWordsInChromium(t *testing.T) {
	for client := range loads {
		t.Run(client, func(t *testing.T) { testLastWords(t, client) })
	}
}

func testLastWords(t *testing.T, client string) {
	browser, s := startBrowser(t), startSite(t, client, brio.Config{}) // which ends first
	ada := s.open(t, browser, "ada")
	ada.run(`connect("webtransport")`)
	ada.run(`(window.last = [], socket.on("last", (n) => last.push(n)), socket.on("disconnect", (reason) => window.reason = reason), socket.emit("farewell"))`)
	ada.sees(`window.reason`, "transport close")
	ada.sees(`last.length`, "100")
	until(t, "gone", func() bool { return s.server.Stats().Connections == 0 })
}

// A page that is left ends its session: at once, or, for Chromium doesn't always
// say that it has gone, for want of a heartbeat.
func TestLeavingInChromium(t *testing.T) {
	for client := range loads {
		t.Run(client, func(t *testing.T) { testLeaving(t, client) })
	}
}

func testLeaving(t *testing.T, client string) {
	browser, s := startBrowser(t), startSite(t, client, brio.Config{PingInterval: time.Second, PingTimeout: time.Second}) // which ends first
	reasons := make(chan brio.Reason, 1)
	s.server.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, r brio.Reason) error {
		reasons <- r
		return nil
	})
	ada := s.open(t, browser, "ada")
	ada.run(`connect("webtransport")`)
	if err := chromedp.Do(ada.ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if got := take(t, reasons); got != "transport close" && got != "ping timeout" {
		t.Errorf("left for %q", got)
	}
}
