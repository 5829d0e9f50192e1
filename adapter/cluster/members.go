package cluster

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/briohq/brio/internal/wheel"
)

// emitter is the name of all that send without being nodes.
const emitter = "emitter"

// member is another node, as far as it has been heard of.
type member struct{ heard time.Time }

// ticks is how often a node looks around between two heartbeats of its own.
const ticks = 5

// begin says hello, and keeps on doing so.
func (n *node) begin() {
	n.mu.Lock()
	n.sent = time.Now()
	n.mu.Unlock()
	n.say(InitialHeartbeat)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.beat.Owner = wheel.Func(n.tick)
	if !n.closed {
		n.wheel.Schedule(&n.beat, n.config.HeartbeatInterval/ticks)
	}
}

func (n *node) say(t Type) {
	if err := n.line.Send(n.message(t, nil)); err != nil {
		n.config.Logger.Debug("sign of life not sent", "error", err, "type", int(t), "namespace", n.namespace)
	}
}

// tick sends a heartbeat if it is time, and looks who has not sent one.
func (n *node) tick() {
	now := time.Now()
	var gone []string
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	due := now.Sub(n.sent) >= n.config.HeartbeatInterval-n.config.HeartbeatInterval/(2*ticks)
	if due {
		n.sent = now
	}
	for name, m := range n.members {
		if now.Sub(m.heard) > n.config.HeartbeatTimeout {
			gone = append(gone, name)
		}
	}
	n.wheel.Schedule(&n.beat, n.config.HeartbeatInterval/ticks)
	n.mu.Unlock()
	for _, name := range gone {
		n.part(name, ErrGone)
	}
	if due {
		n.say(Heartbeat)
	}
}

// heard notes that a node is there, or has left.
func (n *node) heard(m *Message) {
	if m.From == emitter || m.From == "" {
		return
	}
	if m.Type == Leaving {
		n.part(m.From, ErrClosed)
		return
	}
	n.mu.Lock()
	one := n.members[m.From]
	if one == nil && m.Stranger {
		n.mu.Unlock()
		return
	}
	fresh := one == nil
	if fresh {
		one = &member{}
		n.members[m.From] = one
	}
	one.heard = time.Now()
	n.mu.Unlock()
	if fresh {
		n.config.Logger.Debug("node has come", "node", m.From, "namespace", n.namespace)
	}
	if m.Type == InitialHeartbeat {
		n.say(Heartbeat)
	}
}

// part forgets a node that is gone: nobody waits for it any more, and nothing is
// answered to it.
func (n *node) part(name string, why error) {
	n.mu.Lock()
	known := n.members[name] != nil
	delete(n.members, name)
	for _, q := range n.questions {
		q.put(item{gone: name, err: why})
	}
	var cancels []context.CancelCauseFunc
	for key, cancel := range n.answering {
		if strings.HasPrefix(key, name+" ") {
			cancels = append(cancels, cancel)
		}
	}
	n.mu.Unlock()
	for _, cancel := range cancels {
		cancel(why)
	}
	if known {
		n.config.Logger.Debug("node has gone", "node", name, "namespace", n.namespace, "error", why)
	}
}

// errLeft is why an answer is given up that nobody waits for any more.
var errLeft = errors.New("nobody waits for the answer")

func (n *node) stopAnswering(from, id string) {
	n.mu.Lock()
	cancel := n.answering[from+" "+id]
	n.mu.Unlock()
	if cancel != nil {
		cancel(errLeft)
	}
}
