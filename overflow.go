package brio

import "github.com/briohq/brio/engine"

// Overflow says what becomes of an event for which there is no room among what
// waits for a client, see [Config].SlowClient.
type Overflow uint8

const (
	// OverflowDisconnect disconnects the client, for [SlowClient]: one that is
	// connected gets every event.
	OverflowDisconnect Overflow = iota
	// OverflowDrop drops the event. The client is not told that one is missing.
	// Socket.Emit fails with [ErrBacklog]; otherwise who emits is not told, for
	// there may be many clients, but [Stats] counts what was dropped, and
	// Config.Logger hears of it at debug level.
	//
	// Events may take three quarters of Config.MaxBacklog. The last one is for
	// what is never dropped: events that ask for an acknowledgement,
	// acknowledgements, what the protocol itself needs. A client without room
	// for these is disconnected. So is one that does not get to answering a
	// heartbeat within Config.PingTimeout, since what waits comes first.
	OverflowDrop
)

// sending is how events are sent.
func (o Overflow) sending() engine.Sending {
	if o == OverflowDrop {
		return engine.Drop
	}
	return 0
}
