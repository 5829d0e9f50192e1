package sitetest

import (
	"context"
	_ "embed"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var (
	//go:embed contrast.js
	contrast string
	//go:embed tabs.js
	tabs string
)

// Legible fails for each text in sight that has less contrast than WCAG AA asks for, in
// both themes.
func (w *Window) Legible(where string) {
	w.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		w.Does(`document.documentElement.dataset.theme = "` + theme + `"; await new Promise((next) => setTimeout(next, 300))`)
		if found := w.Run(contrast); found != "" {
			w.t.Errorf("%s, %s: hard to read:\n%s", where, theme, found)
		}
	}
}

// Tabs presses Tab until the focus is back where it began, and fails for each control
// that was not reached, and where the focus is not to be seen.
func (w *Window) Tabs() {
	w.t.Helper()
	run := func(step string) string { return w.Run(`const step = "` + step + `";` + tabs) }
	run("begin")
	first := ""
	for range 300 {
		w.Presses(kb.Tab)
		at := run("at")
		if at == "" || at == first {
			break
		}
		if first == "" {
			first = at
		}
	}
	if missed := run("missed"); missed != "" {
		w.t.Errorf("%s", missed)
	}
}

// Focuses gives an element the focus, as keys do.
func (w *Window) Focuses(selector string) {
	w.t.Helper()
	w.Sees("$(`" + selector + "`)?.checkVisibility()")
	w.Does("$(`" + selector + "`).focus({ focusVisible: true })")
}

// Taps touches an element and lets go.
func (w *Window) Taps(selector string) {
	w.t.Helper()
	w.Sees("$(`" + selector + "`)?.checkVisibility()")
	x, y := w.middle(selector)
	w.do(chromedp.TapXY(x, y))
}

// Strokes moves fingers, each along its own way, over the page: a way has as many points
// as the others.
func (w *Window) Strokes(ways ...[][2]float64) {
	w.t.Helper()
	for i := range ways[0] {
		kind := input.DispatchTouchEventTypeTouchMove
		if i == 0 {
			kind = input.DispatchTouchEventTypeTouchStart
		}
		var points []*input.TouchPoint
		for finger, way := range ways {
			id := float64(finger)
			points = append(points, &input.TouchPoint{X: way[i][0], Y: way[i][1], ID: &id})
		}
		w.touch(kind, points)
	}
	w.touch(input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{})
}

func (w *Window) touch(kind input.DispatchTouchEventType, points []*input.TouchPoint) {
	w.t.Helper()
	w.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		return chromedp.Void{}, err
	})
}

// Writes draws with a pen, pressed as hard as each point says, between 0 and 1.
func (w *Window) Writes(points ...[3]float64) {
	w.t.Helper()
	for i, p := range points {
		kind := input.DispatchMouseEventTypeMouseMoved
		if i == 0 {
			kind = input.DispatchMouseEventTypeMousePressed
		}
		w.pen(kind, p)
	}
	w.pen(input.DispatchMouseEventTypeMouseReleased, points[len(points)-1])
}

func (w *Window) pen(kind input.DispatchMouseEventType, p [3]float64) {
	w.t.Helper()
	w.do(chromedp.MouseEvent(kind, p[0], p[1], func(e *input.DispatchMouseEventParams) {
		e.Button, e.Buttons, e.ClickCount = input.MouseButtonLeft, 1, 1
		e.PointerType, e.Force = input.DispatchMouseEventPointerTypePen, p[2]
	}))
}

// Views calls f for each part of a phone's page that a button shows, or once if there are none.
func (w *Window) Views(f func(view string)) {
	w.t.Helper()
	all := w.Run(`return [...document.querySelectorAll("[data-show]")].filter((each) => each.checkVisibility()).map((each) => each.dataset.show).join(" ")`)
	if all == "" {
		f("")
	}
	for _, view := range strings.Fields(all) {
		w.Clicks(`[data-show="` + view + `"]`)
		f(view)
	}
}
