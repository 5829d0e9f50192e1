package brio

import "github.com/briohq/brio/engine"

// Reason says why a socket has disconnected, in the words of the official
// documentation.
type Reason = engine.Reason

// The reasons. A client reconnects by itself after the first group, not after
// the second.
const (
	TransportClose    = engine.TransportClose // the client went without a word: a closed tab, a lost network
	TransportError    = engine.TransportError // the connection broke
	PingTimeout       = engine.PingTimeout    // the client did not answer a heartbeat
	ParseError        = engine.ParseError     // the client sent what is no packet
	ServerShutdown    = engine.ServerShutdown // Server.Shutdown
	SlowClient        = engine.SlowClient     // more than Config.MaxBacklog waited to be sent, or of all the most, see Config.MaxBacklogTotal
	TooFast           = engine.TooFast        // the client sent more than Config.Intake
	ForcedServerClose = Reason("forced server close")

	ClientNamespaceDisconnect = Reason("client namespace disconnect") // the client left
	ServerNamespaceDisconnect = Reason("server namespace disconnect") // Socket.Disconnect
)
