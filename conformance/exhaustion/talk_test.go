//go:build linux

package exhaustion

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// hasty is a client that does not wait long for anything, by one of all ways to connect.
func hasty(i int) client.Config {
	ways := []engineio.Config{
		{Transports: []string{"websocket"}},
		{Transports: []string{"polling"}, NoUpgrade: true},
		{Transports: []string{"polling", "websocket"}},
		{Transports: []string{"websocket"}, Deflate: &engineio.Deflate{}},
	}
	config := client.Config{
		Engine: ways[i%len(ways)], Timeout: 3 * time.Second, AckTimeout: time.Second,
		ReconnectDelay: 50 * time.Millisecond, ReconnectDelayMax: 500 * time.Millisecond,
	}
	config.Engine.CloseTimeout = time.Second
	return config
}

// insist has messages kept by the mortal server, one batch after the other, with
// Retries: each has to arrive in the end, and none before those before it.
func (c *storm) insist(address string, i int) {
	config := hasty(i)
	config.Retries = 1 << 30
	s := client.New("http://"+address, config)
	defer s.Close()
	ctx, cancel := context.WithTimeout(c.Context(), time.Duration(*minutes*float64(time.Minute))+2*patience)
	defer cancel()
	if err := s.Connect(ctx); err != nil {
		c.Error("an insistent client does not get in: ", err)
		return
	}
	name := fmt.Sprint("insistent-", i)
	for n := 0; ; n += 5 {
		last := c.ctx.Err() != nil // this batch is sent when all is calm
		for j := range 4 {
			if err := s.Emit("keep", newMessage(name, n+j)); err != nil {
				c.Error(err)
				return
			}
		}
		m := newMessage(name, n+4)
		if got, err := keep.Do(ctx, s, m); err != nil || got != m.answer() {
			c.Errorf("%s %d was answered %q, want %q: %v; connected: %v, active: %v", name, m.N, got, m.answer(), err, s.Connected(), s.Active())
			return
		}
		for j := range 5 {
			c.note(0, newMessage(name, n+j))
		}
		if last {
			return
		}
	}
}

// attempt has messages kept by the steady server over a network that changes bytes, so
// that anything may become of the connection. What is acknowledged with the right sum
// has been kept.
func (c *storm) attempt(address string, i int) {
	name := fmt.Sprint("corrupted-", i)
	for n := 0; c.ctx.Err() == nil; {
		s := client.New("http://"+address, hasty(i))
		for n++; c.ctx.Err() == nil; n++ {
			ctx, cancel := context.WithTimeout(c.ctx, 4*time.Second)
			err := s.Connect(ctx)
			if err == nil {
				m := newMessage(name, n)
				var got string
				if got, err = keep.Do(ctx, s, m); err == nil && got == m.answer() {
					c.note(1, m)
				}
			}
			cancel()
			if err != nil {
				break
			}
		}
		s.Close()
	}
}

// behave is a client on a network without faults, of the server that gets the bytes
// which others' network has changed. It is never disconnected, and always served.
func (c *storm) behave(address, transport string) {
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	s := client.New("http://"+address, with(transport))
	defer s.Close()
	if err := s.Connect(ctx); err != nil {
		c.Error("a client that behaves does not get in: ", err)
		return
	}
	s.OnDisconnect(func(_ context.Context, reason brio.Reason) error {
		if reason != client.ClientDisconnect {
			c.Error("a client that behaves was disconnected: ", reason)
		}
		return nil
	})
	for i := 0; c.pause(20 * time.Millisecond); i++ {
		ctx, cancel := context.WithTimeout(c.Context(), patience)
		got, err := echo.Do(ctx, s, i)
		cancel()
		if err != nil || got != i {
			c.Errorf("a client that behaves is answered %d, want %d: %v", got, i, err)
			return
		}
		c.echoes.Add(1)
	}
}

// check compares what was acknowledged with what was kept.
func (c *storm) check() {
	for server, file := range c.files {
		text, err := os.ReadFile(file)
		if err != nil {
			c.Error(err)
			continue
		}
		kept := map[string][]int{}
		for line := range strings.Lines(string(text)) {
			name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				c.Errorf("%s has the line %q", file, line)
			}
			kept[name] = append(kept[name], n)
		}
		if len(c.acked[server]) == 0 {
			c.Errorf("nothing was acknowledged of %s", file)
		}
		for _, m := range c.acked[server] {
			if !slices.Contains(kept[m.Client], m.N) {
				c.Errorf("%s %d was acknowledged, and is lost", m.Client, m.N)
			}
		}
		for name, numbers := range kept {
			next := 0
			for _, n := range numbers {
				if n > next && server == 0 { // the others don't send again what was not acknowledged
					c.Errorf("%s: %d was kept before %d", name, n, next)
				}
				next = max(next, n+1)
			}
		}
	}
}
