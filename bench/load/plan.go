package load

// A plan is what a mode comes down to: rooms of so many members, and who sends
// to them next. An echo is a message to a room of one.
type plan struct {
	rooms   bool // the server has them
	members int  // of a room: a message's deliveries
	senders int  // of a room, the first of its members
	// first is how many messages each of the clients before each begins with.
	each, first int
	// next is who sends when a message of one has arrived everywhere, or, at a
	// rate, when the time has come; of Connect, who is replaced.
	next func(r *run, after *client) *client
}

func (c Config) plan() plan {
	switch c.Mode {
	case Broadcast:
		return plan{rooms: true, members: c.Connections, senders: 1, each: 1, first: c.Window, next: same}
	case Rooms:
		return plan{rooms: true, members: c.Members, senders: c.Members, each: c.Window, first: 1, next: random}
	case Echo, Polling:
		next := same
		if c.Rate > 0 {
			next = following
		}
		return plan{members: 1, senders: 1, each: c.Connections, first: c.Window, next: next}
	case Connect:
		p := plan{members: 1, senders: 1}
		if c.churns() {
			p.next = following
		}
		return p
	default:
		return plan{members: 1, senders: 1}
	}
}

func same(_ *run, after *client) *client { return after }

// random picks one that is still connected, as long as there is one.
func random(r *run, _ *client) *client {
	i := r.random.IntN(len(r.clients))
	for n := 1; n < len(r.clients) && r.clients[i].gone; n++ {
		i = (i + 1) % len(r.clients)
	}

	return r.clients[i]
}

func following(r *run, after *client) *client {
	return r.clients[(int(after.index)+1)%len(r.clients)]
}
