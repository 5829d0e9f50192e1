package load

import "time"

// A client is one member of the load.
type client struct {
	run   *run
	index uint32
	room  uint32
	pipe  pipe
	began time.Duration // since the run began; its connection

	joined   bool
	gone     bool
	answered bool // the roll call

	sent     uint32   // how many messages
	flights  flights  // those which have not arrived everywhere
	expected []uint32 // the next sequence number of each who sends to its room
}

// A pipe carries messages between a client and the server.
type pipe interface {
	// send sends one message, at the end of the turn.
	send(payload []byte)
	// backlog is how many bytes the server has not taken yet.
	backlog() int
	close()
}

// flights are the messages of one sender that are under way, in order.
type flights struct {
	first uint32 // sequence number of list[head]
	head  int
	list  []flight
}

type flight struct {
	missing int // deliveries
	due     time.Duration
}

func (f *flights) depart(missing int, due time.Duration) {
	f.list = append(f.list, flight{missing, due})
}

// land notes one delivery, and reports whether it was the last.
func (f *flights) land(sequence uint32) bool {
	i := f.head + int(int32(sequence-f.first))
	if i < f.head || f.list[i].missing == 0 { // given up before
		return false
	}
	f.list[i].missing--
	done := f.list[i].missing == 0
	f.trim()

	return done
}

// expire gives up those that were due before, and returns how many these were.
func (f *flights) expire(before time.Duration) int {
	n := 0
	for i := f.head; i < len(f.list); i++ {
		if f.list[i].missing > 0 && f.list[i].due < before {
			f.list[i].missing = 0
			n++
		}
	}
	f.trim()

	return n
}

// trim forgets those at the front that are done.
func (f *flights) trim() {
	for f.head < len(f.list) && f.list[f.head].missing == 0 {
		f.head++
		f.first++
	}
	// Moving the rest pays only when there is less of it than of what it frees.
	if 2*f.head >= len(f.list) {
		f.list = f.list[:copy(f.list, f.list[f.head:])]
		f.head = 0
	}
}
