package brio

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/briohq/brio/adapter"
)

// Peer is a socket as any node of the cluster knows it, at the moment of
// [Target.Peers]. Its fields must not be modified.
type Peer struct {
	ID string
	// Namespace is the name of the socket's namespace: that of a child, if a
	// parent was asked.
	Namespace string
	Handshake Handshake
	// Rooms are those that the socket is in, the one of its id first.
	Rooms []string
	// Data are the values of the socket's keys as JSON, by the name of the
	// [Key]. Values that encoding/json can't encode are left out.
	Data map[string]json.RawMessage

	target Target
}

// Target returns the socket, wherever it is.
func (p Peer) Target() Target { return p.target }

// Peers describes the sockets, on all nodes, as they answer. Nodes that do not
// are named by a [*MissingError], which comes last. Without a deadline it waits as
// long as ctx does. Nobody is asked before the range begins; leaving it early
// gives up what is still awaited.
//
// Handshakes travel with everything that the client sent, cookies and auth
// included. To know only how many there are, use [Target.Count]; for the sockets
// of this node, [Target.Sockets].
func (t Target) Peers(ctx context.Context) iter.Seq2[Peer, error] {
	return func(yield func(Peer, error) bool) {
		for r, err := range t.namespace.ask(ctx, adapter.Request{Op: adapter.Peers, Options: t.options}) {
			for _, p := range r.Peers {
				if !yield(newPeer(t.namespace, p), nil) {
					return
				}
			}
			if err != nil && !yield(Peer{}, err) {
				return
			}
		}
	}
}

// Of returns the value of a peer, the zero value if it has none or if what it
// has is not the JSON of a T.
func (k Key[T]) Of(p Peer) T {
	var v T
	if err := json.Unmarshal(p.Data[string(k)], &v); err != nil {
		var none T
		return none
	}
	return v
}

func newPeer(ns *Namespace, p adapter.Peer) Peer {
	h := Handshake{
		Time: p.Handshake.Time, Address: p.Handshake.Address, Secure: p.Handshake.Secure,
		Header: p.Handshake.Header, Auth: p.Handshake.Auth,
	}
	if h.Header == nil {
		h.Header = http.Header{}
	}
	var err error
	if h.URL, err = url.Parse(p.Handshake.URL); err != nil { // of a node that is no brio
		h.URL = &url.URL{}
	}
	if ns.family != nil {
		if one := ns.family.child(p.Namespace); one != nil {
			ns = one
		}
	}
	return Peer{ID: p.ID, Namespace: p.Namespace, Handshake: h, Rooms: p.Rooms, Data: p.Data, target: ns.To(p.ID)}
}

// peersPerReply keeps replies at a size that a broker carries.
const peersPerReply = 50

// peers describes the sockets of this node that the options select.
func (ns sockets) peers(ctx context.Context, o adapter.Options) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		for some := range slices.Chunk(slices.Collect(ns.present(o)), peersPerReply) {
			if ctx.Err() != nil {
				yield(adapter.Reply{}, context.Cause(ctx))
				return
			}
			list := make([]adapter.Peer, len(some))
			for i, s := range some {
				list[i] = s.describe()
			}
			if !yield(adapter.Reply{Peers: list}, nil) {
				return
			}
		}
	}
}

func (s *Socket) describe() adapter.Peer {
	h := s.Handshake()
	p := adapter.Peer{ID: s.id, Namespace: s.namespace.name, Rooms: s.Rooms()}
	p.Handshake = adapter.Handshake{Time: h.Time, Address: h.Address, Secure: h.Secure, URL: h.URL.String(), Header: h.Header, Auth: h.Auth}
	s.mu.Lock()
	data := slices.Clone(s.data)
	s.mu.Unlock()
	for _, one := range data {
		_ = s.guard("data", func() error { // what can't be encoded is left out
			text, err := json.Marshal(one.value)
			if err != nil {
				return err
			}
			if p.Data == nil {
				p.Data = make(map[string]json.RawMessage, len(data))
			}
			p.Data[one.key] = text
			return nil
		})
	}
	return p
}
