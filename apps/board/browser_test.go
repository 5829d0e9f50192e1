package board

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

// Two people in two browsers, ada on a line that breaks, bob on a good one.
func TestTwoPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{Quiet: true}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	bad := sitetest.StartCable(t, url[len("http://"):])
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/board/")
	bob.Opens(url + "/board/")
	for _, w := range []*sitetest.Window{ada, bob} {
		has(w, 0)
		w.Sees(`$("[data-empty]").checkVisibility() && text("[data-name]") === "studio"`)
	}

	theyDraw(ada, bob)
	theyUndo(ada, bob)
	bobUsesTheKeyboard(ada, bob)
	adaClears(ada, bob)
	adaGoesOffline(ada, bob, bad)
	anAnswerIsLost(ada, bob, bad)
	bobGoesElsewhere(ada, bob)
	bobTakesHisPhone(bob, url)
}

func theyDraw(ada, bob *sitetest.Window) {
	draws(ada, 400)
	has(bob, 1)
	name := ada.Run(`return text("[data-person-name]")`)
	bob.Sees(`texts(".cursor span").join() === ` + strconv.Quote(name) + ` && text("[data-people]").includes(` + strconv.Quote(name) + `)`)
	bob.Presses("r")
	bob.Sees(`$("[data-tool=rect]").ariaPressed === "true" && $("button[data-tool=stroke]").ariaPressed === "false"`)
	bob.Drags([2]float64{600, 300}, [2]float64{650, 350}, [2]float64{700, 400})
	has(ada, 2)
	same(ada, bob)
}

// Ada takes back what is hers alone.
func theyUndo(ada, bob *sitetest.Window) {
	ada.Clicks(`[data-undo]`)
	has(bob, 1)
	ada.Clicks(`[data-undo]`)
	ada.Sees(`text("[data-notice-words]") === "There is nothing left to undo." && $("[data-notice]").checkVisibility()`)
	ada.Clicks(`[data-notice-close]`)
	ada.Clicks(`[data-redo]`)
	has(bob, 2)
	same(ada, bob)
}

func bobUsesTheKeyboard(ada, bob *sitetest.Window) {
	bob.Does(`$("[data-over]").focus()`)
	for _, key := range []string{"o", "\r", kb.ArrowRight, kb.ArrowRight, kb.ArrowDown, "\r"} {
		bob.Presses(key)
	}
	has(ada, 3)
	for _, key := range []string{"v", kb.Escape, "]", "]", "]"} {
		bob.Presses(key)
	}
	bob.Sees(`/^ellipse by .+, 3 of 3$/.test(text("[data-said]"))`)
	before := picture(ada)
	bob.Presses(kb.ArrowRight)
	ada.Sees(hash + ` !== ` + strconv.Quote(before))
	same(bob, ada)
	bob.Presses(kb.Delete)
	has(ada, 2)

	bob.Presses("t")
	bob.Presses("\r")
	bob.Sees(`document.activeElement === $("[data-label]")`)
	bob.Types("[data-label]", "Hello, Ada. <b>\r")
	has(ada, 3)
	bob.Presses("e")
	bob.Drags([2]float64{560, 350}, [2]float64{600, 350}, [2]float64{640, 350}) // over an edge of the rectangle
	has(ada, 2)
	same(ada, bob)
}

func adaClears(ada, bob *sitetest.Window) {
	ada.Clicks(`[data-clear]`)
	ada.Sees(`text("[data-clear-words]").startsWith("2 objects on “studio” would go")`)
	ada.Clicks(`[data-clear-no]`)
	has(bob, 2)
	ada.Clicks(`[data-clear]`)
	ada.Clicks(`[data-clear-yes]`)
	has(bob, 0)
	ada.Clicks(`[data-undo]`)
	has(bob, 2)
	ada.Clicks(`[data-export]`)
	ada.Sees(`text("[data-said]") === "Exported as PNG"`)
	same(ada, bob)
}

func adaGoesOffline(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	draws(ada, 500)
	draws(ada, 540)
	ada.Sees(`text("[data-waiting]").startsWith("2 changes waiting") && /^offline, 2 waiting to be sent/.test(text("[data-state-words]"))`)
	ada.Clicks(`[data-undo]`)
	ada.Sees(`text("[data-waiting]").startsWith("1 change waiting")`)
	ada.Clicks(`[data-redo]`)
	has(ada, 4)
	bob.Presses("p")
	draws(bob, 580)
	has(bob, 3)

	bad.Mend()
	has(bob, 5)
	has(ada, 5)
	ada.Sees(`!$("[data-waiting]").checkVisibility() && /^live/.test(text("[data-state-words]"))`)
	same(ada, bob)
}

// The edit arrived, but ada does not know, and sends it again.
func anAnswerIsLost(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Deafen()
	draws(ada, 620)
	has(bob, 6)
	bad.Cut()
	ada.Sees(`/^offline, 1 waiting/.test(text("[data-state-words]"))`)
	bad.Mend()
	ada.Sees(`!$("[data-waiting]").checkVisibility() && /^live/.test(text("[data-state-words]"))`)
	has(ada, 6)
	same(ada, bob)
	ada.Clicks(`[data-undo]`)
	has(bob, 5)
	has(ada, 5)
}

func bobGoesElsewhere(ada, bob *sitetest.Window) {
	bob.Clicks(`[data-places-open]`)
	bob.Types("#place", "a/b\r")
	bob.Sees(`text("[data-place-error]").startsWith("Name the board with") && $("#place").ariaInvalid === "true"`)
	bob.Does(`$("#place").value = ""`)
	bob.Types("#place", "Our Plans\r")
	bob.Sees(`text("[data-name]") === "our-plans" && location.hash === "#our-plans"`)
	has(bob, 0)
	draws(bob, 500)
	has(bob, 1)
	has(ada, 5)
	bob.Does(`location.hash = "#studio"`)
	has(bob, 5)
	same(ada, bob)
}

func bobTakesHisPhone(bob *sitetest.Window, url string) {
	bob.Fits()
	bob.Sees(`$("[data-stage]").clientHeight > 300`)
	bob.Clicks(`[data-zoom=in]`)
	bob.Opens(url + "/")
	bob.Sees(`document.documentElement.scrollWidth === innerWidth`)
	bob.Sees(`text("[data-facts]").startsWith("5 objects") && $(".card canvas").width > 0`)
}

// The server starts anew under an open page, on which ada goes on drawing.
func TestRestartUnderAnOpenPage(t *testing.T) {
	house := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	cable := sitetest.StartCable(t, house.Address())
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(cable.URL() + "/board/#plans")
	has(ada, 0)
	draws(ada, 400)
	has(ada, 1)
	ada.Sees(`/^live/.test(text("[data-state-words]"))`)
	cable.Cut() // as it is while no server listens
	house.Close()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	draws(ada, 500)
	ada.Sees(`text("[data-waiting]").startsWith("1 change waiting")`)

	house.Open()
	cable.Mend()
	defer cable.Cut() // before the server ends: the page would complain of it
	ada.Sees(`/^live/.test(text("[data-state-words]")) && !$("[data-waiting]").checkVisibility()`)
	has(ada, 2)
	before := picture(ada)
	ada.Opens(cable.URL() + "/")
	ada.Opens(cable.URL() + "/board/#plans")
	has(ada, 2)
	ada.Sees(hash + ` === ` + strconv.Quote(before))
}

// The simulated people draw while somebody looks on, and stop when they are switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/board/")
	ada.Sees(`document.querySelectorAll(".cursor.is-simulated").length === 4 && text("[data-people]").includes("Ines, simulated")`)
	ada.Sees(`$("[data-crowd] input").checked`)
	ada.Clicks(`[data-crowd]`)
	ada.Sees(`!$(".cursor")`)
}

// draws draws a stroke at a height of the page.
func draws(w *sitetest.Window, y float64) {
	w.Drags([2]float64{300, y}, [2]float64{340, y - 10}, [2]float64{380, y}, [2]float64{420, y + 10}, [2]float64{460, y})
}

// has waits until a window shows so many objects.
func has(w *sitetest.Window, n int) {
	w.Sees(fmt.Sprintf(`/^The paper, %d objects?$/.test($("[data-over]")?.ariaLabel)`, n))
}

// hash is what the paper looks like, without cursors and what is being drawn.
const hash = `[...$("[data-paper]").toDataURL()].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 4294967291, 7).toString()`

// picture returns the hash of what a window shows, once it has drawn.
func picture(w *sitetest.Window) string {
	return w.Run(`await new Promise((next) => setTimeout(next, 300)); return ` + hash)
}

// same waits until both windows show the same picture.
func same(a, b *sitetest.Window) {
	b.Sees(hash + ` === ` + strconv.Quote(picture(a)))
}

// By touch: a finger draws, two fingers zoom and draw nothing; a pen draws wider where it
// is pressed harder.
func TestTouchAndPenInChromium(t *testing.T) {
	var b *Boards
	url := sitetest.Start(t, site.Config{Quiet: true}, func(s *site.Site) []site.App {
		b = New(s)
		return []site.App{b}
	})
	browser := sitetest.StartBrowser(t)
	ada, eve := browser.Window("Ada"), browser.Window("Eve")
	eve.Narrows()
	for _, w := range []*sitetest.Window{ada, eve} {
		w.Opens(url + "/board/")
		has(w, 0)
	}
	eve.Strokes([][2]float64{{100, 400}, {130, 420}, {160, 400}, {200, 440}})
	has(eve, 1)
	has(ada, 1)
	before := eve.Run(`return text("[data-scale]")`)
	eve.Strokes(
		[][2]float64{{180, 400}, {160, 400}, {120, 400}, {60, 400}},
		[][2]float64{{210, 400}, {230, 400}, {270, 400}, {330, 400}})
	eve.Sees(`parseInt(text("[data-scale]")) > parseInt(` + strconv.Quote(before) + `)`)
	has(eve, 1)
	eve.Taps(`[data-undo]`)
	has(ada, 0)

	ada.Writes([3]float64{300, 400, 0.1}, [3]float64{340, 400, 0.1}, [3]float64{380, 400, 0.5}, [3]float64{420, 400, 1}, [3]float64{460, 400, 1}, [3]float64{500, 400, 1})
	has(ada, 1)
	has(eve, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.sheets[First].Objects {
		if n := len(o.Points); n < 5 || o.Points[1][2] >= o.Points[n-2][2] {
			t.Errorf("the pen has drawn %v", o.Points)
		}
	}
}
