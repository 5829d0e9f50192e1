package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/briohq/brio/bench/internal/machine"
)

const about = `
Phases without and with attackers take turns. Honest clients are Go clients, one in ten over polling. Each asks about once a second and is answered with what it has said; a round trip is from asking to the answer. Somebody new comes every half a second, asks once and leaves. %d of the honest are members of the busy room, and check that they hear all of it: %d messages of %d KiB a second.

Attackers come within the first three seconds of a phase, do each its one thing, and come again when they are cut, or have seen what they came for. They are paced: an attacker begins one attack in so many seconds at most, on average, and behaves until then where it can. On the core that they share with the honest, their process has what these leave (SCHED_IDLE). An outcome is late, and so not as documented, %s after its bound.

The server may use both cores, of which all others have the second. It has GOMEMLIMIT=%d MiB, MaxConnections %d, MaxBacklog %d KiB, MaxBacklogTotal %d MiB, MaxPayload %d, MaxRooms %d, Intake of %d packets (%d at once) and %d bytes a second, limit.Events of %d a second (%d at once) for each socket, permessage-deflate, PingInterval %s, PingTimeout %s, ConnectTimeout %s, UpgradeTimeout %s, ReadHeaderTimeout %s; all else is brio's default. There is no limit for an address, as all have the same.

## The honest

| phase | round trips | p50 ms | p99 ms | most ms | newcomers | p50 ms | p99 ms | failed | server cores |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`

// markdown is the results as a page.
func (r *results) markdown(c *command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Under attack\n\nWritten by `go run ./bench/abuse --honest %d --abusive %d --phase %s --rounds %d --out FILE`.\n\n", c.Honest, c.Abusive, c.Phase, c.Rounds)
	b.WriteString(r.machine.Table())
	fmt.Fprintf(&b, about, members, 1e9/busyEvery, busyBytes>>10, slack,
		memoryLimit>>20, maxConnections, maxBacklog>>10, maxBacklogTotal>>20, maxPayload, maxRooms, intakePackets, intakeBurst, intakeBytes, eventsPerSecond, eventsBurst,
		pingInterval, pingTimeout, connectTimeout, upgradeTimeout, readHeaderTimeout)
	var all [2]*people
	var cores [2]float64
	failed := map[string]int{}
	for i, one := range r.phases {
		row(&b, fmt.Sprint(i/2+1, " ", word(one.abused)), one.noted, one.cores)
		which := i % 2
		if all[which] == nil {
			all[which] = newPeople("")
		}
		all[which].add(one.noted)
		cores[which] += one.cores / float64(c.Rounds)
		for what, n := range one.noted.failed {
			failed[word(one.abused)+": "+what] += n
		}
	}
	row(&b, "all quiet", all[0], cores[0])
	row(&b, "all abused", all[1], cores[1])
	ratio := func(q float64) float64 {
		return float64(all[1].trips.ValueAtQuantile(q)) / float64(max(1, all[0].trips.ValueAtQuantile(q)))
	}
	fmt.Fprintf(&b, "\nAbused over quiet: p50 %.2f×, p99 %.2f×.\n", ratio(50), ratio(99))
	for _, what := range slices.Sorted(maps.Keys(failed)) {
		fmt.Fprintf(&b, "\n- failed %d, %s", failed[what], what)
	}
	r.memory(&b)
	r.attackers(&b, c.kinds())

	return b.String()
}

func word(abused bool) string {
	if abused {
		return "abused"
	}
	return "quiet"
}

func (p *people) add(o *people) {
	p.trips.Merge(o.trips)
	p.visits.Merge(o.visits)
	for what, n := range o.failed {
		p.failed[what] += n
	}
}

func row(b *strings.Builder, name string, p *people, cores float64) {
	ms := func(h *hdrhistogram.Histogram, q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	failed := 0
	for _, n := range p.failed {
		failed += n
	}
	fmt.Fprintf(b, "| %s | %s | %.2f | %.2f | %.1f | %d | %.2f | %.1f | %d | %.2f |\n", name, machine.Count(float64(p.trips.TotalCount())), ms(p.trips, 50), ms(p.trips, 99), ms(p.trips, 100),
		p.visits.TotalCount(), ms(p.visits, 50), ms(p.visits, 99), failed, cores)
}

// memory writes what the server took at most.
func (r *results) memory(b *strings.Builder) {
	fmt.Fprintf(b, `

## The server

The most of each phase, looked at every second, what waits every %s.

| phase | private MB, of %d | live objects MB, of %d | waits for clients KiB, of %d | waits for handlers KiB, of %d | connections, of %d |
|---|---:|---:|---:|---:|---:|
`, lookEvery, memoryLimit>>20, memoryLimit>>20*3/4, maxBacklogTotal>>10, maxBacklogTotal>>10, maxConnections)
	for i, one := range r.phases {
		fmt.Fprintf(b, "| %d %s | %.1f | %.1f | %d | %d | %d |\n", i/2+1, word(one.abused), float64(one.private)/(1<<20), float64(one.live)/(1<<20), one.backlog>>10, one.inboxes>>10, one.connections)
	}
	fmt.Fprintf(b, "\nIn all: %d requests refused, %d of them with 503; %d times a client was not read for being above Intake; %d events were too many; %d clients shed for MaxBacklogTotal; %d joins refused for MaxRooms; %d panics. Sockets ended for", r.last.Refused, r.last.Stats.Refused, r.last.Stats.Excess, r.last.TooOften, r.last.Stats.Shed, r.last.Stats.Crowded, r.last.Stats.Panics)
	for i, reason := range slices.Sorted(maps.Keys(r.last.Reasons)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, " %s: %d", reason, r.last.Reasons[reason])
	}
	b.WriteString(".\n")
}

// attackers writes what became of the attacks.
func (r *results) attackers(b *strings.Builder, list []kind) {
	fmt.Fprintf(b, "\n## The attackers\n\nThey had %d TCP connections at once on average, in the phase with the fewest. *Slowest* is the longest time from an attacker's first byte to a documented outcome, with what it did to be let in. What had not come to its end with its phase is *unfinished*.\n\n| kind | attackers | one in s | documented | attacks | cut | answered | paused | 503 | unfinished | slowest s | otherwise |\n|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|\n", r.open)
	examples, all := "", &count{}
	attackers := 0
	for i, k := range list {
		n := r.kinds[i]
		tell(b, k.name, fmt.Sprintf("%g", k.every.Seconds()), k.wants, n)
		if n.Example != "" {
			examples += fmt.Sprintf("\n- %s: %s", k.name, n.Example)
		}
		all.add(n)
		attackers += n.Attackers
	}
	all.Attackers = attackers
	tell(b, "all", "", "", all)
	b.WriteString(examples + "\n")
}

func tell(b *strings.Builder, name, every, wants string, n *count) {
	fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %d | %d | %d | %d | %d | %.1f | %d |\n", name, n.Attackers, every, wants, machine.Count(n.Attacks), n.Cut, n.Answered, n.Paused, n.Overload, n.Unfinished, n.Slowest.Seconds(), n.Otherwise)
}
