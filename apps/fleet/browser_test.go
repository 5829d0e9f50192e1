package fleet

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

// Ada orders by mouse on a line that breaks, Bob by keyboard. Below Ada's page the
// server is closed, and another one goes on with what was stored.
func TestTwoPeopleInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	bad := sitetest.StartCable(t, web.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/fleet/")
	bob.Opens(web.URL() + "/fleet/")
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`/^live over WebSocket/.test(text("[data-state-words]"))`)
		w.Sees(`Number(text("[data-count='3']")) > 50`)
	}

	adaOrdersByMouse(ada)
	bob.Sees(`$("[data-none]").checkVisibility()`)
	bobMovesTheMap(bob)
	bobOrdersByKeyboard(bob)
	bobIsRefused(bob)
	adaOrdersOffline(ada, bad)
	ada.Sees(`Number(text("[data-count='3']")) > 50`) // the vehicles are back

	bob.Opens("about:blank") // a server that is closed would refuse him, which his console tells
	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	web.Restart()
	bad.Mend()
	ada.Sees(`/^live over WebSocket/.test(text("[data-state-words]")) && texts("[data-orders] li").length === 2`)
	ada.Sees(`/Vehicle \d+/.test(text("[data-orders] li"))`)
	ada.Sees(`Number(text("[data-count='3']")) > 50`)
	bob.Opens(web.URL() + "/fleet/")
	bob.Sees(`Number(text("[data-count='3']")) > 50 && texts("[data-orders] li").length === 3`)
	bobTakesHisPhone(bob)
	bob.Opens(web.URL() + "/")
	bob.Sees(`text("[data-facts]").startsWith("300 vehicles") && document.querySelectorAll("[data-drawing] canvas").length === 2`)
	bob.Opens("about:blank")
	ada.Opens("about:blank")
}

func adaOrdersByMouse(ada *sitetest.Window) {
	ada.Clicks(`.order .button`)
	ada.Sees(`text("[data-order-error]") === "Choose where it is fetched and where it goes."`)
	ada.Drags([2]float64{300, 400})
	ada.Sees(`$("[data-start]").value === "point" && text("[data-hint]") === "Now choose where it goes."`)
	ada.Drags([2]float64{600, 600})
	ada.Sees(`$("[data-goal]").value === "point" && text("[data-hint]") === "Ready to order."`)
	ada.Clicks(`.order .button`)
	ada.Sees(`texts("[data-orders] li").length === 1 && $("[data-start]").value === ""`)
	ada.Sees(`/Vehicle \d+/.test(text("[data-orders] li"))`)
	ada.Clicks(`[data-orders] .text-button`)
	ada.Sees(`text("[data-orders] .text-button") === "Following"`)
	ada.Drags([2]float64{400, 400}, [2]float64{420, 410}, [2]float64{480, 450})
	ada.Sees(`text("[data-orders] .text-button") === "Follow"`)
	ada.Sees(`texts("[data-orders] li").length === 1 && $("[data-start]").value === ""`) // to drag is not to choose
}

// What is seen is what is in the cells that are seen, however the map was moved.
func bobMovesTheMap(bob *sitetest.Window) {
	bob.Does(`$("[data-map]").focus()`)
	for _, key := range []string{"+", "+", "+", kb.ArrowLeft, kb.ArrowLeft, kb.ArrowUp} {
		bob.Presses(key)
	}
	bob.Sees(`text("[data-metres]") !== "200 m" && Number(text("[data-count='3']")) < 150`)
	bob.Presses("0")
	bob.Sees(`["0", "2", "3"].reduce((sum, kind) => sum + Number(text("[data-count='" + kind + "']")), 0) === 300`)
}

func bobOrdersByKeyboard(bob *sitetest.Window) {
	bob.Does(`$("[data-map]").focus()`)
	bob.Presses("\r")
	bob.Sees(`$("[data-start]").value === "point"`)
	for range 3 {
		bob.Presses("+")
		bob.Presses(kb.ArrowRight)
	}
	bob.Presses("\r")
	bob.Sees(`$("[data-goal]").value === "point"`)
	bob.Does(`$(".order .button").focus()`)
	bob.Presses("\r")
	bob.Sees(`texts("[data-orders] li").length === 1`)
	bob.Presses("0")
}

func bobIsRefused(bob *sitetest.Window) {
	choose := func(from, to string) {
		bob.Does(fmt.Sprintf(`
			for (const [select, value] of [[$("[data-start]"), %q], [$("[data-goal]"), %q]]) {
				select.value = value;
				select.dispatchEvent(new Event("change"));
			}
			$("[data-order]").requestSubmit()`, from, to))
	}
	choose("Market", "Market")
	bob.Sees(`text("[data-order-error]") === "Choose two places in the city that are at least 100 m apart."`)
	for n := 2; n <= 3; n++ {
		choose("Market", "Hospital")
		bob.Sees(fmt.Sprintf(`texts("[data-orders] li").length === %d && $("[data-start]").value === ""`, n))
	}
	choose("Mill", "Opera")
	bob.Sees(`text("[data-order-error]").startsWith("Three deliveries are under way for you")`)
	bob.Sees(`$("[data-start]").value === "Mill"`) // it can be ordered later
}

// What is ordered without a connection is sent when there is one, once.
func adaOrdersOffline(ada *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	ada.Does(`
		for (const [select, value] of [[$("[data-start]"), "Foundry"], [$("[data-goal]"), "Brewery"]]) {
			select.value = value;
			select.dispatchEvent(new Event("change"));
		}
		$("[data-order]").requestSubmit()`)
	ada.Sees(`text("[data-hint]") === "This order is sent when there is a connection."`)
	ada.Sees(`/^offline, 1 waiting to be sent/.test(text("[data-state-words]"))`)
	bad.Mend()
	ada.Sees(`texts("[data-orders] .route").filter((route) => route === "Foundry to Brewery").length === 1`)
	ada.Sees(`texts("[data-orders] li").length === 2 && /^live/.test(text("[data-state-words]")) && $("[data-start]").value === ""`)
}

func bobTakesHisPhone(bob *sitetest.Window) {
	bob.Fits()
	bob.Sees(`document.documentElement.scrollHeight === innerHeight`)
	bob.Sees(`Number(text("[data-count='3']")) > 20`)
}

// By touch: a tap chooses, a finger moves the map, two fingers zoom it.
func TestTouchInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{Quiet: true}, func(s *site.Site) []site.App { return []site.App{New(s)} })
	eve := sitetest.StartBrowser(t).Window("Eve")
	eve.Narrows()
	eve.Opens(url + "/fleet/")
	eve.Sees(`Number(text("[data-count='3']")) > 20`)
	eve.Taps(`[data-map]`)
	eve.Sees(`$("[data-start]").value === "point"`)
	eve.Does(`window.ink = () => [...$("[data-ground]").toDataURL()].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 4294967291, 7); window.before = ink()`)
	eve.Strokes([][2]float64{{200, 250}, {180, 240}, {140, 230}, {90, 220}})
	eve.Sees(`ink() !== window.before && $("[data-goal]").value === ""`) // to move is not to choose
	eve.Does(`window.metres = parseFloat(text("[data-metres]"))`)
	eve.Strokes(
		[][2]float64{{180, 250}, {150, 250}, {110, 250}, {60, 250}},
		[][2]float64{{210, 250}, {240, 250}, {280, 250}, {330, 250}})
	eve.Sees(`parseFloat(text("[data-metres]")) < window.metres && $("[data-goal]").value === ""`)
	eve.Taps(`[data-whole]`)
	eve.Sees(`Number(text("[data-count='3']")) > 20`)
}
