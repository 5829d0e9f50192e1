//go:build linux

package exhaustion

import (
	"context"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/briohq/brio"
)

var (
	seed    = flag.Uint64("seed", 0, "of the storm; 0 takes one from the `clock`")
	minutes = flag.Float64("minutes", 0.5, "how `long` the storm lasts")
)

// message is what the server keeps and acknowledges, with its sum.
type message struct {
	Client string `json:"client"`
	N      int    `json:"n"`
	Sum    uint32 `json:"sum"`
}

const keep brio.Call[message, string] = "keep"

func newMessage(client string, n int) message {
	return message{client, n, crc32.ChecksumIEEE(fmt.Appendf(nil, "%s %d", client, n))}
}

// answer is how the server acknowledges a message.
func (m message) answer() string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE(fmt.Appendf(nil, "kept %s %d", m.Client, m.N)))
}

// Behind a bad network, and while it is killed and restarted, a server loses nothing
// that it has acknowledged, and mixes nothing up. Another, which gets bytes that have
// changed on their way, serves those whose bytes have not. Neither ends but by the
// test, and when all clients have gone, neither has more than before.
func TestStorm(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	}
	t.Logf("-args -seed %d -minutes %g", *seed, *minutes)
	binary, dir := build(t, "./server", true), t.TempDir()
	c := &storm{T: t, binary: binary, files: [2]string{filepath.Join(dir, "mortal"), filepath.Join(dir, "steady")}}
	var err error
	if c.mortal, err = c.launch("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	steady := serve(t, binary, nil, "--keep", c.files[1], "--deflate", "--ping-interval=5s", "--ping-timeout=15s")
	mortalBefore, steadyBefore := c.mortal.watch(t).counts(t), steady.watch(t).counts(t)
	bad, worse := newProxy(t, c.mortal.address, *seed, false), newProxy(t, steady.address, *seed+1, true)

	var cancel context.CancelFunc
	c.ctx, cancel = context.WithTimeout(t.Context(), time.Duration(*minutes*float64(time.Minute)))
	defer cancel()
	var killing, talking sync.WaitGroup
	killing.Go(c.kill)
	for i := range 8 {
		talking.Go(func() { c.insist(bad.address(), i) })
		talking.Go(func() { c.attempt(worse.address(), i) })
	}
	for _, transport := range []string{"websocket", "polling"} {
		talking.Go(func() { c.behave(steady.address, transport) })
	}
	<-c.ctx.Done()
	killing.Wait()
	bad.calm.Store(true)
	worse.calm.Store(true)
	talking.Wait()
	bad.close()
	worse.close()

	c.check()
	settles(t, c.mortal, c.mortal.watch(t), mortalBefore)
	settles(t, steady, steady.watch(t), steadyBefore)
	if err := c.mortal.end(); err != nil {
		t.Error(err)
	}
	t.Logf("%d killed, %d terminated; %d messages acknowledged by the mortal server, %d by the other, %d echoes of those who behave",
		c.killed, c.terminated, len(c.acked[0]), len(c.acked[1]), c.echoes.Load())
	for _, p := range []*proxy{bad, worse} {
		t.Logf("%d connections: %d resets, %d stalls, %d drips, %d half-closed, %d corrupted",
			p.conns.Load(), p.resets.Load(), p.stalls.Load(), p.drips.Load(), p.halves.Load(), p.corrupted.Load())
	}
}

// storm is one run.
type storm struct {
	*testing.T
	ctx    context.Context // while it lasts
	binary string
	files  [2]string // what the servers have kept, the mortal one first

	mortal             *process // kill's, while that runs
	killed, terminated int

	echoes atomic.Int64

	mu    sync.Mutex // guards acked
	acked [2][]message
}

// note notes that a server has acknowledged a message.
func (c *storm) note(server int, m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked[server] = append(c.acked[server], m)
}

// launch starts the mortal server.
func (c *storm) launch(address string) (*process, error) {
	return start(exec.Command(c.binary, "--listen", address, "--keep", c.files[0], //nolint:gosec // it is ours
		"--ping-interval=2s", "--ping-timeout=5s", "--patience=3s"), listening)
}

// kill ends the mortal server and starts another, again and again.
func (c *storm) kill() {
	random := rand.New(rand.NewPCG(*seed, 3))
	for c.pause(time.Second + time.Duration(random.Int64N(int64(5*time.Second)))) {
		signal := syscall.SIGKILL
		if random.IntN(2) == 0 {
			signal = syscall.SIGTERM
			c.terminated++
		} else {
			c.killed++
		}
		if err := c.mortal.stop(signal); err != nil {
			c.Error(err)
		}
		p, err := c.launch(c.mortal.address)
		if err != nil {
			c.Error(err)
			return
		}
		c.mortal = p
	}
}

// pause reports whether the storm still lasts after a while.
func (c *storm) pause(d time.Duration) bool {
	select {
	case <-c.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
