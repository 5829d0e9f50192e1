package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/protocol/msgpack"
)

// Type says what a [Message] is.
type Type int

// The types of messages, which are those of the package socket.io-adapter for
// Node.js.
const (
	InitialHeartbeat Type = 1 + iota // answered by a Heartbeat
	Heartbeat
	Broadcast // with a request id, that of a Call
	Join
	Leave
	Disconnect
	Fetch // what sockets there are, or how many
	Fetched
	ServerEmit // with a request id if an answer is awaited
	ServerEmitted
	ClientCount // how many sockets a Call has been sent to
	ClientAck
	Leaving // the node has closed its adapter

	// Cancel ends a request. It is brio's own: other nodes don't know it.
	Cancel Type = 101
)

// Message is what a node says to others. As JSON it is what nodes on Node.js say; the
// members that are brio's own are ignored by these.
type Message struct {
	From      string `json:"uid"`
	Namespace string `json:"nsp"`
	Type      Type   `json:"type"`
	Data      *Data  `json:"data,omitempty"`

	// To is the node that a response is for, "" for all others.
	To string `json:"-"`
	// Event is the event of a Broadcast with its arguments, which Data.Packet has,
	// too, or which is in its place.
	Event json.RawMessage `json:"-"`
	// Attachments are those of the placeholders in Data or Event.
	Attachments [][]byte `json:"-"`
	// Stranger marks what may be of a node that sends no heartbeats, so that it
	// must not be expected to.
	Stranger bool `json:"-"`
}

// Data is what a [Message] is about: which members there are is up to its type.
type Data struct {
	Options   *Options        `json:"opts,omitempty"`
	Packet    json.RawMessage `json:"packet,omitempty"` // of a Broadcast a packet, of a ServerEmit event and arguments, of answers the first argument
	RequestID string          `json:"requestId,omitempty"`
	Rooms     []string        `json:"rooms,omitzero"`
	Close     bool            `json:"close,omitempty"` // the connections too
	Sockets   []Peer          `json:"sockets,omitzero"`
	Count     *int            `json:"clientCount,omitempty"`

	// What follows is brio's own.

	Timeout *int64            `json:"timeout,omitempty"` // of a request: milliseconds, -1 for none
	Only    string            `json:"only,omitempty"`    // what of a Fetch is asked: onlyCount or onlyRooms
	Parts   bool              `json:"parts,omitempty"`   // several Fetched may come, all but the last with More; of a Broadcast, several ClientCount
	More    bool              `json:"more,omitempty"`
	Sizes   map[string]int    `json:"sizes,omitzero"` // of rooms
	Asked   []string          `json:"asked,omitempty"`
	Socket  string            `json:"socket,omitempty"` // that answers
	Rest    []json.RawMessage `json:"rest,omitempty"`   // the arguments of an answer after the first
	Failure *Failure          `json:"failure,omitempty"`
	Error   string            `json:"error,omitempty"` // why the reply is not complete
	Drop    bool              `json:"drop,omitempty"`  // the connections, so that their clients come back
}

// Failure is why there is no answer.
type Failure struct {
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

const (
	onlyCount = "count"
	onlyRooms = "rooms"
)

// Room returns the one room that a message concerns: that of a Broadcast to its
// sockets which nobody has to answer. All others concern the whole namespace, "".
func (m *Message) Room() string {
	if m.Type != Broadcast || m.Data == nil || m.Data.RequestID != "" || m.Data.Options == nil || len(m.Data.Options.Rooms) != 1 {
		return ""
	}
	return m.Data.Options.Rooms[0]
}

// Append appends the message: as JSON, or as MessagePack if it has attachments, which
// [Decode] and nodes on Node.js tell from each other.
func (m *Message) Append(dst []byte) ([]byte, error) {
	if len(m.Attachments) > 0 {
		return m.AppendPacked(dst)
	}
	return m.appendText(dst)
}

// AppendPacked appends the message as MessagePack.
func (m *Message) AppendPacked(dst []byte) ([]byte, error) {
	text, err := m.appendText(nil)
	if err != nil {
		return dst, err
	}
	return msgpack.AppendValue(dst, text, m.Attachments)
}

func (m *Message) appendText(dst []byte) ([]byte, error) {
	text := bytes.NewBuffer(dst)
	e := json.NewEncoder(text)
	e.SetEscapeHTML(false) // what events hold is to arrive as it is
	if err := e.Encode(m); err != nil {
		return dst, fmt.Errorf("cluster: %w", err)
	}
	return text.Bytes()[:text.Len()-1], nil
}

// maxMessage bounds what a node takes from another: far more than a broker carries,
// for the nodes of a cluster trust each other.
const maxMessage = 1 << 30

// Decode returns the message that b is, of which nothing is kept.
func Decode(b []byte) (*Message, error) {
	if bytes.HasPrefix(b, []byte("{")) {
		return decodeJSON(b)
	}
	text, attachments, err := msgpack.DecodeValue(b, protocol.Limits{Bytes: maxMessage, Depth: 1024})
	if err != nil {
		return nil, fmt.Errorf("cluster: message: %w", err)
	}
	m, err := decodeJSON(text)
	if err != nil {
		return nil, err
	}
	m.Attachments = attachments
	return m, nil
}

func decodeJSON(b []byte) (*Message, error) {
	var m Message
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("cluster: message: %w", err)
	}
	if m.Data == nil {
		m.Data = &Data{}
	}
	return &m, nil
}

// packet is an event as nodes on Node.js have it.
type packet struct {
	Type      protocol.Type   `json:"type"`
	Data      json.RawMessage `json:"data"`
	Namespace string          `json:"nsp,omitempty"`
}

// newPacket returns the packet of a Broadcast.
func newPacket(p *protocol.Packet) json.RawMessage {
	name, _ := json.Marshal(p.Namespace) // a string can be
	b := make([]byte, 0, len(`{"type":2,"data":,"nsp":}`)+len(p.Data)+len(name))
	b = append(append(b, `{"type":2,"data":`...), p.Data...)
	b = append(append(b, `,"nsp":`...), name...)
	return append(b, '}')
}

// event returns what a Broadcast brings to a namespace.
func (m *Message) event(namespace string) (*protocol.Packet, error) {
	if m.Event != nil {
		return m.eventOf(namespace, m.Event)
	}
	var p packet
	if err := json.Unmarshal(m.Data.Packet, &p); err != nil {
		return nil, fmt.Errorf("cluster: packet: %w", err)
	}
	return m.eventOf(namespace, p.Data)
}

// eventOf returns the event whose name and arguments are data.
func (m *Message) eventOf(namespace string, data json.RawMessage) (*protocol.Packet, error) {
	e := &protocol.Packet{Type: protocol.Event, Namespace: namespace, Data: data, Attachments: m.Attachments}
	if e.EventName() == nil {
		return nil, errors.New("cluster: packet: not an event")
	}
	return e, nil
}

// setArgs sets the arguments of an answer.
func (m *Message) setArgs(ack *protocol.Packet) error {
	var args []json.RawMessage
	if len(ack.Data) > 0 {
		if err := json.Unmarshal(ack.Data, &args); err != nil {
			return fmt.Errorf("cluster: answer: %w", err)
		}
	}
	if len(args) > 0 {
		m.Data.Packet, m.Data.Rest = args[0], args[1:]
	}
	m.Attachments = ack.Attachments
	return nil
}

// args returns them.
func (m *Message) args(namespace string) protocol.Packet {
	data := []byte{'['}
	if len(m.Data.Packet) > 0 {
		data = append(data, m.Data.Packet...)
	}
	for _, one := range m.Data.Rest {
		data = append(append(data, ','), one...)
	}
	return protocol.Packet{Type: protocol.Ack, Namespace: namespace, Data: append(data, ']'), Attachments: m.Attachments}
}
