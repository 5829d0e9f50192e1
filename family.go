package brio

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

// maxIdle is how many children without sockets a server keeps for who may come
// back. Any more are collected at once, so that clients can't make them faster
// than they are collected.
const maxIdle = 1000

// family is what a parent has: the pattern of its name, and its children. As an
// adapter it brings a broadcast to all of them.
type family struct {
	server   *Server
	pattern  *pattern
	children map[string]*Namespace // guarded by the server's mu; one that is being closed stays until it is
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

func newParent(s *Server, name string, p *pattern) *Namespace {
	ns := newNamespace(s, name)
	ns.family = &family{server: s, pattern: p, children: map[string]*Namespace{}}
	ns.adapter = ns.family
	return ns
}

// hold returns the namespace for a name and keeps it from being collected until
// it is released; nil if there is none.
func (s *Server) hold(name string) *Namespace {
	s.mu.RLock()
	ns := s.namespaces[name]
	s.mu.RUnlock()
	if ns != nil {
		return ns
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ns := s.namespaces[name]; ns != nil {
		return ns
	}
	for _, parent := range s.parents {
		if values, ok := parent.family.pattern.match(name); ok {
			return parent.holdChild(name, values)
		}
	}
	return nil
}

// holdChild is called with the server's mu held.
func (ns *Namespace) holdChild(name string, values []string) *Namespace {
	one := ns.family.children[name]
	if one == nil || one.child.collected {
		one = ns.newChild(name, values, one)
		ns.family.children[name] = one
	}
	one.child.held++
	one.child.stay(ns.server)
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
	one.child.expiry.Expire = one.expire
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

// Broadcast brings the packet to the children, under the name of each.
func (f *family) Broadcast(p *protocol.Packet, o adapter.Options) error {
	var errs []error
	for _, one := range f.living() {
		own := *p
		own.Namespace = one.name
		if err := one.adapter.Broadcast(&own, o); err != nil {
			errs = append(errs, fmt.Errorf("namespace %s: %w", one.name, err))
		}
	}
	return errors.Join(errs...)
}

// Close does nothing: each child's adapter is closed with the child.
func (f *family) Close() error { return nil }
