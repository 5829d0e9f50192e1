package doc

import (
	"strings"
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

func apps(s *site.Site) []site.App { return []site.App{New(s)} }

// Two people in two browsers, ada on a line that breaks, bob on a good one.
func TestTwoPeopleInChromium(t *testing.T) {
	server := sitetest.StartHouse(t, site.Config{Quiet: true}, apps)
	bad := sitetest.StartCable(t, server.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/doc/")
	bob.Opens(server.URL() + "/doc/")

	theyWriteTogether(ada, bob)
	adaWritesOffline(ada, bob, bad)
	adaReloads(ada, bob, bad)
	anAcknowledgementIsLost(ada, bob, bad)
	adaTakesBackWhatIsHers(ada, bob)
	bobIsRefused(bob)
	bobTakesHisPhone(bob, server)
}

// is waits until both see a text.
func is(text string, windows ...*sitetest.Window) {
	for _, w := range windows {
		w.Sees(`$("[data-paper]").value === ` + quote(text))
	}
}

func quote(text string) string { return "`" + strings.ReplaceAll(text, "`", "\\`") + "`" }

// types types at the first place behind some words, "" for the beginning.
func types(w *sitetest.Window, after, text string) {
	w.Sees(`!$("[data-paper]").readOnly`)
	w.Does(`const paper = $("[data-paper]"), at = paper.value.indexOf(` + quote(after) + `) + ` + quote(after) + `.length;
		paper.focus(); paper.setSelectionRange(at, at)`)
	w.Types("[data-paper]", text)
}

func saved(windows ...*sitetest.Window) {
	for _, w := range windows {
		w.Sees(`text("[data-saved]") === "all changes are saved"`)
	}
}

func theyWriteTogether(ada, bob *sitetest.Window) {
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`$("[data-blank]").checkVisibility() && texts("[data-people] .entry-name").length === 2`)
	}
	types(ada, "", "Roses 🌱\rBeans <b>&amp;")
	is("Roses 🌱\nBeans <b>&amp;", ada, bob)
	types(bob, "Roses 🌱", ", red")
	types(ada, "&amp;", "!")
	is("Roses 🌱, red\nBeans <b>&amp;!", ada, bob)
	saved(ada, bob)
	bob.Sees(`texts(".flag").length === 1 && text("[data-people] .entry:not(:has(.is-you)) .entry-more") === "line 2"`)
	ada.Sees(`text("[data-people] .entry:not(:has(.is-you)) .entry-more") === "line 1"`)
	// Bob's cursor is drawn behind the word he has written.
	ada.Sees(`$(".caret").previousSibling.textContent.endsWith(", red")`)
	bob.Does(`$("[data-paper]").setSelectionRange(0, 5)`)
	ada.Sees(`texts(".selected").join("") === "Roses"`)
}

func adaWritesOffline(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`text("[data-saved]").startsWith("offline")`)
	types(ada, "Beans", " and peas")
	types(ada, "", "Ada's: ")
	ada.Sees(`text("[data-saved]") === "offline, 2 changes waiting"`)
	ada.Sees(`text("[data-state-words]").startsWith("offline, 2 waiting to be sent")`)
	types(bob, "Roses ", "and tulips ")
	bob.Sees(`$("[data-paper]").value === "Roses and tulips 🌱, red\nBeans <b>&amp;!"`)
	bad.Mend()
	is("Ada's: Roses and tulips 🌱, red\nBeans and peas <b>&amp;!", ada, bob)
	saved(ada, bob)
}

// What waits is still there after the page has gone, and arrives once.
func adaReloads(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`text("[data-saved]").startsWith("offline")`)
	types(ada, "peas", ", kept")
	ada.Sees(`text("[data-saved]") === "offline, 1 change waiting"`)
	ada.Opens("about:blank")
	types(bob, "tulips", " (yellow)")
	bad.Mend()
	ada.Opens(bad.URL() + "/doc/")
	is("Ada's: Roses and tulips (yellow) 🌱, red\nBeans and peas, kept <b>&amp;!", ada, bob)
	saved(ada)
	ada.Opens(bad.URL() + "/doc/")
	saved(ada)
	is("Ada's: Roses and tulips (yellow) 🌱, red\nBeans and peas, kept <b>&amp;!", ada, bob)
	ada.Sees(`Object.keys(localStorage).every((key) => !key.startsWith("brio.doc."))`)
}

// The change has arrived, but Ada does not know, and sends it again.
func anAcknowledgementIsLost(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Deafen()
	ada.Does(`const paper = $("[data-paper]"), at = paper.value.indexOf("Beans") + 5;
		paper.setRangeText(" once", at, at, "end"); paper.dispatchEvent(new Event("input"))`)
	bob.Sees(`$("[data-paper]").value.includes("Beans once")`)
	ada.Sees(`text("[data-saved]") === "saving"`)
	bad.Cut()
	ada.Sees(`/^offline, [12] changes? waiting/.test(text("[data-saved]"))`)
	bad.Mend()
	saved(ada)
	is("Ada's: Roses and tulips (yellow) 🌱, red\nBeans once and peas, kept <b>&amp;!", ada, bob)
}

func adaTakesBackWhatIsHers(ada, bob *sitetest.Window) {
	types(bob, "once", " more")
	ada.Sees(`$("[data-paper]").value.includes("Beans once more")`)
	ada.Clicks(`[data-undo]`)
	is("Ada's: Roses and tulips (yellow) 🌱, red\nBeans more and peas, kept <b>&amp;!", ada, bob)
	ada.Clicks(`[data-redo]`)
	is("Ada's: Roses and tulips (yellow) 🌱, red\nBeans once more and peas, kept <b>&amp;!", ada, bob)
}

func bobIsRefused(bob *sitetest.Window) {
	bob.Types("[data-add] input", "a/b\r")
	bob.Sees(`text("[data-add-error]") === "Name the document with up to 32 letters, digits and dashes." && $("[data-add] input").ariaInvalid === "true"`)
	bob.Does(`$("[data-add] input").value = "Seed List"; $("[data-add]").requestSubmit()`)
	bob.Sees(`text("h2[data-title]") === "seed-list" && location.hash === "#seed-list" && texts("[data-documents] .entry-name").join() === "minutes,seed-list"`)
	bob.Does(`const paper = $("[data-paper]"); paper.value = "x".repeat(20001); paper.dispatchEvent(new Event("input"))`)
	bob.Sees(`text("[data-error]") === "The document is full: it holds 20000 characters. Make it shorter." && text("[data-saved]") === "not saved, 1 change waiting"`)
	bob.Does(`const paper = $("[data-paper]"); paper.value = "short"; paper.dispatchEvent(new Event("input"))`)
	saved(bob)
	bob.Sees(`!$("[data-error]").checkVisibility()`)
	bob.Clicks(`[data-key="minutes"]`)
	bob.Sees(`$("[data-paper]").value.startsWith("Ada's")`)
}

func bobTakesHisPhone(bob *sitetest.Window, server *sitetest.House) {
	bob.Fits()
	for _, view := range []string{"rooms", "people", "talk"} {
		bob.Clicks(`[data-show="` + view + `"]`)
		bob.Sees(`$("main").dataset.view === "` + view + `"`)
		bob.Fits()
	}
	bob.Opens(server.URL() + "/")
	bob.Sees(`/^1 person · \d+ words · revision \d+$/.test(text("[data-facts]")) && document.querySelectorAll("[data-drawing] rect").length > 8`)
}

// The server stops and comes back, under a page that has changes waiting.
func TestRestartInChromium(t *testing.T) {
	house := sitetest.StartHouse(t, site.Config{Quiet: true, Data: t.TempDir()}, apps)
	cable := sitetest.StartCable(t, house.Address())
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(cable.URL() + "/doc/")
	types(ada, "", "Before.")
	saved(ada)
	cable.Cut()
	ada.Sees(`text("[data-saved]").startsWith("offline")`)
	types(ada, "Before.", " Between.")
	house.Restart()
	cable.Mend()
	saved(ada)
	is("Before. Between.", ada)
	types(ada, "Between.", " After.")
	saved(ada)
	is("Before. Between. After.", ada)
}

// The simulated people write for one visitor, and leave when they are switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, apps)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/doc/")
	ada.Sees(`$("[data-paper]").value.startsWith("Garden club, minutes of April\nPresent: ")`)
	ada.Sees(`document.querySelectorAll("[data-people] .is-simulated").length === 4`)
	ada.Sees(`$(".caret.is-lively")`)
	types(ada, "", "Ada was here.\r")
	ada.Sees(`$("[data-paper]").value.startsWith("Ada was here.\nGarden club")`)
	ada.Clicks(`[data-crowd] input`)
	ada.Sees(`document.querySelectorAll("[data-people] .entry").length === 1 && !$(".caret")`)
}
