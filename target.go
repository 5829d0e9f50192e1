package brio

import (
	"iter"
	"slices"

	"github.com/briohq/brio/adapter"
)

// Target is a choice of sockets of one namespace, or of all children of one. It is a value that never
// changes: methods return another, so that a Target may be kept, and shared
// between goroutines. Who is in its rooms is decided when it is used.
type Target struct {
	namespace *Namespace
	options   adapter.Options
}

// To adds the sockets in any of the rooms. A Target to no rooms reaches nobody;
// everyone is Broadcast.
func (t Target) To(rooms ...string) Target {
	t.options.Rooms = slices.Concat(t.options.Rooms, rooms)
	return t
}

// In is [Target.To].
func (t Target) In(rooms ...string) Target { return t.To(rooms...) }

// Except leaves out the sockets in any of the rooms.
func (t Target) Except(rooms ...string) Target {
	t.options.Except = slices.Concat(t.options.Except, rooms)
	return t
}

// Local leaves out the sockets of other nodes of the cluster.
func (t Target) Local() Target {
	t.options.Local = true
	return t
}

// Volatile lets an event be dropped for the clients that can't take it at once:
// what was sent before has not left yet, or no polling request is held.
func (t Target) Volatile() Target {
	t.options.Volatile = true
	return t
}

// Latest sends an event as a state that newer ones of the same key make
// worthless: a price, a position, a cursor. For a client that can't take them as
// fast as they come, it takes the place of the one that waits. So at most one of
// a key waits for each client, which skips states, but gets the last one.
//
// Only the key counts: events of any name replace each other if they are sent to
// one socket with one key, with their attachments. Where that is not meant, make
// the name a part of the key. The old event is taken away and the new one comes
// last, so that a state never overtakes an event that was emitted before it; all
// other events arrive, in order. What has been given to the connection is not
// replaced any more. A quick client skips a state too if the next one is emitted
// right behind it.
//
// A key counts for Config.MaxBacklog as its event does, and so does what is being
// written: the last states of all keys should take less than half of it together.
// One for which there is no room is treated as any other event, see
// Config.SlowClient; if that drops it, the one that waits stays. One that is
// volatile as well is dropped where it would have to wait. With [Recovery], a
// client that comes back gets the last of the states that it has missed.
//
// This is for Emit; events that ask for an acknowledgement all arrive. The empty
// key takes Latest back.
func (t Target) Latest(key string) Target {
	t.options.Latest = key
	return t
}

// Uncompressed has an event sent as it is where others are compressed: over
// WebSocket with Config.Deflate, and in answers to polling requests that carry
// no other. It is for data that has been compressed already, such as images, on
// which time would be wasted. It is also for a secret beside what its reader may
// have others write: how well the two compress would tell of it.
func (t Target) Uncompressed() Target {
	t.options.Uncompressed = true
	return t
}

// Emit sends an event to the sockets. It is encoded once for all of them. Emit
// doesn't block, and fails if the arguments can't be encoded, or if the cluster
// can't be reached; then this node's sockets have got it nevertheless. The
// arguments may be modified afterwards.
func (t Target) Emit(event string, args ...any) error {
	p, err := t.namespace.newEvent(event, args)
	if err != nil {
		return err
	}
	return t.namespace.broadcast(p, t.options)
}

// Sockets returns those of the sockets that are connected to this node. What is
// done with them holds no lock.
func (t Target) Sockets() iter.Seq[*Socket] {
	return t.namespace.present(t.options)
}
