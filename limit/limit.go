// Package limit bounds how often clients may do things: events, by token buckets for
// each socket, event, client address and user, and handshakes; and how many
// connections of one address there are.
//
//	server := brio.NewServer(brio.Config{
//		AllowRequest: limit.Handshakes(limit.HandshakesConfig{Address: limit.Rate{PerSecond: 5, Burst: 20}, Concurrent: 50}).Allow,
//	})
//	limit.Events(server.Of("/chat"), limit.EventsConfig{
//		Socket: limit.Rate{PerSecond: 20, Burst: 50},
//		Event:  map[string]limit.Rate{"say": {PerSecond: 2, Burst: 10}},
//	})
//
// A bucket holds up to Burst tokens and gets PerSecond of them; whoever finds it empty
// is too much. Limits are those of one server: of a cluster each has its own. What
// bounds sizes is in brio.Config.
package limit
