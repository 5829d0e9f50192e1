package sitetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/input"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a Chromium without a screen.
type Browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp's handle of a browser
}

// StartBrowser starts one that ends with the test.
func StartBrowser(t *testing.T) Browser {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
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

	return Browser{t, ctx}
}

func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is missing. Install it: apt-get install -y chromium")

	return ""
}

// Window is a tab of a browser. What the page complains of on its console
// fails the test, except that a line is broken.
type Window struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // chromedp's handle of a tab
	Close context.CancelFunc
	Name  string
}

// For returns the browser for a subtest: with that, its windows end.
func (b Browser) For(t *testing.T) Browser { return Browser{t, b.ctx} }

// Window opens a window that shares nothing with others.
func (b Browser) Window(name string) *Window {
	return newWindow(b.t, b.ctx, name, chromedp.WithNewBrowserContext())
}

// Tab opens another tab of the same person.
func (w *Window) Tab() *Window { return newWindow(w.t, w.ctx, w.Name+"'s other tab") }

func newWindow(t *testing.T, parent context.Context, name string, options ...chromedp.ContextOption) *Window {
	var mu sync.Mutex // guards complaints
	var complaints []string
	listen := chromedp.WithListener(func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
		case *runtime.EventConsoleAPICalled:
			complaints = append(complaints, fmt.Sprintf("console.%s %+v", e.Type, e.Args))
		case *browserlog.EventEntryAdded:
			if !strings.Contains(e.Entry.Text, "net::ERR_") {
				complaints = append(complaints, e.Entry.Text)
			}
		}
	})
	ctx, cancel := chromedp.NewContext(parent, append(options, listen)...)
	t.Cleanup(func() {
		cancel()
		mu.Lock()
		defer mu.Unlock()
		if len(complaints) > 0 {
			t.Errorf("%s's console says:\n%s", name, strings.Join(complaints, "\n"))
		}
	})
	w := &Window{t: t, ctx: ctx, Close: cancel, Name: name}
	w.do(chromedp.EmulateViewport(1280, 800))

	return w
}

// Opens goes to a page.
func (w *Window) Opens(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

// Types types into the first element of a selector. "\r" is the key Enter.
func (w *Window) Types(selector, text string) {
	w.t.Helper()
	w.Sees(`$(` + strconv.Quote(selector) + `)?.checkVisibility()`)
	w.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Presses presses a key, such as "\r" or kb.ArrowLeft, where the focus is.
func (w *Window) Presses(key string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(key))
}

// Drags presses the mouse at a point of the page, moves it through others and lets go.
func (w *Window) Drags(points ...[2]float64) {
	w.t.Helper()
	for i, p := range points {
		kind := input.DispatchMouseEventTypeMouseMoved
		if i == 0 {
			kind = input.DispatchMouseEventTypeMousePressed
		}
		w.mouse(kind, p)
	}
	w.mouse(input.DispatchMouseEventTypeMouseReleased, points[len(points)-1])
}

func (w *Window) mouse(kind input.DispatchMouseEventType, p [2]float64) {
	w.t.Helper()
	pressed := func(e *input.DispatchMouseEventParams) {
		e.Button, e.Buttons, e.ClickCount = input.MouseButtonLeft, 1, 1
	}
	w.do(chromedp.MouseEvent(kind, p[0], p[1], pressed))
}

// Shot writes what the window shows to a PNG file, in the theme "light" or "dark".
func (w *Window) Shot(file, theme string) {
	w.t.Helper()
	w.Does(`document.documentElement.dataset.theme = "` + theme + `"; await new Promise((next) => setTimeout(next, 300))`)
	png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatalf("%s: %v", w.Name, err)
	}
	if err := os.WriteFile(file, png, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// Clicks clicks where an element is: the page may draw it anew meanwhile.
func (w *Window) Clicks(selector string) {
	w.t.Helper()
	w.Sees(`$(` + strconv.Quote(selector) + `)?.checkVisibility()`)
	x, y := w.middle(selector)
	w.do(chromedp.MouseClickXY(x, y))
}

// middle is that of an element, which it scrolls into view.
func (w *Window) middle(selector string) (x, y float64) {
	w.t.Helper()
	at := w.Run(`
		const element = $(` + strconv.Quote(selector) + `);
		element.scrollIntoView({ block: "nearest" });
		const { x, y, width, height } = element.getBoundingClientRect();
		return [x + width / 2, y + height / 2].join(" ");`)
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		w.t.Fatalf("%s: where is %s? %q", w.Name, selector, at)
	}

	return x, y
}

// Narrows makes the window a phone.
func (w *Window) Narrows() {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// Does runs statements in the page.
func (w *Window) Does(statements string) {
	w.t.Helper()
	w.Run(statements + `; return ""`)
}

// Sees waits until a condition holds in the page.
func (w *Window) Sees(condition string) {
	w.t.Helper()
	trouble := w.Run(`
		for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 20))) {
			if (` + condition + `) return "";
		}
		return document.body.innerText;`)
	if trouble != "" {
		w.t.Fatalf("%s does not see\n\t%s\nbut\n%s", w.Name, condition, trouble)
	}
}

// Fits makes the window a phone's, and fails unless the page is as wide as that and
// what one touches is large enough.
func (w *Window) Fits() {
	w.t.Helper()
	w.Narrows()
	w.Sees(`document.documentElement.scrollWidth === innerWidth`)
	small := w.Run(`return [...document.querySelectorAll("button, .field, .switch, select, [role=tab]")].
		filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML).join("\n")`)
	if small != "" {
		w.t.Errorf("too small to touch:\n%s", small)
	}
}

// Run runs the body of an async function in the page, and returns the text it returns. There, $, text and texts find
// elements and what they say.
func (w *Window) Run(statements string) string {
	w.t.Helper()
	result, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`(async () => {
		const $ = (selector) => document.querySelector(selector);
		const text = (selector) => $(selector)?.textContent ?? "";
		const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
		`+statements+`
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", w.Name, err)
	}

	return result
}

func (w *Window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, actions...); err != nil {
		w.t.Fatalf("%s: %v", w.Name, err)
	}
}
