// Package delivery has messages handled once that are sent more than once, and sends
// events again until they are acknowledged.
//
//	once := delivery.NewWindow(chat, delivery.WindowConfig{Session: user})
//	Order.Handle(once, place) // instead of Order.Handle(chat, place)
//
//	outbox := delivery.NewOutbox(chat, delivery.OutboxConfig{Recipient: user})
//	defer outbox.Close()
//	err := Shipped.Emit(outbox.To("ada"), parcel)
//
// # From a client
//
// A client that gets no acknowledgement can't know whether its message has been
// handled, so with its option retries it sends the message again. To the server that is
// another event like any other: nothing on the wire tells that it is the same. So the
// client gives each message an id of its own making, as an argument; a [Window]
// remembers the ids that it has seen, and what was answered, and answers a message
// that comes again with that. The handler runs once.
//
//	const socket = io("/chat", { retries: 10, ackTimeout: 5000 });
//	const answer = await socket.emitWithAck("order", order, crypto.randomUUID());
//
// # To a client
//
// An [Outbox] sends an event, waits for the acknowledgement, and sends it again if there
// is none, also when the client has come back on another connection; one event of a
// recipient after the other, so that they arrive in order. Here it is the client that
// may get an event twice. Its last argument is an id, by which it can tell:
//
//	let last;
//	socket.on("shipped", (parcel, id, ack) => {
//	  if (id !== last) show(parcel);
//	  last = id;
//	  ack();
//	});
//
// # Caveats
//
// Both are kept in memory, on one server. One that crashes forgets which messages it
// has handled, and loses the events that were not acknowledged. A message whose retry
// reaches another server of a cluster is handled there too: where twice must never be,
// store the id with what the handler does, in one transaction, under a constraint that
// it is unique.
package delivery
