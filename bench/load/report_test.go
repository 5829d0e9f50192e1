package load

import (
	"strings"
	"testing"
)

func TestReportsForPeople(t *testing.T) {
	figures := Report{
		Connections: 5000, Seconds: 2, Messages: 2_469_134, Size: 64, ClientCores: 0.95,
		Latency:    Latency{P50: 1.234, P99: 9.994, P999: 45.6, Max: 120},
		Connecting: Connecting{PerSecond: 9858.4, CPU: 0.0641},
		Server:     &Server{User: 0.694, System: 9.834, Cores: 0.98},
	}
	for name, one := range map[string]struct {
		change func(*Report)
		want   string
	}{
		"echo": {func(r *Report) { r.Mode, r.Window, r.Ack = Echo, 16, true }, `
  load         echo, 5,000 connections, 64 B, 16 of each under way, acknowledged
  messages     1,234,567/s, 2,469,134 in 2.0 s
  latency      p50 1.23 ms, p99 9.99 ms, p99.9 46 ms, max 120 ms
  server       10.53 µs of CPU a message (user 0.69, kernel 9.83), 0.98 cores
  this client  0.95 cores; it may be what limits
  faults       none lost, duplicated or out of order
`},
		"rooms": {func(r *Report) {
			r.Mode, r.Members, r.Rate, r.Server, r.ClientCores = Rooms, 10, 20, nil, 0.2
			r.Faults, r.Drop = Faults{Lost: 3, Dropped: 1}, "why"
		}, `
  load         rooms, 5,000 connections in rooms of 10, 64 B, 20 sent a second
  messages     1,234,567/s, 2,469,134 in 2.0 s
  latency      p50 1.23 ms, p99 9.99 ms, p99.9 46 ms, max 120 ms
  server       not measured: its process is not known (--pid)
  this client  0.20 cores
  faults       3 lost, 1 connections dropped
               first: why
`},
		"idle": {func(r *Report) { r.Mode, r.Memory, r.Messages, r.ClientCores = Idle, 5_000_000, 0, 0 }, `
  load         idle, 5,000 connections
  connecting   9,858/s, 0.064 ms of the server's CPU each
  server       1,000 B of private memory a connection, 0.98 cores
  this client  0.00 cores
  faults       none lost, duplicated or out of order
`},
		"connect": {func(r *Report) { r.Mode, r.ClientCores = Connect, 0 }, `
  load         connect, 5,000 connections at a time
  connections  9,858/s, 0.064 ms of the server's CPU each
  latency      p50 1.23 ms, p99 9.99 ms, p99.9 46 ms, max 120 ms
  server       0.98 cores
  this client  0.00 cores
  faults       none lost, duplicated or out of order
`},
		"connect at a rate": {func(r *Report) { r.Mode, r.Rate, r.ClientCores, r.Server = Connect, 20, 0, nil }, `
  load         connect, 5,000 connections, 20 replaced a second
  connections  9,858/s
  latency      p50 1.23 ms, p99 9.99 ms, p99.9 46 ms, max 120 ms
  server       not measured: its process is not known (--pid)
  this client  0.00 cores
  faults       none lost, duplicated or out of order
`},
	} {
		r := figures
		one.change(&r)
		var b strings.Builder
		if err := r.WriteText(&b); err != nil {
			t.Error(err)
		}
		if got := "\n" + b.String(); got != one.want {
			t.Errorf("%s: got%swant%s", name, got, one.want)
		}
	}
}
