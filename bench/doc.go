// Package bench measures brio as its users meet it: through the public API and
// over real loopback connections. Functions have their benchmarks in their own
// packages.
//
//	go test -run '^$' -bench . ./bench
//
// takes about a minute. results.txt is a recorded run.
//
//   - Encode: from an event's value to the packet (emit, with an adapter that
//     drops it) and from the packet to the frame that all connections share
//     (frame). An op is one message, for however many sockets.
//   - Decode: the text of a 160-byte event to the packet, then also its argument
//     to a struct. An op is one message.
//   - Broadcast: a server-side Emit to a room of 1,000 WebSocket connections,
//     each of which counts what arrives, with 1 and with 16 broadcasts in
//     flight. An op is one broadcast; ns/delivery is the time divided by all
//     deliveries.
//   - Deflate: 4 KiB of JSON to 100 WebSocket connections, as one broadcast and
//     as an event emitted to each, without permessage-deflate (off) and with it
//     (on). wire-B/delivery is the size of a frame; cpu-ns/op is what the
//     process used on all cores. A broadcast is compressed once, so on a
//     loopback that copies every byte it costs about what it saves; what is
//     emitted to each is compressed for each, which costs more than it saves.
//     The clients don't decompress: a real one pays for that too.
//   - Echo: 64 bytes to a typed handler and back over one WebSocket, with 1 and
//     with 16 messages in flight. An op is one message, there and back.
//   - Polling: the same over long-polling, one message in flight: a POST, and
//     the answer of a GET that was sent before it.
//   - Connect: TCP connection, WebSocket handshake, joining a namespace, and
//     the client's close, one after the other (w1) and by 16 clients (w16). An
//     op is one connection.
//   - Idle: what 2,000 WebSocket connections keep, each in a namespace and with
//     nothing to do, after two collections. heap-B/conn is the server's alone:
//     the client's part is measured by itself and subtracted. stack-B/conn is
//     the server's too, as the clients have no goroutine here.
//     The runtime reuses the descriptors of goroutines that have ended, about
//     500 bytes each, so the whole figure is that of a run of its own:
//     go test -run '^$' -bench Idle -benchtime 1x ./bench
//
// In flight means that as many are under way when the clock starts as when it
// stops, so that neither filling nor draining is counted.
//
// # What they do not show
//
// Client and server share a process and its cores. A figure is thus the cost of
// both, and with one message in flight also that of waking goroutines; it says
// nothing about how much one server carries. The client is kept lean: it
// prepares its frames beforehand, allocates nothing once it is connected, and
// only counts the frames it reads. B/op and allocs/op are therefore the
// server's, except in Connect, where dialing is included. A broadcast's
// thousand readers are goroutines of this process and cost about as much as a
// server's.
//
// Loopback flatters latency and makes writing dear: the system call that writes
// also does the receiver's share of TCP. There are no heartbeats, no TLS, no
// loss, and percentiles are not taken. The kernel's memory for a connection, of
// several kilobytes, is not in Idle. Nothing here compares brio with another
// server: that takes processes of their own, pinned to cores of their own, as
// compare has them, see docs/performance.md.
package bench
