package trading

import (
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

func apps(s *site.Site) []site.App { return []site.App{New(s)} }

// Two people in two browsers, ada on a line that breaks, bob on a good one.
func TestTwoPeopleInChromium(t *testing.T) {
	h := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, apps)
	bad := sitetest.StartCable(t, h.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/trading/")
	bob.Opens(h.URL() + "/trading/")
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts("[data-instruments] b").join() === "FJRD,KILN,LARK,MOSS,OTTR" && text("[data-cash]") === "50,000.00"`)
		w.Clicks(`[data-instrument="OTTR"]`)
		w.Sees(`text("[data-name]") === "Otter Canals" && text("[data-spread]").startsWith("Nobody waits")`)
	}

	theyTrade(ada, bob)
	adaIsRefused(ada)
	adaGoesOffline(ada, bob, bad)
	anAcknowledgementIsLost(ada, bob, bad)
	theServerRestarts(ada, bob, h)
	bobTakesHisPhone(bob, h.URL())
}

func theyTrade(ada, bob *sitetest.Window) {
	orders(ada, "sell", "10", "42.05")
	ada.Sees(`/^Order \d+: Sell 10 OTTR at 42.05, waits in the book\.$/.test(text("[data-result]"))`)
	bob.Sees(`texts("[data-asks] li").at(-1) === "42.0510"`)
	ada.Sees(`texts("[data-asks] li").at(-1) === "42.05yours10"`)

	orders(bob, "buy", "4", "42.50")
	bob.Sees(`text("[data-result]").endsWith("Buy 4 OTTR at 42.50, filled at 42.05.")`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts("[data-tape] li").join() === "42.054you" && text("[data-last]") === "42.05"`)
	}
	ada.Sees(`texts("[data-orders] .state").join() === "4 traded at 42.05, 6 wait" && text("[data-cash]") === "50,168.20"`)
	bob.Sees(`texts("[data-positions] li").includes("104 OTTR4,373.20") && text("[data-cash]") === "49,831.80"`)
	bob.Clicks(`[name=kind][value=market] + span`)
	bob.Does(`$("#quantity").value = "1"`)
	bob.Clicks(`[data-place]`)
	bob.Sees(`text("[data-result]").endsWith("Buy 1 OTTR at market, filled at 42.05.")`)
	bob.Clicks(`[name=kind][value=limit] + span`)
	ada.Sees(`texts("[data-orders] .state").join() === "5 traded at 42.05 on average, 5 wait"`)
}

func adaIsRefused(ada *sitetest.Window) {
	orders(ada, "buy", "1", "42.03")
	ada.Sees(`text("[data-error]") === "Prices of OTTR go in steps of 0.05. Choose 42.00 or 42.05."`)
	orders(ada, "buy", "1", "60")
	ada.Sees(`text("[data-error]").startsWith("Choose a price from 33.65 to 50.45")`)
	orders(ada, "sell", "96", "42.05")
	ada.Sees(`text("[data-error]") === "90 of your shares of OTTR are free to sell. Sell less, or cancel an order."`)
	orders(ada, "buy", "1,5", "42")
	ada.Sees(`text("[data-error]").startsWith("Type a whole number of shares") && $("#quantity").ariaInvalid === "true"`)
	orders(ada, "buy", "5000", "42")
	ada.Sees(`text("[data-error]") === "Choose a quantity of 1 to 1000 shares."`)
	ada.Clicks(`[data-cancel]`)
	ada.Sees(`!$("[data-cancel]") && texts("[data-orders] .state").join() === "5 traded at 42.05 on average, the rest cancelled"`)
	ada.Sees(`text("[data-asks]").trim() === ""`)
}

// What was traded meanwhile is there when she is back, each trade once.
func adaGoesOffline(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	orders(ada, "sell", "9", "42.10")
	bob.Sees(`texts("[data-asks] li").at(-1) === "42.109"`)
	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	orders(ada, "sell", "1", "42")
	ada.Sees(`text("[data-error]").startsWith("There is no connection.")`)
	for range 3 {
		orders(bob, "buy", "2", "42.10")
		bob.Sees(`text("[data-result]").endsWith("Buy 2 OTTR at 42.10, filled at 42.10.")`)
	}
	bad.Mend()
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts("[data-tape] li").map((line) => line.replace("you", "")).join() === "42.102,42.102,↑42.102,42.051,42.054"`)
	}
	ada.Sees(`texts("[data-orders] .state")[0] === "6 traded at 42.10 on average, 3 wait"`)
}

// The order arrived, but ada does not know, and sends it again: it is one order.
func anAcknowledgementIsLost(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Deafen()
	orders(ada, "buy", "7", "41.00")
	bob.Sees(`texts("[data-bids] li")[0] === "41.007"`)
	ada.Sees(`text("[data-place]") === "Sending…"`)
	bad.Cut()
	ada.Sees(`/^offline, 1 waiting to be sent/.test(text("[data-state-words]"))`)
	bad.Mend()
	ada.Sees(`text("[data-result]").endsWith("Buy 7 OTTR at 41.00, waits in the book.")`)
	ada.Sees(`/^live/.test(text("[data-state-words]")) && texts(".order").filter((line) => line.startsWith("Buy 7 OTTR")).length === 1`)
	bob.Sees(`texts("[data-bids] li")[0] === "41.007"`)
}

func theServerRestarts(ada, bob *sitetest.Window, h *sitetest.House) {
	h.Restart()
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`/^live/.test(text("[data-state-words]"))`)
	}
	orders(bob, "sell", "5", "41.00")
	bob.Sees(`text("[data-result]").endsWith("Sell 5 OTTR at 41.00, filled at 41.00.")`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts("[data-tape] li").map((line) => line.replace("you", "")).slice(0, 2).join() === "↓41.005,42.102"`)
	}
	ada.Sees(`texts("[data-orders] .state").includes("5 traded at 41.00, 2 wait")`)
	ada.Sees(`texts("[data-asks] li").at(-1) === "42.10yours3"`)
}

func bobTakesHisPhone(bob *sitetest.Window, url string) {
	bob.Narrows()
	for _, view := range []string{"market", "yours", "trade"} {
		bob.Clicks(`[data-show="` + view + `"]`)
		bob.Sees(`$("main").dataset.view === "` + view + `"`)
		bob.Fits()
		bob.Sees(`document.documentElement.scrollHeight === innerHeight`)
	}
	bob.Opens(url + "/")
	bob.Sees(`document.documentElement.scrollWidth === innerWidth`)
	bob.Sees(`$(".card-depth .bids") && text("[data-facts]").startsWith("OTTR 41.00")`)
}

// The simulated people trade with one visitor, and stop when they are switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	h := sitetest.StartHouse(t, site.Config{}, apps)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(h.URL() + "/trading/")
	ada.Sees(`document.querySelectorAll("[data-tape] li").length > 10 && $(".prices .line") && $(".depth .bids") && $(".instrument .spark")`)
	ada.Does(`window.newest = $("[data-tape] li").dataset.no`)
	ada.Sees(`$("[data-tape] li").dataset.no !== window.newest`)
	orders(ada, "buy", "1", "")
	ada.Sees(`/^Order \d+: Buy 1 FJRD/.test(text("[data-result]"))`)
	ada.Clicks(`[data-crowd] input`)
	ada.Sees(`!$("[data-crowd] input").checked`)
	ada.Does(`await new Promise((next) => setTimeout(next, 300)); window.newest = $("[data-tape] li").dataset.no`)
	ada.Does(`await new Promise((next) => setTimeout(next, 500))`)
	ada.Sees(`$("[data-tape] li").dataset.no === window.newest`)
}

// orders fills in the ticket and sends it.
func orders(w *sitetest.Window, side, quantity, price string) {
	w.Clicks(`[name=side][value="` + map[string]string{"buy": "1", "sell": "-1"}[side] + `"] + span`)
	w.Sees(`$("[data-place]").ariaDisabled !== "true"`)
	w.Does(`$("#quantity").value = "` + quantity + `"; if ("` + price + `") $("#limit").value = "` + price + `"; $("[data-result]").textContent = ""; $("[data-ticket]").requestSubmit()`)
}
