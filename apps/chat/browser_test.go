package chat

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
)

// Two people in two browsers, ada on a line that breaks, bob on a good one.
func TestTwoPeopleInChromium(t *testing.T) {
	site := startSite(t, Config{Quiet: true})
	bad := startCable(t, site.Listener.Addr().String())
	b := startBrowser(t)
	ada, bob := b.window("Ada"), b.window("Bob")
	ada.opens("http://" + bad.address() + "/chat/")
	bob.opens(site.URL + "/chat/")

	theyJoin(ada, bob)
	theyTalk(ada, bob)
	theyTalkPrivately(ada, bob, site.URL)
	adaGoesOffline(ada, bob, bad)
	anAcknowledgementIsLost(ada, bob, bad)
	bobIsRefused(bob)
	bobTakesHisPhone(bob, site.URL)
}

func theyJoin(ada, bob *window) {
	ada.joins()
	bob.joins()
	ada.sees(`texts("[data-people] .entry-name").join() === "Ada,Bob"`)
	bob.sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`)
	ada.sees(`/^live over WebSocket, \d+ ms$/.test(text("[data-state-words]"))`)
}

func theyTalk(ada, bob *window) {
	ada.types("Hello, Bob. <b>&amp;")
	bob.sees(`text("[data-typing]") === "Ada is typing"`)
	ada.types("\r")
	bob.sees(`texts(".message .text").join() === "Hello, Bob. <b>&amp;"`)
	bob.sees(`text("[data-typing]") === ""`)
	bob.types("Hello, Ada.\r")
	for _, w := range []*window{ada, bob} {
		w.sees(`texts(".message .text").join() === "Hello, Bob. <b>&amp;,Hello, Ada."`)
		w.sees(`!$(".is-pending")`)
	}
}

func theyTalkPrivately(ada, bob *window, url string) {
	tab := bob.tab()
	tab.opens(url + "/chat/#library")
	tab.sees(`text("[data-title]") === "library" && texts("[data-people] .entry-name").join() === "Bob"`)
	tab.clicks(`[data-key="foyer"]`)
	tab.sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`) // twice there, once in the list

	ada.clicks(`[aria-label="Bob: write privately"]`)
	ada.sees(`text("[data-title]") === "Bob"`)
	ada.types("Between us.\r")
	for _, w := range []*window{bob, tab} {
		w.sees(`text("[data-private]") === "Ada1 new" && !texts(".message .text").includes("Between us.")`)
	}
	bob.clicks(`[data-private] button`)
	bob.sees(`text("[data-title]") === "Ada" && texts(".message .text").join() === "Between us."`)

	tab.close()
	ada.clicks(`[data-key="foyer"]`)
	bob.clicks(`[data-key="foyer"]`)
	ada.sees(`text("[data-title]") === "foyer" && texts("[data-people] .entry-name").join() === "Ada,Bob"`)
	bob.sees(`text("[data-title]") === "foyer"`)
}

func adaGoesOffline(ada, bob *window, bad *cable) {
	bad.cut()
	ada.sees(`/^reconnecting/.test(text("[data-state-words]")) && $("[data-mark]").classList.contains("is-off")`)
	ada.sees(`text("[data-people-label]") === "Last seen here"`)
	ada.types("Written offline, one.\r")
	ada.types("Written offline, two.\r")
	ada.sees(`/^offline, 2 waiting to be sent · reconnecting/.test(text("[data-state-words]"))`)
	ada.sees(`texts(".is-pending .time").join() === "waiting,waiting"`)
	bob.sees(`texts("[data-people] .entry-name").join() === "Bob"`)
	bob.types("Where is Ada?\r")
	bob.sees(`texts(".message .text").includes("Where is Ada?")`)

	bad.mend()
	for _, w := range []*window{ada, bob} {
		w.sees(`texts(".message:not(.is-pending) .text").slice(2).join() === "Where is Ada?,Written offline, one.,Written offline, two."`)
	}
	ada.sees(`/^live over WebSocket/.test(text("[data-state-words]")) && !$(".is-pending")`)
	ada.sees(`text("[data-people-label]") === "Here now"`)
	bob.sees(`texts("[data-people] .entry-name").join() === "Bob,Ada"`)
}

// The message arrived, but ada does not know, and sends it again.
func anAcknowledgementIsLost(ada, bob *window, bad *cable) {
	bad.deafen()
	ada.types("Heard, but not confirmed.\r")
	bob.sees(`texts(".message .text").includes("Heard, but not confirmed.")`)
	ada.sees(`text(".is-pending .time") === "sending"`)
	bad.cut()
	ada.sees(`/^offline, 1 waiting to be sent/.test(text("[data-state-words]"))`)

	bad.mend()
	ada.sees(`/^live over WebSocket/.test(text("[data-state-words]")) && !$(".is-pending")`)
	for _, w := range []*window{ada, bob} {
		w.types("Last word of " + w.name + "\r")
		w.sees(`!$(".is-pending")`)
	}
	for _, w := range []*window{ada, bob} {
		w.sees(`texts(".message .text").filter((text) => text.startsWith("Last word")).length === 2`)
		w.sees(`texts(".message .text").filter((text) => text === "Heard, but not confirmed.").length === 1`)
	}
}

func bobIsRefused(bob *window) {
	bob.does(`$("[data-rename]").click(); $("#name").value = "ada"; $("[data-name-form]").requestSubmit()`)
	bob.sees(`text("[data-name-error]") === "Ada is here already. Choose another name." && $("#name").ariaInvalid === "true"`)
	bob.clicks(`[data-name-cancel]`)
	bob.does(`$("[data-add] input").value = "a/b"; $("[data-add]").requestSubmit()`)
	bob.sees(`text("[data-add-error]") === "Name the room with letters, digits and dashes only."`)
	bob.does(`$("[data-compose] textarea").value = "x".repeat(2001); $("[data-compose]").requestSubmit()`)
	bob.sees(`text(".trouble").startsWith("Not sent. Shorten the message to 2000 characters; it has 2001.")`)
	bob.clicks(`.trouble button:last-child`)
	bob.sees(`!$(".trouble")`)
}

func bobTakesHisPhone(bob *window, url string) {
	bob.narrows()
	for _, view := range []string{"rooms", "people", "talk"} {
		bob.clicks(`[data-show="` + view + `"]`)
		bob.sees(`$("main").dataset.view === "` + view + `"`)
		bob.sees(`document.documentElement.scrollWidth === innerWidth && document.documentElement.scrollHeight === innerHeight`)
		bob.sees(`[...document.querySelectorAll("button, .field, .switch")].filter((each) => each.checkVisibility()).every((each) => each.getBoundingClientRect().height >= 43.5)`)
	}
	bob.opens(url + "/")
	bob.sees(`document.documentElement.scrollWidth === innerWidth`)
	bob.sees(`document.querySelectorAll(".lines .line").length > 1 && text("[data-facts]").startsWith("1 person")`)
}

// The simulated people talk to one visitor, and go when they are switched off.
func TestSimulatedPeopleInChromium(t *testing.T) {
	site := startSite(t, Config{})
	ada := startBrowser(t).window("Ada")
	ada.opens(site.URL + "/chat/")
	ada.joins()
	ada.sees(`texts("[data-people] .entry-more").filter((more) => more === "simulated").length === 4`)
	ada.sees(`document.querySelectorAll(".message").length >= 8`)
	ada.sees(`text("[data-typing]").endsWith("typing")`)
	ada.clicks(`[data-simulate]`)
	ada.sees(`texts("[data-people] .entry-name").join() === "Ada"`)
}

// startSite serves what `brio demo` serves.
func startSite(t *testing.T, config Config) *httptest.Server {
	server := brio.NewServer(brio.Config{})
	chat := New(server, config)
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.Handle("/shell/", http.StripPrefix("/shell/", shell.Assets()))
	mux.Handle("/chat/", http.StripPrefix("/chat", chat))
	mux.Handle("/", shell.Start("brio demo", []shell.About{chat.About()}))
	site := httptest.NewServer(mux)
	t.Cleanup(func() {
		chat.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		site.Close()
	})

	return site
}
