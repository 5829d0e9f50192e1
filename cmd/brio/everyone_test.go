package main

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/briohq/brio/apps"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

// places are the pages and what of them needs an address of its own.
var places = map[string]string{
	"start": "/", "chat": "/chat/", "sales": "/sales/", "fleet": "/fleet/", "trading": "/trading/", "class": "/class/", "teacher": "/class/#teacher",
	"board": "/board/", "doc": "/doc/", "game": "/game/", "desk": "/desk/", "customer": "/desk/#customer", "agent": "/desk/#agent", "ops": "/ops/",
}

// What is written on a page can be read: all text in sight has the contrast of WCAG AA,
// on a screen and on each part of a phone's page, in both themes, with its dialogs.
func TestPagesCanBeRead(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, apps.All)
	b := sitetest.StartBrowser(t)
	for name, path := range places {
		t.Run(name, func(t *testing.T) {
			w := b.For(t).Window("visitor")
			w.Opens(url + path)
			w.Sees(`$("[data-state]").dataset.state === "live" && (document.querySelectorAll(".strip .note.is-received").length > 2 || ` + js(name == "customer") + `)`)
			w.Legible("on a screen")
			if name != "start" {
				w.Clicks(`[data-drawer-open]`)
				w.Legible("how it works")
				w.Clicks(`[data-drawer-close]`)
			}
			w.Fits()
			w.Views(func(view string) { w.Legible("on a phone " + view) })
		})
	}
}

// Keys reach all that a mouse does, and one sees where they are. Without simulated people,
// as nothing then comes and goes under the keys.
func TestPagesByKeys(t *testing.T) {
	url := sitetest.Start(t, site.Config{Quiet: true}, apps.All)
	b := sitetest.StartBrowser(t)
	for name, path := range places {
		t.Run(name, func(t *testing.T) {
			w := b.For(t).Window("visitor")
			w.Opens(url + path)
			w.Sees(`$("[data-state]").dataset.state === "live"`)
			if name != "start" && name != "desk" { // where one has a name
				w.Sees(`$("[data-person]").checkVisibility()`)
			}
			w.Tabs()
			if name == "start" {
				w.Focuses(`[data-app=chat]`)
				w.Presses(kb.Enter)
				w.Sees(`location.pathname === "/chat/" && $("[data-compose]")?.checkVisibility()`)
				return
			}
			w.Focuses(`[data-drawer-open]`)
			w.Presses(kb.Enter)
			w.Sees(`$("[data-drawer]").open && $("[data-drawer]").contains(document.activeElement)`)
			w.Presses(kb.Escape)
			w.Sees(`!$("[data-drawer]").open && document.activeElement === $("[data-drawer-open]")`)
			w.Focuses(`[data-theme-switch]`)
			before := w.Run(`return getComputedStyle(document.body).color`)
			w.Presses(" ")
			w.Sees(`getComputedStyle(document.body).color !== "` + before + `"`)
			if act := byKeys[name]; act != nil {
				act(w)
			}
		})
	}
}

func js(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// byKeys is what people do at a page, done by keys alone.
var byKeys = map[string]func(w *sitetest.Window){
	"chat": func(w *sitetest.Window) {
		w.Focuses(`[data-key=library]`)
		w.Presses(kb.Enter)
		w.Sees(`text("[data-title]") === "library" && document.activeElement.dataset.key === "library"`)
		w.Types(`[data-compose] textarea`, "By keys.\r")
		w.Sees(`texts(".message .text").join() === "By keys." && !$(".is-pending")`)
		w.Focuses(`[data-person]`)
		w.Presses(kb.Enter)
		w.Sees(`$("[data-person-dialog]").open`)
		w.Presses(kb.Escape)
		w.Sees(`!$("[data-person-dialog]").open && document.activeElement === $("[data-person]")`)
	},
	"sales": func(w *sitetest.Window) {
		w.Focuses(`[data-view=Asia]`)
		w.Presses(" ")
		w.Sees(`$("[data-view=Asia]").ariaPressed === "true" && location.hash === "#Asia"`)
	},
	"trading": func(w *sitetest.Window) {
		w.Focuses(`[data-instrument=OTTR]`)
		w.Presses(kb.Enter)
		w.Sees(`text("[data-name]") === "Otter Canals"`)
		w.Focuses(`[name=side]:checked`)
		w.Presses(kb.ArrowRight)
		w.Sees(`$("[name=side]:checked").value === "-1"`)
		w.Focuses(`#limit`)
		w.Does(`$("#limit").value = ""`)
		w.Types(`#limit`, "42\r")
		w.Sees(`text("[data-result]").includes("waits in the book")`)
		w.Focuses(`[data-cancel]`)
		w.Presses(" ")
		w.Sees(`!$("[data-cancel]")`)
	},
	"board": func(w *sitetest.Window) {
		w.Focuses(`[data-tool=rect]`)
		w.Presses(" ")
		w.Sees(`$("[data-tool=rect]").ariaPressed === "true"`)
		w.Focuses(`[data-over]`)
		for _, key := range []string{kb.Enter, kb.ArrowRight, kb.ArrowRight, kb.ArrowDown, kb.Enter} {
			w.Presses(key)
		}
		w.Sees(`$("[data-over]").ariaLabel === "The paper, 1 object"`)
		w.Focuses(`[data-undo]`)
		w.Presses(kb.Enter)
		w.Sees(`$("[data-over]").ariaLabel === "The paper, 0 objects"`)
		w.Focuses(`[data-places-open]`)
		w.Presses(kb.Enter)
		w.Sees(`$("dialog[open] #place")`)
		w.Presses(kb.Escape)
		w.Sees(`!$("dialog[open]") && document.activeElement === $("[data-places-open]")`)
	},
	"doc": func(w *sitetest.Window) {
		w.Sees(`!$("[data-paper]").readOnly`)
		w.Types(`[data-paper]`, "By keys.")
		w.Sees(`text("[data-saved]") === "all changes are saved"`)
		w.Focuses(`[data-undo]`)
		w.Presses(" ")
		w.Sees(`$("[data-paper]").value === ""`)
	},
	"fleet": func(w *sitetest.Window) {
		w.Focuses(`[data-map]`)
		w.Presses("+")
		w.Presses(kb.Enter)
		w.Sees(`$("[data-start]").value === "point"`)
	},
	"customer": func(w *sitetest.Window) {
		w.Types(`[name=subject]`, "By keys")
		w.Types(`[data-open] [name=text]`, "It is done by keys.")
		w.Focuses(`[data-open] .button`)
		w.Presses(" ")
		w.Sees(`text("[data-subject]") === "By keys"`)
		w.Focuses(`[data-act=resolve]`)
		w.Presses(kb.Enter)
		w.Sees(`$("[data-act=reopen]") && document.activeElement === $("[data-act=reopen]")`)
	},
	"ops": func(w *sitetest.Window) {
		w.Focuses(`[data-apps] button`)
		w.Presses(kb.Enter)
		w.Sees(`text("[data-inside-title]").length > 1`)
	},
}
