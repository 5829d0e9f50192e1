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
	apps := func(s *site.Site) []site.App { return []site.App{fenced(New(s))} }
	web := sitetest.StartHouse(t, site.Config{Quiet: true, Data: t.TempDir()}, apps)
	bad := sitetest.StartCable(t, web.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/game/")
	bob.Opens(web.URL() + "/game/")
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
	bobTakesAnotherTab(bob, web.URL())
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
	web.Restart()
	bob.Opens(web.URL() + "/game/")
	bob.Sees(`texts("[data-best] .who").includes("Ada") && texts("[data-best] .who").includes("Bob")`)
}

func takesName(w *sitetest.Window) {
	w.Clicks("[data-person]")
	w.Sees(`$("[data-person-dialog]").open`)
	w.Does(`$("[data-person-dialog] input").value = ""`)
	w.Types("[data-person-dialog] input", w.Name+"\r")
	w.Sees(`text("[data-person-name]") === "` + w.Name + `" && !$("[data-play]").disabled && text("[data-state-words]").startsWith("live")`)
}

// fenced lays the notes of a game that nobody has seen yet in two columns, so that who goes from side to side gathers some.
func fenced(g *Game) *Game {
	for i := range int32(notes) {
		g.world.rows[people+bots+i][atX] = (600 + 1200*(i%2)) * unit
		g.world.rows[people+bots+i][atY] = (20 + 26*(i/2)) * unit
	}
	return g
}

// They steer, Ada with keys and Bob with the mouse, until both have gathered notes.
func theySteer(ada, bob *sitetest.Window) {
	ada.Does(`let turn = 0;
		const key = (type, code) => document.body.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true }));
		const go = () => {
			key("keyup", ["KeyD", "ArrowLeft"][(turn + 1) % 2]);
			key("keydown", ["KeyD", "ArrowLeft"][turn++ % 2]);
			key("keydown", "Space");
		};
		go();
		window.going = setInterval(go, 4000)`)
	bob.Does(`const box = $("canvas").getBoundingClientRect();
		let turn = 0;
		window.point = (type) => $("canvas").dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.left + [box.width - 5, 5][turn % 2], clientY: box.top + box.height / 2, bubbles: true }));
		$("canvas").setPointerCapture = () => {}; // there is no finger to follow
		point("pointerdown");
		window.going = setInterval(() => (turn++, point("pointermove")), 4000)`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`Number(text("[data-notes]")) > 0`)
		w.Sees(`texts("[data-best] .who").includes("` + w.Name + `")`)
	}
	bob.Does(`clearInterval(window.going); point("pointerup")`)
}

func adaIsOnABadLine(ada *sitetest.Window) {
	ada.Does(`$("[data-line]").value = "250 60 0.2"; $("[data-line]").dispatchEvent(new Event("change"))`)
	ada.Sees(`parseInt(text("[data-lag=trip]")) > 250 && parseInt(text("[data-lag=behind]")) > 100`)
	ada.Clicks("[data-predict]")
	ada.Sees(`!$("[data-predict]").checked`)
	ada.Clicks("[data-predict]")
	ada.Does(`$("[data-line]").value = "0 0 0"; $("[data-line]").dispatchEvent(new Event("change"))`)
	ada.Sees(`parseInt(text("[data-lag=trip]")) > 0`)
}

// Ada's page takes its ship up again by itself.
func adaIsCutOff(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`/reconnecting/.test(text("[data-state-words]")) && text("[data-word]").startsWith("The line is broken")`)
	bob.Sees(`texts("[data-now] .who").includes("Ada")`)
	bad.Mend()
	ada.Sees(`text("[data-state-words]").startsWith("live") && !$("[data-start]").checkVisibility()`)
	ada.Sees(`texts("[data-now] .who").includes("Ada (you)") && parseInt(text("[data-lag=trip]")) > 0`)
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
