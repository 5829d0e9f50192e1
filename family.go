package brio

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

// maxIdle is how many children without sockets a server keeps for who may come
// back. Any more are collected at once, so that clients can't make them faster
// than they are collected.
const maxIdle = 1000

// family is what a parent has: the pattern of its name, or a function instead,
// and its children. As an adapter it brings to all of them what is for it.
type family struct {
	server   *Server
	parent   *Namespace                          // whose family it is
	pattern  *pattern                            // nil if there is a function
	accept   func(name string, h Handshake) bool // nil if there is a pattern
	children map[string]*Namespace               // guarded by the server's mu; one that is being closed stays until it is
}

// child is what a namespace has that was made for a name that a client asked
// for.
type child struct {
	family *family
	values []string      // of the pattern's wildcards
	open   func() error  // makes the adapter, once, and announces the namespace
	opened atomic.Bool   // the adapter is there, and has not been closed
	used   atomic.Bool   // somebody has been let in
	closed chan struct{} // closed when the adapter has been
	expiry wheel.Entry

	// Guarded by the server's mu.
	held      int  // sockets, from their CONNECT until they have departed
	idle      bool // counted in the server's idle
	collected bool
}

func newParent(s *Server, name string, p *pattern, accept func(string, Handshake) bool) *Namespace {
	ns := newNamespace(s, name)
	ns.family = &family{server: s, parent: ns, pattern: p, accept: accept, children: map[string]*Namespace{}}
	ns.adapter = ns.family
	return ns
}

// OfFunc returns a parent, as a pattern has one, see [Server.Of]: its children are
// made for the names that f accepts. It is asked each time that a client wants to
// connect to a name that is no static namespace, after the patterns and functions
// that were registered before, and unless one of these makes a child of it. As
// long as there is a child of a name, only its own parent is asked, so that no two
// have one of the same name. A client that is not accepted is told "Invalid
// namespace". A name that is not UTF-8, or has control characters, is not
// accepted by any function.
//
// The handshake has the client's auth. The function may be called concurrently. It
// must not block, since it holds up everything that the client sends: what needs
// a database is decided by the parent's middleware. A panic is treated as a
// handler's, and refuses the client.
func (s *Server) OfFunc(f func(name string, h Handshake) bool) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	ns := newParent(s, "/_"+strconv.Itoa(len(s.parents)), nil, f)
	s.parents = append(s.parents, ns)
	return ns
}

// possible reports whether there may be a child of that name.
func (f *family) possible(name string) bool {
	if f.pattern == nil {
		text, ok := strings.CutPrefix(name, "/")
		return ok && matches(text, true)
	}
	_, ok := f.pattern.match(name)
	return ok
}

// hold returns the namespace for a name and keeps it from being collected until
// it is released; nil if there is none. The first parent that matches makes it,
// which is found out without a lock.
func (s *Server) hold(name string, match func(parent *Namespace) (values []string, ok bool)) *Namespace {
	for {
		s.mu.RLock()
		ns, parents := s.namespaces[name], s.parents
		if ns != nil {
			s.mu.RUnlock()
			return ns
		}
		if owner := s.owner(name); owner != nil {
			parents = []*Namespace{owner}
		}
		s.mu.RUnlock()
		var parent *Namespace
		var values []string
		for _, one := range parents {
			if v, ok := match(one); ok {
				parent, values = one, v
				break
			}
		}
		if parent == nil {
			return nil
		}
		if ns := parent.holdChild(name, values); ns != nil {
			return ns
		}
	}
}

// owner returns the parent that has a child of that name, also one that is being
// closed; nil if there is none. It is called with the server's mu held.
func (s *Server) owner(name string) *Namespace {
	for _, parent := range s.parents {
		if parent.family.children[name] != nil {
			return parent
		}
	}
	return nil
}

// match reports whether the parent makes a child for a client that wants to
// connect with p.
func (ns *Namespace) match(c *connection, p *protocol.Packet) (values []string, ok bool) {
	f, name := ns.family, p.Namespace
	if f.pattern != nil {
		return f.pattern.match(name)
	}
	if !f.possible(name) {
		return nil, false
	}
	_ = ns.guard("namespace", "", func() error { // a panic has been logged
		ok = f.accept(name, c.describe(string(p.Data)))
		return nil
	})
	return nil, ok
}

// holdChild returns nil if meanwhile the name has been given to another.
func (ns *Namespace) holdChild(name string, values []string) *Namespace {
	s := ns.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if owner := s.owner(name); s.namespaces[name] != nil || owner != nil && owner != ns {
		return nil
	}
	one := ns.family.children[name]
	if one == nil || one.child.collected {
		one = ns.newChild(name, values, one)
		ns.family.children[name] = one
	}
	one.child.held++
	one.child.stay(s)
	return one
}

func (ns *Namespace) newChild(name string, values []string, before *Namespace) *Namespace {
	var closing <-chan struct{}
	if before != nil {
		closing = before.child.closed
	}
	one := newNamespace(ns.server, name)
	one.table = ns.table
	one.child = &child{family: ns.family, values: values, closed: make(chan struct{})}
	one.child.expiry.Owner = wheel.Func(one.expire)
	one.child.open = sync.OnceValue(func() error {
		if closing != nil {
			<-closing // a cluster may know an adapter by its name
		}
		if err := one.connect(); err != nil {
			return err
		}
		one.child.opened.Store(true)
		one.server.announce(one)
		return nil
	})
	return one
}

// stay takes back that a child is to be collected.
func (c *child) stay(s *Server) {
	if c.idle {
		c.idle = false
		s.idle--
		s.wheel.Cancel(&c.expiry)
	}
}

// release takes back hold. A child that nobody holds is collected: after a
// while, or at once if nobody was let in, for making it must not be free.
func (ns *Namespace) release() {
	c, s := ns.child, ns.server
	if c == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.held--
	switch {
	case c.held > 0:
	case !c.used.Load():
		ns.collect()
	case s.config.NamespaceIdle < 0:
	case s.idle >= maxIdle:
		ns.collect()
	default:
		c.idle = true
		s.idle++
		s.wheel.Schedule(&c.expiry, s.config.NamespaceIdle)
	}
}

func (ns *Namespace) expire() {
	ns.server.mu.Lock()
	defer ns.server.mu.Unlock()
	if ns.child.held == 0 && !ns.child.collected { // nobody has come meanwhile
		ns.collect()
	}
}

// collect closes a child that nobody holds. Who asks for its name from now on
// gets a new one, which waits until this one has been closed. It is called with
// the server's mu held.
func (ns *Namespace) collect() {
	c, s := ns.child, ns.server
	c.stay(s)
	c.collected = true
	s.group.Go(func() {
		defer close(c.closed)
		if err := ns.close(); err != nil {
			s.config.Logger.Error("adapter can't be closed", "error", err, "namespace", ns.name)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if siblings := c.family.children; siblings[ns.name] == ns {
			delete(siblings, ns.name)
		}
	})
}

// living returns the children whose adapters are open.
func (f *family) living() []*Namespace {
	f.server.mu.RLock()
	defer f.server.mu.RUnlock()
	list := make([]*Namespace, 0, len(f.children))
	for _, one := range f.children {
		if one.child.opened.Load() {
			list = append(list, one)
		}
	}
	return list
}

// child returns the child of that name whose adapter is open, nil if there is
// none.
func (f *family) child(name string) *Namespace {
	f.server.mu.RLock()
	defer f.server.mu.RUnlock()
	if one := f.children[name]; one != nil && one.child.opened.Load() {
		return one
	}
	return nil
}

// Broadcast brings the packet to the children, under the name of each.
func (f *family) Broadcast(p *protocol.Packet, o adapter.Options) error {
	return f.each(func(one *Namespace) error { return one.adapter.Broadcast(one.own(p), o) })
}

// Tell brings the request to the children.
func (f *family) Tell(r adapter.Request) error {
	event := r.Event
	return f.each(func(one *Namespace) error {
		r.Event = one.own(event)
		return one.adapter.Tell(r)
	})
}

// Ask brings the request to the children at once, and yields what they reply.
func (f *family) Ask(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	var all []func(context.Context) iter.Seq2[adapter.Reply, error]
	for _, one := range f.living() {
		own := r
		own.Event = one.own(r.Event)
		all = append(all, func(ctx context.Context) iter.Seq2[adapter.Reply, error] { return one.adapter.Ask(ctx, own) })
	}
	return group.Merge(ctx, all...)
}

// Close does nothing: each child's adapter is closed with the child.
func (f *family) Close() error { return nil }

// each does the same to all children.
func (f *family) each(do func(*Namespace) error) error {
	var errs []error
	for _, one := range f.living() {
		if err := do(one); err != nil {
			errs = append(errs, fmt.Errorf("namespace %s: %w", one.name, err))
		}
	}
	return errors.Join(errs...)
}

// own returns a packet under the name of the namespace.
func (ns *Namespace) own(p *protocol.Packet) *protocol.Packet {
	if p == nil {
		return nil
	}
	own := *p
	own.Namespace = ns.name
	return &own
}
