package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

func app(s *site.Site) []site.App { return []site.App{New(s)} }

// Cleo is a customer on a line that breaks, ada and bob are agents.
func TestThreePeopleInChromium(t *testing.T) {
	web := sitetest.StartHouse(t, site.Config{Data: t.TempDir(), Quiet: true}, app)
	cable := sitetest.StartCable(t, web.Address())
	b := sitetest.StartBrowser(t)
	cleo, ada, bob := b.Window("Cleo"), b.Window("Ada"), b.Window("Bob")
	cleo.Opens(cable.URL() + "/desk/")
	cleo.Sees(`text("[data-load]") === "Now: 0 tickets wait, 0 with an agent, 0 overdue."`)
	cleo.Clicks(`.side-card[href="#customer"]`)
	ada.Opens(web.URL() + "/desk/#agent")
	bob.Opens(web.URL() + "/desk/#agent")
	ada.Sees(`text("[data-empty]") === "No tickets. Enjoy it while it lasts."`)

	cleoOpensATicket(cleo)
	oneOfThemGetsIt(ada, bob)
	theyTalk(cleo, ada)
	cleoIsCutOff(cleo, ada, cable)

	// The server is started anew, and the page that is open goes on.
	ada.Close()
	bob.Close()
	cable.Cut()
	web.Restart()
	cable.Mend()
	cleo.Sees(`!$("[data-stale]").checkVisibility() && text("[data-state-words]").startsWith("live")`)
	cleo.Clicks(`[data-act=resolve]`)
	cleo.Sees(`text("[data-status]") === "Resolved. Reopen it if it is not." && !$("[data-compose]").checkVisibility()`)
	cleo.Clicks(`[data-act=reopen]`)
	cleo.Sees(`text("[data-status]") === "Waiting for an agent to take it." && texts(".message .text").length === 4`)
	cleo.Fits()
	cleo.Clicks(`[data-back]`)
	cleo.Fits()
	cleo.Clicks(`.ticket`)
	cleo.Sees(`text("[data-subject]") === "The bow is too long"`)
}

func cleoOpensATicket(cleo *sitetest.Window) {
	cleo.Sees(`$("[data-open]")?.checkVisibility() && text("[data-state-words]").startsWith("live")`)
	cleo.Types(`[name=subject]`, "ab")
	cleo.Clicks(`[data-open] .button`)
	cleo.Sees(`text("[data-open-error]") === "Say in 3 to 80 characters what it is about." && $("[name=subject]").ariaInvalid === "true"`)
	cleo.Does(`$("[name=subject]").value = ""`)
	cleo.Types(`[name=subject]`, "The bow is too long")
	cleo.Types(`[data-open] [name=text]`, "It does not fit. <b>&amp;")
	cleo.Clicks(`[data-open] .button`)
	cleo.Sees(`text("[data-subject]") === "The bow is too long" && texts(".message .text").join() === "It does not fit. <b>&amp;"`)
	cleo.Sees(`text("[data-status]") === "Waiting for an agent to take it." && /due in 3:\d\d/.test(text("[data-about]"))`)
}

// Both see the button. Bob presses his when ada has pressed hers.
func oneOfThemGetsIt(ada, bob *sitetest.Window) {
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Clicks(`.ticket`)
		w.Sees(`$("[data-act=claim]") && text("[data-status]") === "Nobody has taken it yet."`)
	}
	bob.Does(`window.late = $("[data-act=claim]")`)
	ada.Clicks(`[data-act=claim]`)
	ada.Sees(`text("[data-status]").startsWith("It is yours") && text(".group:not([hidden]) .label") === "Yours 1"`)
	bob.Sees(`/has it\.$/.test(text("[data-status]")) && !$("[data-act]")`)
	bob.Does(`window.late.click()`)
	bob.Sees(`/^\w+ \w+ has this ticket already\.$/.test(text("[data-refused]")) && !$("[data-compose]").checkVisibility()`)
}

func theyTalk(cleo, ada *sitetest.Window) {
	cleo.Sees(`/^\w+ \w+ answers you\.$/.test(text("[data-status]"))`)
	ada.Types(`[data-compose] textarea`, "Which case is it?\r")
	cleo.Sees(`texts(".message .text").includes("Which case is it?")`)
	cleo.Types(`[data-compose] textarea`, "The short one.\r")
	for _, w := range []*sitetest.Window{cleo, ada} {
		w.Sees(`texts(".message .text").join() === "It does not fit. <b>&amp;,Which case is it?,The short one." && !$("[data-compose] textarea").value`)
	}
	ada.Does(`$("[data-compose] textarea").value = " "; $("[data-compose]").requestSubmit()`)
	ada.Sees(`text("[data-refused]") === "Write a message of 1 to 1000 characters; this has 0."`)
}

func cleoIsCutOff(cleo, ada *sitetest.Window, cable *sitetest.Cable) {
	cable.Cut()
	cleo.Sees(`/^As of .* It goes on/.test(text("[data-stale]"))`)
	cleo.Types(`[data-compose] textarea`, "Lost?\r")
	cleo.Sees(`text("[data-refused]") === "There is no connection. Try again when there is." && $("[data-compose] textarea").value.trim() === "Lost?"`)
	cleo.Does(`$("[data-compose] textarea").value = ""`)
	ada.Types(`[data-compose] textarea`, "Take the long one.\r")
	ada.Sees(`texts(".message .text").length === 4`)
	cable.Mend()
	cleo.Sees(`texts(".message .text").at(-1) === "Take the long one." && !$("[data-stale]").checkVisibility()`)
}

// What is overdue says so, and comes first.
func TestOverdueInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{Quiet: true}, func(s *site.Site) []site.App {
		a := New(s)
		for i, ago := range []time.Duration{0, 5 * time.Minute, time.Minute} {
			who := site.Person{ID: fmt.Sprint(i), Name: fmt.Sprint("Customer ", i), Role: "customer"}
			if _, err := a.queue.open(who, draft("k"), time.Now().Add(-ago)); err != nil {
				t.Error(err)
			}
		}
		return []site.App{a}
	})
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/desk/#agent")
	ada.Sees(`/^urgent · overdue \d:\d\d$/.test(text(".ticket-due")) && $("li:first-child.is-late") && document.querySelectorAll(".is-late").length === 1`)
	ada.Sees(`texts(".ticket-who").join() === "Customer 1 · waits,Customer 2 · waits,Customer 0 · waits"`)
	ada.Clicks(`.ticket`)
	ada.Sees(`/overdue by \d:\d\d$/.test(text("[data-about]"))`)
}

// A visitor alone finds a queue that lives.
func TestSimulatedPeopleInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, app)
	ada := sitetest.StartBrowser(t).Window("Ada")
	ada.Opens(url + "/desk/#agent")
	ada.Sees(`document.querySelectorAll(".ticket").length > 3 && texts(".ticket-who").join().includes("(simulated)")`)
	ada.Sees(`$(".ticket-bar i").clientWidth > 0`)
	ada.Clicks(`[data-crowd] input`)
	ada.Sees(`!$("[data-crowd] input").checked`)
	ada.Fits()
	ada.Opens(url + "/")
	ada.Sees(`document.querySelectorAll("rect").length === 7 && /\d+ waiting · \d+ with an agent/.test(text("[data-facts]"))`)
}
