package chat

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a Chromium without a screen.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func startBrowser(t *testing.T) browser {
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

	return browser{t, ctx}
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

// window is a tab of a browser. What the page complains of on its console
// fails the test, except that a line is broken.
type window struct {
	t     *testing.T
	ctx   context.Context
	close context.CancelFunc
	name  string
}

// window opens a window that shares nothing with others.
func (b browser) window(name string) *window {
	return newWindow(b.t, b.ctx, name, chromedp.WithNewBrowserContext())
}

// tab opens another tab of the same person.
func (w *window) tab() *window { return newWindow(w.t, w.ctx, w.name+"'s other tab") }

func newWindow(t *testing.T, parent context.Context, name string, options ...chromedp.ContextOption) *window {
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
	w := &window{t: t, ctx: ctx, close: cancel, name: name}
	w.do(chromedp.EmulateViewport(1280, 800))

	return w
}

func (w *window) opens(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

func (w *window) joins() {
	w.t.Helper()
	w.sees(`$("[data-name-form]").checkVisibility()`)
	w.do(chromedp.SendKeys(chromedp.CSS("#name"), w.name+"\r"))
	w.sees(`$("[data-compose]").checkVisibility()`)
}

// types types into the message box. "\r" sends.
func (w *window) types(text string) {
	w.t.Helper()
	w.do(chromedp.SendKeys(chromedp.CSS("[data-compose] textarea"), text))
}

// clicks clicks where an element is: the page may draw it anew meanwhile.
func (w *window) clicks(selector string) {
	w.t.Helper()
	w.sees(`$(` + strconv.Quote(selector) + `)?.checkVisibility()`)
	var x, y float64
	at := w.run(`
		const element = $(` + strconv.Quote(selector) + `);
		element.scrollIntoView({ block: "nearest" });
		const { x, y, width, height } = element.getBoundingClientRect();
		return [x + width / 2, y + height / 2].join(" ");`)
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		w.t.Fatalf("%s: where is %s? %q", w.name, selector, at)
	}
	w.do(chromedp.MouseClickXY(x, y))
}

// narrows makes the window a phone.
func (w *window) narrows() {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// does runs statements in the page.
func (w *window) does(statements string) {
	w.t.Helper()
	w.run(statements + `; return ""`)
}

// sees waits until a condition holds in the page.
func (w *window) sees(condition string) {
	w.t.Helper()
	trouble := w.run(`
		for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 20))) {
			if (` + condition + `) return "";
		}
		return document.body.innerText;`)
	if trouble != "" {
		w.t.Fatalf("%s does not see\n\t%s\nbut\n%s", w.name, condition, trouble)
	}
}

func (w *window) run(statements string) string {
	w.t.Helper()
	result, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`(async () => {
		const $ = (selector) => document.querySelector(selector);
		const text = (selector) => $(selector)?.textContent ?? "";
		const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
		`+statements+`
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}

	return result
}

func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, actions...); err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
}
