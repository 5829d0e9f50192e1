package sales

import (
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

func app(s *site.Site) []site.App { return []site.App{New(s)} }

// Two people in two browsers, ada on a line that breaks.
func TestTwoPeopleInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, app)
	cable := sitetest.StartCable(t, web.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(cable.URL() + "/sales/")
	bob.Opens(web.URL() + "/sales/#Asia")
	ada.Sees(`text("[data-revenue]") === "€0" && $("[data-none]").checkVisibility()`)
	bob.Sees(`$("[data-view=Asia]").ariaPressed === "true" && text("[data-count]").startsWith("0 orders") && !$("[data-by-region]").checkVisibility()`)

	theyOrder(ada, bob)
	bobIsRefused(bob)

	cable.Cut()
	ada.Sees(`/^As of .* It goes on/.test(text("[data-trouble]"))`)
	ada.Does(`$("[data-order]").requestSubmit()`)
	ada.Sees(`text("[data-answer]") === "There is no connection. Try again when there is."`)
	orders(bob, "Tuner", "Africa", "1")
	bob.Sees(`text("[data-answer]").startsWith("Placed: 1 × Tuner to Africa")`)
	cable.Mend()
	ada.Sees(`text("[data-revenue]") === "€90" && !$("[data-trouble]").checkVisibility()`)

	ada.Fits()
	ada.Clicks(`[data-view=Africa]`)
	ada.Sees(`text("[data-revenue]") === "€25" && texts("[data-latest] .what").join() === "Tuner"`)

	// The server is started anew, and the page that is open goes on.
	cable.Cut()
	web.Restart()
	cable.Mend()
	ada.Sees(`!$("[data-trouble]").checkVisibility() && text("[data-state-words]").startsWith("live")`)
	orders(ada, "Rosin", "Africa", "1")
	ada.Sees(`text("[data-revenue]") === "€33" && texts("[data-latest] .what").join() === "Rosin,Tuner"`)
	bob.Close()
}

func theyOrder(ada, bob *sitetest.Window) {
	orders(ada, "Strings", "Asia", "2")
	ada.Sees(`text("[data-answer]") === "Placed: 2 × Strings to Asia, €65.80."`)
	ada.Sees(`text("[data-latest] .who") === "Asia · you" && text("[data-revenue]") === "€66" && text("[data-best]") === "Strings"`)
	bob.Sees(`/^Asia · \w+ \w+$/.test(text("[data-latest] .who")) && text("[data-count]").startsWith("1 order since")`)
	bob.Sees(`text("[data-products] li").startsWith("Strings") && text("[data-average]") === "€65.80"`)

	bob.Clicks(`[data-view=Europe]`)
	bob.Sees(`text("[data-revenue]") === "€0" && !text("[data-latest]") && location.hash === "#Europe"`)
	bob.Clicks(`[data-view=all]`)
	bob.Sees(`text("[data-revenue]") === "€66" && text("[data-regions] li").startsWith("Asia")`)

	bob.Does(`$("[data-plot]").focus()`)
	bob.Sees(`text("[data-readout]").includes("order")`)
	bob.Presses("\u0302") // the left arrow, as chromedp names it
	bob.Sees(`Number($("[data-plot]").getAttribute("aria-valuenow")) < 58 && $(".is-chosen")`)
}

func bobIsRefused(bob *sitetest.Window) {
	orders(bob, "Rosin", "Europe", "21")
	bob.Sees(`text("[data-answer]") === "Order 1 to 20 pieces." && $("[name=quantity]").ariaInvalid === "true"`)
	orders(bob, "Rosin", "Europe", "")
	bob.Sees(`text("[data-answer]") === "Order 1 to 20 pieces." && text("[data-revenue]") === "€66"`)
}

func orders(w *sitetest.Window, product, region, pieces string) {
	w.Sees(`!$("[data-order] button").disabled`)
	w.Does(`const { product, region, quantity } = $("[data-order]").elements;
		product.value = "` + product + `"; region.value = "` + region + `"; quantity.value = "` + pieces + `";
		$("[data-order]").dispatchEvent(new Event("input")); $("[data-order]").requestSubmit()`)
}

// The crowd is there for one visitor, and goes when it is switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, app)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/sales/")
	ada.Sees(`document.querySelectorAll("[data-latest] li").length === 12 && [...document.querySelectorAll("[data-bars] i")].filter((bar) => bar.clientHeight > 1).length > 40`)
	ada.Sees(`texts("[data-latest] .who").every((who) => who.endsWith("simulated")) && $("[data-latest] .is-new")`)
	ada.Clicks(`[data-crowd] input`)
	ada.Sees(`!$("[data-crowd] input").checked`)
	ada.Fits()
	ada.Opens(url + "/")
	ada.Sees(`document.documentElement.scrollWidth === innerWidth && document.querySelectorAll(".sales-bars i").length === 40 && text("[data-facts]").includes("orders a minute")`)
}
