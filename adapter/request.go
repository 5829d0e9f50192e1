package adapter

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/briohq/brio/protocol"
)

// Request is what nodes are told or asked to do.
type Request struct {
	Op Op
	// Options select the sockets that it is about. An Emit is about none.
	Options Options
	// Rooms are those of a Join or a Leave.
	Rooms []string
	// Event is that of a Call or an Emit. It has no acknowledgement id.
	Event *protocol.Packet
}

// Op says what a [Request] is.
type Op string

// What nodes are told. Each is done to the selected sockets.
const (
	Join       Op = "join"       // put them into Rooms
	Leave      Op = "leave"      // take them out of Rooms
	Disconnect Op = "disconnect" // make them leave the namespace
	Dismiss    Op = "dismiss"    // make all sockets of their connections leave, and close these
	Close      Op = "close"      // close their connections, from which clients come back
)

// What nodes are asked, and with what they reply.
const (
	Call  Op = "call"  // bring Event to the sockets: once Asked, then an Answer of each
	Peers Op = "peers" // describe the sockets: Peers, in as many replies as it takes
	Count Op = "count" // count the sockets: Count
	Rooms Op = "rooms" // list all rooms, whatever the Options are: Rooms
)

// Emit brings Event to the handlers of the namespace on the other nodes: told,
// they are just called; asked, the reply is one Answer.
const Emit Op = "emit"

// Reply is a part of what a node replies to a [Request]: which of the fields
// are meant is up to its Op.
type Reply struct {
	// Node is the node that replies, as the adapter calls it; "" for this
	// one.
	Node string `json:",omitempty"`
	// Asked are the ids of the sockets that a Call has been sent to. They come
	// before the first Answer. A cluster that is not told them leaves them
	// out, and waits itself for as many answers as there must be.
	Asked  []string       `json:",omitempty"`
	Answer *Answer        `json:",omitempty"`
	Peers  []Peer         `json:",omitempty"`
	Count  int            `json:",omitempty"`
	Rooms  map[string]int `json:",omitempty"` // and how many sockets are in them; without those that are sockets' ids
}

// Answer is what a socket answered to a Call, or a node to an Emit.
type Answer struct {
	// Socket is the id of the socket; "" for a node, or if the cluster is not
	// told.
	Socket string `json:",omitempty"`
	// Ack has the values, as Data and Attachments. If a node's handler failed
	// they are what a client would be answered.
	Ack protocol.Packet
	// Failure says why there is no answer; nil if there is one.
	Failure *Failure `json:",omitempty"`
}

// Failure is why there is no answer.
type Failure struct {
	// Message is the reason why the socket has disconnected, or what may be
	// known of why a node's handler failed.
	Message string
	// Data comes with the error of a handler.
	Data json.RawMessage `json:",omitempty"`
}

// MissingError says which nodes have not replied, or not to the end.
type MissingError struct {
	// Nodes are what the adapter calls them: "" for one of which it knows no
	// more than that it exists.
	Nodes []string
	// Err is why: the cause of a context, or what the adapter knows of them.
	Err error
}

func (e *MissingError) Error() string {
	names := make([]string, len(e.Nodes))
	for i, name := range e.Nodes {
		names[i] = name
		if name == "" {
			names[i] = "(unknown)"
		}
	}
	return fmt.Sprintf("no answer from node %s: %v", strings.Join(names, ", "), e.Err)
}

// Unwrap returns why.
func (e *MissingError) Unwrap() error { return e.Err }
