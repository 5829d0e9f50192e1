package redis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/link"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/protocol/msgpack"
)

// classic is a bus of pub/sub channels, as the adapter of Node.js has them by default.
type classic struct {
	config Config
	client rueidis.Client
	link   *link.Link[message]
}

// What requests and responses are, on Node.js.
const (
	sockets = iota
	allRooms
	remoteJoin
	remoteLeave
	remoteDisconnect
	remoteFetch
	serverSideEmit
	broadcast
	broadcastClientCount
	broadcastAck
)

// request is a request, or a response.
type request struct {
	UID       string           `json:"uid,omitempty"`
	RequestID string           `json:"requestId,omitempty"`
	Type      *int             `json:"type,omitempty"`
	Options   *cluster.Options `json:"opts,omitempty"`
	Rooms     []string         `json:"rooms,omitzero"`
	Close     bool             `json:"close,omitempty"`
	Data      json.RawMessage  `json:"data,omitempty"`   // of an event of servers, or its answer
	Packet    json.RawMessage  `json:"packet,omitempty"` // of a broadcast, or its acknowledgement
	Sockets   []cluster.Peer   `json:"sockets,omitzero"`
	Count     *int             `json:"clientCount,omitempty"`
	Brio      *cluster.Data    `json:"brio,omitempty"` // what only nodes of brio know; of these it is always there
}

// Join implements [cluster.Bus].
func (b *classic) Join(ctx context.Context, namespace, node string, receive func(*cluster.Message)) (cluster.Line, error) {
	c := &classicLine{
		bus: b, namespace: namespace, node: node, receive: receive,
		base:      b.config.Key + "#" + namespace + "#",
		requests:  b.config.Key + "-request#" + namespace + "#",
		responses: b.config.Key + "-response#" + namespace + "#",
		brio:      b.config.Key + "-brio#" + namespace + "#",
	}
	if receive == nil {
		return c, nil
	}
	c.line = &link.Line{
		Names: []string{c.requests, c.responses, c.responses + node + "#", c.brio, glob(c.base) + "*"},
		Hear:  c.hear,
	}
	if err := b.link.Join(ctx, c.line); err != nil {
		return nil, err
	}
	return c, nil
}

// glob returns the pattern that matches a text alone.
func glob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(text)
}

// classicLine is one namespace of it.
type classicLine struct {
	bus                             *classic
	line                            *link.Line // nil for one that only sends
	namespace, node                 string
	receive                         func(*cluster.Message)
	base, requests, responses, brio string // channels
}

// Nodes implements [cluster.Line].
func (c *classicLine) Nodes(ctx context.Context) (int, error) {
	return count(ctx, c.bus.client, c.requests)
}

// Close implements [cluster.Line].
func (c *classicLine) Close() error {
	c.bus.link.Flush()
	if c.line != nil {
		c.bus.link.Leave(c.line)
	}
	return nil
}

// Send implements [cluster.Line].
func (c *classicLine) Send(m *cluster.Message) error {
	channel := c.requests
	var body any
	switch d := m.Data; m.Type {
	case cluster.Broadcast:
		if d.RequestID == "" {
			channel = c.base
			if room := m.Room(); room != "" {
				channel += room + "#"
			}
			body = []any{m.From, d.Packet, d.Options}
			break
		}
		body = c.request(m, broadcast)
	case cluster.Join:
		body = c.request(m, remoteJoin)
	case cluster.Leave:
		body = c.request(m, remoteLeave)
	case cluster.Disconnect:
		body = c.request(m, remoteDisconnect)
	case cluster.Fetch:
		body = c.request(m, remoteFetch)
	case cluster.ServerEmit:
		r := c.request(m, serverSideEmit)
		r.Data, r.Packet = r.Packet, nil
		body = r
	case cluster.Fetched, cluster.ServerEmitted, cluster.ClientCount, cluster.ClientAck:
		channel, body = c.response(m)
	default:
		text, err := m.Append(nil)
		if err != nil {
			return err
		}
		return c.publish(c.brio, text)
	}
	text, err := encode(body, m.Attachments, m.Type == cluster.Broadcast || m.Type == cluster.ClientAck)
	if err != nil {
		return err
	}
	return c.publish(channel, text)
}

func (c *classicLine) publish(channel string, payload []byte) error {
	return c.bus.link.Publish(message{channel, payload}, len(channel)+len(payload))
}

// request returns a request. What is brio's own is apart.
func (c *classicLine) request(m *cluster.Message, kind int) *request {
	own := *m.Data
	r := &request{
		UID: m.From, RequestID: own.RequestID, Type: &kind, Options: own.Options,
		Rooms: own.Rooms, Close: own.Close, Packet: own.Packet, Sockets: own.Sockets, Count: own.Count, Brio: &own,
	}
	own.RequestID, own.Options, own.Rooms, own.Close, own.Packet, own.Sockets, own.Count = "", nil, nil, false, nil, nil, nil
	return r
}

// foreign is what the names of requests of nodes on Node.js have before them here, so
// that they are known from those of brio.
const foreign = "js:"

// response returns a response, and on which channel it goes.
func (c *classicLine) response(m *cluster.Message) (channel string, r *request) {
	kinds := map[cluster.Type]int{
		cluster.Fetched: remoteFetch, cluster.ServerEmitted: serverSideEmit,
		cluster.ClientCount: broadcastClientCount, cluster.ClientAck: broadcastAck,
	}
	r = c.request(m, kinds[m.Type])
	channel = c.responses
	id, theirs := strings.CutPrefix(r.RequestID, foreign)
	r.RequestID = id
	if !theirs || c.bus.config.SpecificResponses && m.Type != cluster.ServerEmitted {
		channel += m.To + "#"
	}
	switch m.Type {
	case cluster.ServerEmitted:
		r.Data, r.Packet = r.Packet, nil
	case cluster.Fetched:
		r.Type = nil
		if m.Data.Count != nil && m.Data.Sizes == nil {
			r.Brio.Count = m.Data.Count
			r.Count = nil
		}
		for room := range m.Data.Sizes {
			r.Rooms = append(r.Rooms, room)
		}
	}
	return channel, r
}

// encode returns JSON, or MessagePack where Node.js expects that or binary values are
// in it.
func encode(body any, attachments [][]byte, packed bool) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if !packed && len(attachments) == 0 {
		return text.Bytes()[:text.Len()-1], nil
	}
	return msgpack.AppendValue(nil, text.Bytes(), attachments)
}

// hear takes what has come.
func (c *classicLine) hear(channel, text string) {
	m, err := c.decode(channel, []byte(text))
	if err != nil {
		c.bus.config.Cluster.Logger.Warn("message of another node not understood", "error", err, "channel", channel, "namespace", c.namespace)
		return
	}
	if m != nil && m.From != c.node {
		c.receive(m)
	}
}

// limits bound what another node says: by what Redis carries.
var limits = protocol.Limits{Bytes: 512 << 20, Depth: 1024}

// decode returns what a message says, nil if it is for others.
func (c *classicLine) decode(channel string, text []byte) (*cluster.Message, error) {
	if channel == c.brio {
		return cluster.Decode(text)
	}
	var attachments [][]byte
	if len(text) == 0 || text[0] != '{' {
		var err error
		if text, attachments, err = msgpack.DecodeValue(text, limits); err != nil {
			return nil, fmt.Errorf("redis: %w", err)
		}
	}
	switch {
	case channel == c.requests:
		return c.requested(text, attachments)
	case strings.HasPrefix(channel, c.responses):
		return c.responded(text, attachments)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) < 2 {
		return nil, fmt.Errorf("redis: no broadcast: %w", err)
	}
	m := &cluster.Message{Type: cluster.Broadcast, Data: &cluster.Data{Packet: parts[1], Options: &cluster.Options{}}, Attachments: attachments, Stranger: true}
	_ = json.Unmarshal(parts[0], &m.From) // who sends without being a node may have no name
	var packet struct {
		Namespace *string `json:"nsp"`
	}
	if err := json.Unmarshal(parts[1], &packet); err != nil {
		return nil, fmt.Errorf("redis: no packet: %w", err)
	}
	if name := packet.Namespace; name != nil && *name != c.namespace || name == nil && c.namespace != "/" {
		return nil, nil //nolint:nilnil // "/" hears "/#a#" too
	}
	if len(parts) > 2 {
		if err := json.Unmarshal(parts[2], m.Data.Options); err != nil {
			return nil, fmt.Errorf("redis: options: %w", err)
		}
	}
	return m, nil
}

// message returns the message that is in r.
func (c *classicLine) message(r *request, attachments [][]byte) *cluster.Message {
	d := r.Brio
	if d == nil {
		d = &cluster.Data{}
	}
	d.RequestID, d.Options, d.Rooms, d.Close, d.Packet, d.Sockets = r.RequestID, r.Options, r.Rooms, r.Close, r.Packet, r.Sockets
	if r.Count != nil {
		d.Count = r.Count
	}
	return &cluster.Message{From: r.UID, Namespace: c.namespace, Data: d, Attachments: attachments, Stranger: r.Brio == nil}
}

var errLegacy = errors.New("redis: a request of a version that is too old")

func (c *classicLine) requested(text []byte, attachments [][]byte) (*cluster.Message, error) {
	var r request
	if err := json.Unmarshal(text, &r); err != nil || r.Type == nil {
		return nil, fmt.Errorf("redis: no request: %w", err)
	}
	if r.Brio == nil && r.RequestID != "" {
		r.RequestID = foreign + r.RequestID
	}
	m := c.message(&r, attachments)
	switch *r.Type {
	case broadcast:
		m.Type = cluster.Broadcast
	case remoteJoin:
		m.Type = cluster.Join
	case remoteLeave:
		m.Type = cluster.Leave
	case remoteDisconnect:
		m.Type = cluster.Disconnect
	case remoteFetch, sockets:
		m.Type = cluster.Fetch
	case allRooms:
		m.Type, m.Data.Only = cluster.Fetch, "rooms"
		return m, nil
	case serverSideEmit:
		m.Type, m.Data.Packet = cluster.ServerEmit, r.Data
		return m, nil
	default:
		return nil, fmt.Errorf("redis: unknown request %d", *r.Type)
	}
	if r.Options == nil {
		return nil, errLegacy
	}
	return m, nil
}

func (c *classicLine) responded(text []byte, attachments [][]byte) (*cluster.Message, error) {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("redis: no response: %w", err)
	}
	m := c.message(&r, attachments)
	switch {
	case r.Type == nil:
		m.Type = cluster.Fetched
	case *r.Type == serverSideEmit:
		m.Type, m.Data.Packet = cluster.ServerEmitted, r.Data
	case *r.Type == broadcastClientCount:
		m.Type = cluster.ClientCount
	case *r.Type == broadcastAck:
		m.Type = cluster.ClientAck
	default:
		return nil, fmt.Errorf("redis: unknown response %d", *r.Type)
	}
	return m, nil
}
