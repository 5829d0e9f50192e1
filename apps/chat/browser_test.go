package chat

import (
	"strconv"
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

// Two people in two browsers, ada on a line that breaks, bob on a good one.
func TestTwoPeopleInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{Quiet: true}, apps)
	bad := sitetest.StartCable(t, web.Address())
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/chat/")
	bob.Opens(web.URL() + "/chat/")

	theyJoin(ada, bob)
	theyTalk(ada, bob)
	theyTalkPrivately(ada, bob, web.URL())
	adaGoesOffline(ada, bob, bad)
	anAcknowledgementIsLost(ada, bob, bad)
	adaTurnsThePage(ada, bob, bad)
	bobIsRefused(bob)
	bobTakesHisPhone(bob, web.URL())
}

func theyJoin(ada, bob *sitetest.Window) {
	joins(ada, "Ada")
	joins(bob, "Bob")
	ada.Sees(`texts("[data-people] .entry-name").join() === "Ada,Bob"`)
	bob.Sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`)
	ada.Sees(`/^live over WebSocket, \d+ ms$/.test(text("[data-state-words]"))`)
}

func theyTalk(ada, bob *sitetest.Window) {
	types(ada, "Hello, Bob. <b>&amp;")
	bob.Sees(`text("[data-typing]") === "Ada is typing"`)
	types(ada, "\r")
	bob.Sees(`texts(".message .text").join() === "Hello, Bob. <b>&amp;"`)
	bob.Sees(`text("[data-typing]") === ""`)
	types(bob, "Hello, Ada.\r")
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts(".message .text").join() === "Hello, Bob. <b>&amp;,Hello, Ada."`)
		w.Sees(`!$(".is-pending")`)
	}
}

func theyTalkPrivately(ada, bob *sitetest.Window, url string) {
	tab := bob.Tab()
	tab.Opens(url + "/chat/#library")
	tab.Sees(`text("[data-title]") === "library" && texts("[data-people] .entry-name").join() === "Bob"`)
	tab.Clicks(`[data-key="foyer"]`)
	tab.Sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`) // twice there, once in the list

	ada.Clicks(`[aria-label="Bob: write privately"]`)
	ada.Sees(`text("[data-title]") === "Bob"`)
	types(ada, "Between us.\r")
	ada.Sees(`texts(".message .text").join() === "Between us." && !$(".is-pending")`)
	for _, w := range []*sitetest.Window{bob, tab} {
		w.Sees(`text("[data-private]") === "Ada1 new" && !texts(".message .text").includes("Between us.")`)
	}
	bob.Clicks(`[data-private] button`)
	bob.Sees(`text("[data-title]") === "Ada" && texts(".message .text").join() === "Between us."`)
	ada.Sees(`text(".receipt") === "Read"`)
	tab.Sees(`text("[data-private]") === "Ada"`) // what is read in one tab is read in all

	bob.Clicks(`[data-key="foyer"]`)
	bob.Sees(`text("[data-title]") === "foyer"`)
	types(ada, "Still there?\r")
	bob.Sees(`text("[data-private]") === "Ada1 new"`)
	ada.Sees(`texts(".message .text").join() === "Between us.,Still there?"`)
	ada.Sees(`[...document.querySelectorAll(".message")].map((each) => !!each.querySelector(".receipt")).join() === "true,false"`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Does(`location.reload()`)
	}
	bob.Sees(`text("[data-private]") === "Ada1 new" && text("[data-title]") === "foyer"`)
	ada.Sees(`texts(".message .text").join() === "Between us.,Still there?" && text("[data-title]") === "Bob"`)
	ada.Sees(`[...document.querySelectorAll(".message")].map((each) => !!each.querySelector(".receipt")).join() === "true,false"`)

	joins(bob, "Bobby")
	tab.Sees(`text("[data-person-name]") === "Bobby"`)
	joins(tab, "Bob")
	bob.Sees(`text("[data-person-name]") === "Bob"`)
	tab.Close()
	ada.Clicks(`[data-key="foyer"]`)
	bob.Clicks(`[data-key="foyer"]`)
	ada.Sees(`text("[data-title]") === "foyer" && texts("[data-people] .entry-name").join() === "Ada,Bob"`)
	bob.Sees(`text("[data-title]") === "foyer"`)
}

func adaGoesOffline(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]")) && $("[data-mark]").classList.contains("is-off")`)
	ada.Sees(`text("[data-people-label]") === "Last seen here"`)
	types(ada, "Written offline, one.\r")
	types(ada, "Written offline, two.\r")
	ada.Sees(`/^offline, 2 waiting to be sent · reconnecting/.test(text("[data-state-words]"))`)
	ada.Sees(`texts(".is-pending .time").join() === "waiting,waiting"`)
	bob.Sees(`texts("[data-people] .entry-name").join() === "Bob"`)
	types(bob, "Where is Ada?\r")
	bob.Sees(`texts(".message .text").includes("Where is Ada?")`)

	bad.Mend()
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts(".message:not(.is-pending) .text").slice(2).join() === "Where is Ada?,Written offline, one.,Written offline, two."`)
	}
	ada.Sees(`/^live over WebSocket/.test(text("[data-state-words]")) && !$(".is-pending")`)
	ada.Sees(`text("[data-people-label]") === "Here now"`)
	bob.Sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`)
}

// The message arrived, but ada does not know, and sends it again.
func anAcknowledgementIsLost(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bad.Deafen()
	types(ada, "Heard, but not confirmed.\r")
	bob.Sees(`texts(".message .text").includes("Heard, but not confirmed.")`)
	ada.Sees(`text(".is-pending .time") === "sending"`)
	bad.Cut()
	ada.Sees(`/^offline, 1 waiting to be sent/.test(text("[data-state-words]"))`)

	bad.Mend()
	ada.Sees(`/^live over WebSocket/.test(text("[data-state-words]")) && !$(".is-pending")`)
	for _, w := range []*sitetest.Window{ada, bob} {
		types(w, "Last word of "+w.Name+"\r")
		w.Sees(`!$(".is-pending")`)
	}
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts(".message .text").filter((text) => text.startsWith("Last word")).length === 2`)
		w.Sees(`texts(".message .text").filter((text) => text === "Heard, but not confirmed.").length === 1`)
	}
}

// Ada goes to another room, and writes before the server has answered: that is for who is there.
func adaTurnsThePage(ada, bob *sitetest.Window, bad *sitetest.Cable) {
	bob.Clicks(`[data-key="library"]`)
	bob.Sees(`texts("[data-people] .entry-name").join() === "Bob"`)
	bad.Deafen()
	ada.Clicks(`[data-key="library"]`)
	ada.Sees(`text("[data-title]") === "library" && !text("[data-log]")`)
	types(ada, "Is it quiet here?\r")
	bob.Sees(`texts(".message .text").join() === "Is it quiet here?"`)
	bad.Cut()
	bad.Mend()
	ada.Sees(`!$(".is-pending") && texts(".message .text").join() === "Is it quiet here?" && texts("[data-people] .entry-name").join() === "Ada,Bob"`)
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Clicks(`[data-key="foyer"]`)
		w.Sees(`texts(".message .text").length > 5 && !texts(".message .text").includes("Is it quiet here?")`)
	}
	bob.Sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`)
}

func bobIsRefused(bob *sitetest.Window) {
	bob.Does(`$("[data-add] input").value = "a/b"; $("[data-add]").requestSubmit()`)
	bob.Sees(`text("[data-add-error]") === "Name the room with up to 16 letters, digits and dashes."`)
	bob.Does(`$("[data-compose] textarea").value = "x".repeat(2001); $("[data-compose]").requestSubmit()`)
	bob.Sees(`text(".trouble").startsWith("Not sent. Write 1 to 2000 characters; these are 2001.")`)
	bob.Clicks(`.trouble button:last-child`)
	bob.Sees(`!$(".trouble")`)
}

func bobTakesHisPhone(bob *sitetest.Window, url string) {
	bob.Narrows()
	for _, view := range []string{"rooms", "people", "talk"} {
		bob.Clicks(`[data-show="` + view + `"]`)
		bob.Sees(`$("main").dataset.view === "` + view + `"`)
		bob.Fits()
		bob.Sees(`document.documentElement.scrollHeight === innerHeight`)
	}
	bob.Opens(url + "/")
	bob.Sees(`document.documentElement.scrollWidth === innerWidth`)
	bob.Sees(`document.querySelectorAll(".lines .line").length > 1 && text("[data-facts]").startsWith("1 person")`)
}

// The simulated people talk to one visitor, and go when they are switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{}, apps)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(web.URL() + "/chat/")
	joins(ada, "Ada")
	ada.Sees(`texts("[data-people] .entry-more").filter((more) => more === "simulated").length === 4`)
	ada.Sees(`document.querySelectorAll(".message").length >= 8`)
	ada.Sees(`text("[data-typing]").endsWith("typing")`)
	ada.Clicks(`[data-crowd]`)
	ada.Sees(`texts("[data-people] .entry-name").join() === "Ada"`)
}

// One writes to a simulated person, who reads it and answers.
func TestASimulatedPersonAnswersInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{}, apps)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(web.URL() + "/chat/")
	ada.Clicks(`[aria-label="Mira, simulated: write privately"]`)
	ada.Sees(`text("[data-title]") === "Mira"`)
	types(ada, "Are you real?\r")
	ada.Sees(`text(".receipt") === "Read"`)
	ada.Sees(`document.querySelectorAll(".message").length === 2`)
}

// The server ends and begins again on what it has stored, under open pages: they come
// back by themselves, with all that was said and with what waited to be sent.
func TestRestartInChromium(t *testing.T) {
	config := site.Config{Data: t.TempDir(), Quiet: true}
	house := sitetest.StartHouse(t, config, apps)
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Opens(house.URL() + "/chat/#club")
		joins(w, w.Name)
	}
	for i := range 55 {
		bob.Does(`$("[data-compose] textarea").value = "` + strconv.Itoa(i) + `"; $("[data-compose]").requestSubmit()`)
	}
	ada.Sees(`texts(".message .text").at(-1) === "54"`)
	ada.Clicks(`[aria-label="Bob: write privately"]`)
	ada.Sees(`text("[data-title]") === "Bob"`)
	types(ada, "Between us.\r")
	bob.Sees(`text("[data-private]") === "Ada1 new"`)

	house.Close()
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	}
	types(bob, "Written meanwhile.\r")
	bob.Sees(`text(".is-pending .time") === "waiting"`)
	house.Open()
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`/^live over WebSocket/.test(text("[data-state-words]"))`)
	}
	bob.Sees(`!$(".is-pending") && texts(".message .text").join() === [...Array(55).keys(), "Written meanwhile."].join()`)
	bob.Sees(`text("[data-private]") === "Ada1 new" && texts("[data-people] .entry-name").join() === "Bob,Ada"`)
	ada.Sees(`text("[data-title]") === "Bob" && texts(".message .text").join() === "Between us."`)
	bob.Clicks(`[data-private] button`)
	ada.Sees(`text(".receipt") === "Read"`)

	carl := b.Window("Carl")
	carl.Opens(house.URL() + "/chat/#club")
	carl.Sees(`texts(".message .text").length === 50 && texts(".message .text").at(-1) === "Written meanwhile."`)
	carl.Clicks(`[data-older]`)
	carl.Sees(`texts(".message .text").length === 56 && texts(".message .text")[0] === "0" && !$("[data-older]").checkVisibility()`)
}

func apps(s *site.Site) []site.App { return []site.App{New(s)} }

// joins takes a name: one has another from the start.
func joins(w *sitetest.Window, name string) {
	w.Clicks(`[data-person]`)
	w.Does(`$("[data-person-dialog] input").value = ""`)
	w.Types(`[data-person-dialog] input`, name+"\r")
	w.Sees(`text("[data-person-name]") === "` + name + `" && texts("[data-people] .entry-name").includes("` + name + `")`)
}

// types types into the message box.
func types(w *sitetest.Window, text string) { w.Types("[data-compose] textarea", text) }
