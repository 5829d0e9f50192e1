package engine

// Reason says why a session has closed, in the words of the protocol's
// reference implementation.
type Reason string

// The reasons of a session.
const (
	TransportClose Reason = "transport close"      // the client has gone
	TransportError Reason = "transport error"      // the connection broke, or the client broke the rules of its transport
	ParseError     Reason = "parse error"          // the client sent what is no packet
	PingTimeout    Reason = "ping timeout"         // a heartbeat was not answered in time
	ForcedClose    Reason = "forced close"         // the layer above closed the session
	ServerShutdown Reason = "server shutting down" // see Server.Shutdown
	SlowClient     Reason = "slow client"          // more than Config.MaxBacklog waited to be sent, or it was shed, see Config.MaxBacklogTotal
	TooFast        Reason = "too fast"             // the client sent more than Config.Intake
)
