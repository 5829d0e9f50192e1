// Package brio is real time for the web: a server for every Socket.IO client.
//
// There are only a few types: [Server], [Namespace], [Socket] and [Target]. An
// event is a typed constant, an [Event] or a [Call], that server, Go client and
// tests share:
//
//	const Say brio.Event[string] = "say"
//
//	server := brio.NewServer(brio.Config{})
//	chat := server.Of("/chat")
//	Say.Handle(chat, func(ctx context.Context, s *brio.Socket, text string) error {
//		return Say.Emit(s.Broadcast(), text)
//	})
//	http.Handle("/socket.io/", server)
//
// Under them lies one untyped core in the shape that Socket.IO has in
// JavaScript: [Namespace.On], [Socket.Emit], [Args].
//
// # Concurrency
//
// Everything exported may be used from any goroutine. The handlers of one
// socket run one at a time, in the order in which its events arrived, on a
// goroutine that exists only while there is work; different sockets run
// concurrently. Acknowledgements are resolved elsewhere, so a handler may wait
// for one from its own socket. Emitting never blocks; what can wait takes a
// context.
//
// # Nodes
//
// What is done to a [Target] reaches its sockets on all nodes of a cluster,
// through [Config].Adapter; [Target.Local] keeps it on this one. What other nodes
// are to answer comes as a sequence, each answer as it arrives; a sequence waits
// as long as its context does, names at its end who did not answer, and may be
// left early.
//
// # Bounds
//
// What waits to be sent to a client and what waits for its handlers is bounded
// by [Config].MaxBacklog. A client that does not read is disconnected, or misses
// events, see [Config].SlowClient; of those sent with [Target.Latest] only the
// newest of each key waits. One that sends faster than its handlers work is read
// more slowly. One connection is in at most [Config].MaxNamespaces namespaces,
// and one socket in [Config].MaxRooms rooms.
//
// # Caveats
//
// A volatile event may be dropped, and what was sent to a client just before
// its connection broke may not have arrived: ask for an acknowledgement where
// that matters. The context of a handler ends with its socket; use
// [context.WithoutCancel] for work that must be finished.
package brio
