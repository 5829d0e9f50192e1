// Package briotest tests the handlers of a brio server: with real clients, over a
// network in memory, without ports, sleeps or mocks.
//
//	func TestSay(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			site := briotest.Serve(t, newServer())
//			ada := site.Connect(t, "/chat", client.Config{Auth: map[string]string{"name": "Ada"}})
//			bob := site.Connect(t, "/chat", client.Config{Auth: map[string]string{"name": "Bob"}})
//			briotest.Send(t, ada, Say, "hello")
//			if got := briotest.Next(t, bob, Said); got.Text != "hello" {
//				t.Error("Bob heard", got)
//			}
//			ada.Quiet(t) // she does not hear herself
//		})
//	}
//
// A [Site] is a server, and the network that leads to it. A [Client] is a
// [client.Socket] that keeps every event it gets until the test takes it. What a test
// emits and asks is typed by the constants of the server: [Send] and [Do]
// return when the handler has; [Next] waits for an event, and [None] and
// [Client.Quiet] say that there is none.
//
// # Time
//
// Everything works inside a [testing/synctest] bubble, in which a heartbeat that is
// missed after 45 s, or a session that expires after 2 minutes, takes no time: let
// time pass with [time.Sleep]. Make the server inside the bubble too.
//
// What a test waits for has to come within [Patience], in the time of the
// bubble or else in that of the clock.
//
// # That nothing comes
//
// Inside a bubble, None and Quiet wait until the whole bubble can only wait: whatever
// handlers had to do has been done and has arrived.
//
// Outside of one nobody can know that. There they wait for what the server had
// emitted to the client when they were called. What handlers do later is not waited
// for, so ask for it first, with Send or Do, which return when the handler has.
//
// # Leaks
//
// A test fails if a goroutine is left that its server, or one of its handlers, has
// started. Other tests may run at the same time.
package briotest

import "time"

// Patience is how long what a test waits for may take.
const Patience = 10 * time.Second
