package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// node is what stands for the sockets of one node: two, called after it, in the
// rooms that are common to all nodes, and one that is the node's own.
type node struct {
	adapter.Adapter
	name    string
	sockets [2]*socket
	local   *adapter.Local[*socket]
	closed  bool
	asked   chan struct{} // gets one for each event that the server leaves unanswered

	mu     sync.Mutex // guards what follows, and got and gone of the sockets
	events []string   // that it was told as a server
}

type socket struct {
	id     string
	places adapter.Places[*socket]
	got    []string // events, with their attachments
	gone   adapter.Op
}

func newNode(i int) *node {
	n := &node{name: string(rune('a' + i)), asked: make(chan struct{}, 1)}
	n.local = adapter.NewLocal(func(s *socket) string { return s.id }, func(s *socket) *adapter.Places[*socket] { return &s.places })
	for i, kind := range []string{"1", "2"} {
		s := &socket{id: n.name + kind}
		n.sockets[i] = s
		n.local.Add(s)
		n.local.Join(s, "all", "kind "+kind, "node "+n.name)
	}
	return n
}

// Watch implements [adapter.Interest].
func (n *node) Watch(changed func(room string)) bool {
	n.local.Watch(changed)
	return true
}

// Has reports whether a socket is in the room.
func (n *node) Has(room string) bool { return n.local.Has(room) }

func (n *node) Deliver(p *protocol.Packet, o adapter.Options) {
	list := n.local.Append(nil, o)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range list {
		s.got = append(s.got, text(p)+how(o))
	}
}

// how is what is compared of how a packet is to reach its sockets.
func how(o adapter.Options) string {
	return fmt.Sprintf(" volatile %t latest %q uncompressed %t", o.Volatile, o.Latest, o.Uncompressed)
}

// text is what is compared of a packet.
func text(p *protocol.Packet) string {
	return fmt.Sprintf("%s %s %q", p.Namespace, p.Data, p.Attachments)
}

func (n *node) Do(r adapter.Request) {
	list := n.local.Append(nil, r.Options)
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.Op == adapter.Emit {
		n.events = append(n.events, text(r.Event))
		return
	}
	for _, s := range list {
		switch r.Op {
		case adapter.Join:
			n.local.Join(s, r.Rooms...)
		case adapter.Leave:
			n.local.Leave(s, r.Rooms...)
		default:
			s.gone = r.Op
			n.local.Remove(s)
		}
	}
}

var errUnknown = errors.New("unknown request")

func (n *node) Answer(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		list := n.local.Append(nil, r.Options)
		switch r.Op {
		case adapter.Call:
			n.call(ctx, list, r.Event, yield)
		case adapter.Peers:
			for _, s := range list {
				if !yield(adapter.Reply{Peers: []adapter.Peer{n.describe(s)}}, nil) {
					return
				}
			}
		case adapter.Count:
			yield(adapter.Reply{Count: len(list)}, nil)
		case adapter.Rooms:
			yield(adapter.Reply{Rooms: n.local.Sizes()}, nil)
		case adapter.Emit:
			n.serve(ctx, r.Event, yield)
		default:
			yield(adapter.Reply{}, errUnknown)
		}
	}
}

// call lets each socket answer with its id. The event "second" makes the second
// socket disconnect instead, and "silent" makes it say nothing.
func (n *node) call(ctx context.Context, list []*socket, p *protocol.Packet, yield func(adapter.Reply, error) bool) {
	if len(list) == 0 {
		return
	}
	var asked []string
	for _, s := range list {
		asked = append(asked, s.id)
	}
	if !yield(adapter.Reply{Asked: asked}, nil) {
		return
	}
	wait := false
	for _, s := range list {
		answer := &adapter.Answer{Socket: s.id, Ack: acknowledgement(s.id)}
		switch name := string(p.EventName()); {
		case s.id[1] == '1' || name == "all":
		case name == "silent":
			wait = true
			continue
		default:
			answer = &adapter.Answer{Socket: s.id, Failure: &adapter.Failure{Message: "transport close"}}
		}
		if !yield(adapter.Reply{Answer: answer}, nil) {
			return
		}
	}
	if wait {
		<-ctx.Done()
	}
}

// serve answers with the node's name, fails, or says nothing.
func (n *node) serve(ctx context.Context, p *protocol.Packet, yield func(adapter.Reply, error) bool) {
	switch string(p.EventName()) {
	case "fail":
		yield(adapter.Reply{Answer: &adapter.Answer{
			Ack:     acknowledgement("envelope"),
			Failure: &adapter.Failure{Message: "no " + n.name, Data: json.RawMessage(`{"a":1}`)},
		}}, nil)
	case "silent":
		n.asked <- struct{}{}
		<-ctx.Done()
		yield(adapter.Reply{}, context.Cause(ctx))
	default:
		yield(adapter.Reply{Answer: &adapter.Answer{Ack: acknowledgement(n.name)}}, nil)
	}
}

func acknowledgement(value string) protocol.Packet {
	data, attachments, _ := protocol.AppendArgs(nil, nil, value, []byte(value)) // both can be encoded
	return protocol.Packet{Type: protocol.Ack, Namespace: namespace, Data: data, Attachments: attachments}
}

func (n *node) describe(s *socket) adapter.Peer {
	return adapter.Peer{
		ID:        s.id,
		Namespace: namespace,
		Rooms:     n.local.Rooms(s),
		Handshake: adapter.Handshake{
			Time:    time.Unix(1700000000, 123e6).UTC(),
			Address: "192.0.2.1:80",
			Secure:  true,
			URL:     "/socket.io/?EIO=4&transport=websocket&x=%C3%BC",
			Header:  http.Header{"Cookie": {"a=1", "b=2"}, "User-Agent": {"test"}},
			Auth:    json.RawMessage(`{"token":"ü"}`),
		},
		Data: map[string]json.RawMessage{"name": json.RawMessage(`"` + s.id + `"`), "n": json.RawMessage(`[1,null]`)},
	}
}

// state is what has come to the node's sockets, and to it.
func (n *node) state() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	state := fmt.Sprintf("%s%q", n.name, n.events)
	for _, s := range n.sockets {
		rooms := n.local.Rooms(s)
		slices.Sort(rooms)
		state += fmt.Sprintf("\n%s%s %q%q", s.id, s.gone, rooms, s.got)
	}
	return state
}
