package class

import (
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

func apps(s *site.Site) []site.App { return []site.App{New(s)} }

// A lesson in three browsers: tina teaches; ada learns on a line that breaks, bob on a
// good one.
func TestLessonInChromium(t *testing.T) {
	house := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, apps)
	url := house.URL()
	bad := sitetest.StartCable(t, house.Address())
	b := sitetest.StartBrowser(t)
	tina, ada, bob := b.Window("Tina"), b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/class/")
	ada.Sees(`text("[data-verdict]").startsWith("Nobody teaches.") && !$("[data-no-points]").hidden`)
	bob.Opens(url + "/class/")
	bob.Clicks(`[data-teach]`)
	bob.Sees(`location.hash === "#teacher" && $("[data-teach]").checked && $("[data-ask]").checkVisibility()`)
	bob.Clicks(`[data-teach]`)
	bob.Sees(`!$("[data-teach]").checked && $("[data-hand]").checkVisibility() && !$("[data-ask]").checkVisibility()`)
	tina.Opens(url + "/class/#teacher")
	tina.Sees(`document.querySelectorAll(".seat").length === 2 && text("#pupils") === "2 students"`)

	tinaAsksHerOwn(tina)
	theyAnswer(tina, ada, bob)
	adaGoesOffline(tina, ada, bad)
	theBellRings(tina, ada, bob)
	handsAndReactions(tina, ada, bob)
	for _, w := range []*sitetest.Window{bob, tina} {
		w.Fits()
	}

	house.Close()
	ada.Sees(`text("[data-verdict]").startsWith("The connection is gone") && $("[data-hand]").disabled`)
	house.Open() // the points are there, the question is not
	for _, w := range []*sitetest.Window{tina, ada, bob} {
		w.Sees(`text("[data-text]") === "No question is on the board" && texts(".points .rank").join() === "1,2"`)
	}
	tina.Clicks(`.quiz-entry`)
	ada.Sees(`texts(".choice-text").join() === "Venus,Mercury,Mars,Neptune" && !$(".choice").disabled`)
}

func tinaAsksHerOwn(tina *sitetest.Window) {
	tina.Clicks(`[data-own]`)
	tina.Types(`[name="text"]`, "Is <b>this</b> live?\r")
	tina.Sees(`text("[data-own-error]").startsWith("Write a question of up to 160 characters, and 2 to 6 choices")`)
	tina.Types(`[name="choice"]`, "Yes &amp; now")
	tina.Does(`document.querySelectorAll('[name="choice"]')[1].focus()`)
	tina.Presses("N")
	tina.Presses("o")
	tina.Does(`$('[name="seconds"]').value = "10"; document.querySelectorAll('[name="right"]')[2].checked = true`)
	tina.Clicks(`[data-own-form] .button`)
	tina.Sees(`text("[data-own-error]").startsWith("Mark the choice that is right")`)
	tina.Does(`$('[name="right"]').checked = true; $('[name="seconds"]').value = "20"`)
	tina.Clicks(`[data-own-form] .button`)
	tina.Sees(`!$("[data-own-dialog]").open && text("[data-text]") === "Is <b>this</b> live?"`)
}

func theyAnswer(tina, ada, bob *sitetest.Window) {
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`text("[data-text]") === "Is <b>this</b> live?" && texts(".choice-text").join() === "Yes &amp; now,No"`)
		w.Sees(`Number(text("[data-seconds]")) > 3 && Number(text("[data-seconds]")) <= 20`)
	}
	bob.Presses("b") // the key
	bob.Sees(`/^B counts, answered in \d+\.\d s\./.test(text("[data-verdict]")) && $(".choice").disabled`)
	tina.Sees(`texts(".choice-count").join() === ",1" || texts(".choice-count").join() === "0,1"`)
	tina.Sees(`document.querySelectorAll(".seat.has-answered").length === 1 && text("[data-answered]") === "1 answered"`)
	ada.Sees(`text("[data-answered]") === "1 answered" && texts(".choice-count").join() === "," && !$(".is-right")`)
	ada.Clicks(`[data-choice="0"]`)
	ada.Sees(`text("[data-verdict]").startsWith("A counts")`)
}

// What was acknowledged is there again, with the time that is left.
func adaGoesOffline(tina, ada *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`text("[data-verdict]") === "The connection is gone. What was acknowledged counts."`)
	tina.Sees(`text("#pupils") === "1 student"`)
	bad.Mend()
	ada.Sees(`text("[data-verdict]").startsWith("A counts") || text("[data-verdict]").startsWith("Right")`)
	tina.Sees(`text("#pupils") === "2 students"`)
}

func theBellRings(tina, ada, bob *sitetest.Window) {
	ada.Sees(`/^Right, in \d+\.\d s: \d+ points. You are 1st.$/.test(text("[data-verdict]"))`)
	bob.Sees(`text("[data-verdict]") === "A is right, you chose B."`)
	for _, w := range []*sitetest.Window{tina, ada, bob} {
		w.Sees(`texts(".choice-count").join() === "1,1" && $(".is-right [data-choice='0']") && $(".bell.is-rung") && texts(".points .rank").join() === "1,2"`)
	}
	// The page leaves it at that, but somebody may not.
	bob.Does(`$(".choice").disabled = false; $(".choice").click()`)
	bob.Sees(`text("[data-verdict]") === "A is right, you chose B."`)
}

func handsAndReactions(tina, ada, bob *sitetest.Window) {
	ada.Clicks(`[data-hand]`)
	ada.Sees(`text("[data-hand]") === "Take your hand down (1st in turn)" && $(".seat.has-hand-up")`)
	bob.Clicks(`[data-hand]`)
	bob.Sees(`text("[data-hand]") === "Take your hand down (2nd in turn)"`)
	tina.Sees(`document.querySelectorAll("[data-hands] button").length === 2`)
	tina.Clicks(`[data-hands] button`)
	ada.Sees(`text("[data-floor]") === "You have the floor." && text("[data-hand]") === "Raise your hand"`)
	bob.Sees(`text("[data-floor]").endsWith(" has the floor.") && text("[data-hand]") === "Take your hand down (1st in turn)"`)
	bob.Clicks(`[data-hand]`)
	bob.Sees(`document.querySelectorAll("[data-hands] li").length === 0`)

	ada.Does(`window.risen = 0; new MutationObserver((all) => window.risen += all.flatMap((each) => [...each.addedNodes]).length).observe($("[data-floats]"), { childList: true })`)
	bob.Sees(`($("[data-react=heart]").click(), $("[data-react=bravo]").click(), text("[data-error]") === "One reaction at a time, please.")`)
	ada.Sees(`window.risen > 0`)
}

// One visitor finds a class that is alive; the switch sends the simulated people home.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, apps)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/class/")
	ada.Sees(`document.querySelectorAll(".seat").length === 25 && text("[data-by]") === "Ms Linde, simulated, asks, for 15 s"`)
	ada.Sees(`document.querySelectorAll(".seat.has-answered").length > 2 && $(".float")`)
	ada.Clicks(`[data-crowd] input`)
	ada.Sees(`document.querySelectorAll(".seat").length === 1`)
	ada.Opens(url + "/")
	ada.Sees(`text("[data-facts]").startsWith("0 students") && document.querySelectorAll(".class-card rect").length > 2`)
	ada.Narrows()
	ada.Sees(`document.documentElement.scrollWidth === innerWidth`)
}
