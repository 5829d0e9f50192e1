package game

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

// Two people in two windows, Ada on a line that breaks, without simulated people.
func TestTwoPeopleInChromium(t *testing.T) {
	folder := t.TempDir()
	apps := func(s *site.Site) []site.App { return []site.App{New(s)} }
	web, closeSite := sitetest.Open(t, site.Config{Quiet: true, Data: folder}, apps)
	address := web.Listener.Addr().String()
	bad := sitetest.StartCable(t, address)
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/game/")
	bob.Opens(web.URL + "/game/")
	for _, w := range []*sitetest.Window{ada, bob} {
		takesName(w)
		w.Sees(`$("[data-start]").checkVisibility()`)
		w.Clicks("[data-play]:not(:disabled)")
		w.Sees(`!$("[data-start]").checkVisibility() && texts("[data-now] .who").includes("` + w.Name + ` (you)")`)
	}
	ada.Sees(`texts("[data-now] .who").includes("Bob")`)
	bob.Sees(`texts("[data-now] .who").includes("Ada")`)
	ada.Sees(`/^\d+ ms$/.test(text("[data-lag=trip]")) && /^\d+ ms late$/.test(text("[data-lag=behind]"))`)

	theySteer(ada, bob)
	adaIsOnABadLine(ada)
	adaIsCutOff(ada, bob, bad)
	bobTakesAnotherTab(bob, web.URL)
	ada.Fits()
	ada.Clicks("[data-scores-open]")
	ada.Sees(`$("[data-scores-open]").ariaExpanded === "true" && $("[data-now]").checkVisibility()`)
	ada.Fits()

	// The server ends, and another one on the same folder comes at its place: the best are still known.
	best := bob.Run(`return texts("[data-best] li").join("; ")`)
	if !strings.Contains(best, "Ada") || !strings.Contains(best, "Bob") {
		t.Errorf("the best are %q", best)
	}
	bad.Cut()
	closeSite()
	again, closeAgain := sitetest.Open(t, site.Config{Quiet: true, Data: folder}, apps)
	t.Cleanup(closeAgain)
	other := sitetest.StartCable(t, again.Listener.Addr().String())
	bob.Opens(other.URL() + "/game/")
	bob.Sees(`texts("[data-best] .who").includes("Ada") && texts("[data-best] .who").includes("Bob")`)
}

func takesName(w *sitetest.Window) {
	w.Clicks("[data-person]")
	w.Sees(`$("[data-person-dialog]").open`)
	w.Does(`$("[data-person-dialog] input").value = ""`)
	w.Types("[data-person-dialog] input", w.Name+"\r")
	w.Sees(`text("[data-person-name]") === "` + w.Name + `" && !$("[data-play]").disabled && text("[data-state-words]").startsWith("live")`)
}

// They steer, Ada with keys and Bob with the mouse, until both have gathered a note.
func theySteer(ada, bob *sitetest.Window) {
	for _, key := range []string{"ArrowRight", "ArrowDown"} {
		ada.Does(`document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "` + key + `", bubbles: true }))`)
	}
	bob.Does(`const box = $("canvas").getBoundingClientRect();
		const point = (type, x, y) => $("canvas").dispatchEvent(new PointerEvent(type, { pointerId: 1, button: type === "pointerdown" ? 0 : -1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
		$("canvas").setPointerCapture = () => {};
		point("pointerdown", 40, 40);
		let turn = 0;
		window.going = setInterval(() => point("pointermove", [40, 700, 700, 40][turn++ % 4], [40, 40, 500, 500][turn % 4]), 1500)`)
	ada.Does(`let turn = 0;
		const key = (type, code) => document.body.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true }));
		window.going = setInterval(() => {
			const ways = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"];
			for (const code of ways) key("keyup", code);
			key("keydown", ways[turn % 4]);
			if (turn++ % 3 === 0) key("keydown", ways[(turn + 1) % 4]);
			key("keydown", "Space");
		}, 1100)`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`Number(text("[data-notes]")) > 0`)
		w.Sees(`texts("[data-best] .who").includes("` + w.Name + `")`)
	}
}

func adaIsOnABadLine(ada *sitetest.Window) {
	ada.Does(`$("[data-line]").value = "250 60 0.2"; $("[data-line]").dispatchEvent(new Event("change"))`)
	ada.Sees(`parseInt(text("[data-lag=trip]")) > 250 && parseInt(text("[data-lag=behind]")) > 100`)
	ada.Sees(`Number(text("[data-notes]")) > 1`)
	ada.Clicks("[data-predict]")
	ada.Sees(`!$("[data-predict]").checked`)
	ada.Clicks("[data-predict]")
	ada.Does(`$("[data-line]").value = "0 0 0"; $("[data-line]").dispatchEvent(new Event("change"))`)
}

// Back within 5 s, Ada has her ship and what it carries; her page takes it up again by itself.
func adaIsCutOff(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	before := ada.Run(`return text("[data-notes]")`)
	bad.Cut()
	ada.Sees(`/reconnecting/.test(text("[data-state-words]")) && text("[data-word]").startsWith("The line is broken")`)
	bob.Sees(`texts("[data-now] .who").includes("Ada")`)
	bad.Mend()
	ada.Sees(`text("[data-state-words]").startsWith("live") && !$("[data-start]").checkVisibility()`)
	ada.Sees(`texts("[data-now] .who").includes("Ada (you)") && Number(text("[data-notes]")) >= 0`)
	ada.Sees(`Number(text("[data-notes]")) !== ` + before) // it goes on
}

// The other tab takes the ship over, and the first one says so.
func bobTakesAnotherTab(bob *sitetest.Window, url string) {
	tab := bob.Tab()
	tab.Opens(url + "/game/")
	tab.Clicks("[data-play]:not(:disabled)")
	tab.Sees(`!$("[data-start]").checkVisibility() && texts("[data-now] .who").includes("Bob (you)")`)
	bob.Sees(`$("[data-start]").checkVisibility() && text("[data-word]").includes("another tab")`)
	tab.Presses(kb.ArrowLeft)
	tab.Close()
}

// With simulated people all is alive at once, and without them nobody is there.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/game/")
	ada.Sees(`texts("[data-now] .is-simulated .who").length === 6 && Number(text("[data-now] .number")) > 0`)
	ada.Clicks("[data-crowd] input")
	ada.Sees(`texts("[data-now] .who").length === 0`)
	ada.Opens(url + "/")
	ada.Sees(`/^\d+ ships · \d+ people · the best has \d+ notes?$/.test(text("[data-facts]"))`)
	ada.Sees(`$(".game-card").width > 0`)
}

// An arena without a free ship says so next to the button.
func TestFullInChromium(t *testing.T) {
	var game *Game
	url := sitetest.Start(t, site.Config{Quiet: true}, func(s *site.Site) []site.App {
		game = New(s)
		return []site.App{game}
	})
	game.mu.Lock()
	for i := range game.seats {
		game.seats[i] = seat{who: "x", name: "x", quiet: -1 << 30}
	}
	game.mu.Unlock()
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/game/")
	ada.Clicks("[data-play]:not(:disabled)")
	ada.Sees(`text("[data-error]").startsWith("All 30 ships have somebody.") && $("[data-error]").checkVisibility()`)
}
