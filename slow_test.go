package brio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
)

const price brio.Event[int] = "price"

// What waits for a client that does not read is the last state of each key, and
// all other events, in their order.
func TestLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{AllowEIO3: true})
		ns := w.Of("/")
		guest, _ := w.old()
		guest.expect("0")
		peers := map[string]*peer{"of today": w.connect("/", ""), "of Socket.IO 2": guest}
		synctest.Wait()
		emit := func(to brio.Emitter, event string, args ...any) {
			t.Helper()
			if err := to.Emit(event, args...); err != nil {
				t.Error(err)
			}
		}
		emit(ns, "first") // is being written from now on
		synctest.Wait()
		all := ns.Broadcast()
		for i := range 5 {
			if err := price.Emit(all.Latest("a"), i); err != nil {
				t.Error(err)
			}
			emit(all.Latest("b"), "picture", brio.Binary{byte('0' + i)})
			if i == 2 {
				emit(ns, "join", "Ada")
			}
			synctest.Wait()
		}
		for s := range ns.Sockets() {
			emit(s.Latest("c"), "old name")
			emit(s, "own")
			emit(s.Latest("c"), "new name")
			emit(s.To(s.ID()).Latest("a"), "for nobody")
		}
		emit(all.Volatile().Latest("a"), "dropped")
		emit(all.Latest("a").Latest(""), "kept", 1)
		emit(all.Latest("").Uncompressed(), "kept", 2)
		for name, p := range peers {
			head, attachment := `51-["picture",`, "4"
			if p == guest {
				attachment = "\x044"
			}
			t.Log(name)
			p.expect(`2["first"]`, `2["join","Ada"]`, `2["price",4]`, head+`{"_placeholder":true,"num":0}]`, attachment,
				`2["own"]`, `2["new name"]`, `2["kept",1]`, `2["kept",2]`)
		}
		emit(all.Latest("a"), "and on")
		for _, p := range peers {
			p.expect(`2["and on"]`)
		}
	})
}

// A state of one namespace does not replace that of another.
func TestLatestIsOfOneSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{})
		orgs := w.Of("/org-{id}")
		p := w.connect("/", "")
		for _, id := range []string{"1", "2"} {
			p.namespace = "/org-" + id + ","
			p.auth("")
		}
		synctest.Wait()
		_ = w.Of("/").Emit("first")
		synctest.Wait()
		for i := range 3 {
			_ = w.Of("/").Broadcast().Latest("k").Emit("n", i)
			for _, id := range []string{"1", "2"} {
				one, err := orgs.Child("/org-" + id)
				if err != nil {
					t.Fatal(err)
				}
				_ = one.Broadcast().Latest("k").Emit("n", i)
			}
		}
		p.expect(`2["first"]`, `2["n",2]`, `2/org-1,["n",2]`, `2/org-2,["n",2]`)
		_ = orgs.Broadcast().Latest("k").Emit("all", 1) // to both, in any order
		got := []string{p.read(), p.read()}
		slices.Sort(got)
		diff(t, "of the parent", got, []string{`2/org-1,["all",1]`, `2/org-2,["all",1]`})
	})
}

// A client that is slow for real, over a network with its buffers, skips states.
func TestLatestOverNetwork(t *testing.T) {
	for name, config := range map[string]brio.Config{
		"plain":      {},
		"recovering": recovering(),
	} {
		t.Run(name, func(t *testing.T) {
			config.MaxBacklog = 1 << 20
			w := newSite(t, config)
			ns := w.Of("/")
			slow := w.connect("/", "")
			padding := strings.Repeat("x", 32<<10)
			const states, keys = 3000, 4
			for i := range states {
				_ = ns.Broadcast().Latest(fmt.Sprint(i%keys)).Emit("state", i, padding)
				if i%100 == 99 {
					_ = ns.Emit("ordinary", i)
				}
			}
			_ = ns.Emit("end")
			var last [keys]int
			count, ordinary := 0, -1
			for {
				var n int
				packet := slow.read()
				switch args := strings.SplitN(packet, ",", 3); strings.TrimRight(args[0], "]") {
				case `2["state"`:
					_, _ = fmt.Sscan(args[1], &n)
					if n < last[n%keys] || n < ordinary {
						t.Fatalf("state %d after %v and ordinary %d", n, last, ordinary)
					}
					last[n%keys] = n
					count++
					continue
				case `2["ordinary"`:
					_, _ = fmt.Sscan(strings.TrimRight(args[1], "]"), &n)
					if n != ordinary+100 && n != 99 {
						t.Fatalf("ordinary %d after %d", n, ordinary)
					}
					ordinary = n
					continue
				case `2["end"`:
				default:
					t.Fatal("packet ", args[0])
				}
				break
			}
			diff(t, "the last of each key", last, [keys]int{states - 4, states - 3, states - 2, states - 1})
			diff(t, "the last other event", ordinary, states-1)
			if count >= states*3/4 {
				t.Errorf("%d of %d states arrived: nothing, or not much, was skipped", count, states)
			}
			diff(t, "sockets", w.Stats().Sockets, 1)
		})
	}
}

func TestLatestCompressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{Deflate: &brio.Deflate{}})
		c := newCompressingClient(t, w)
		synctest.Wait()
		all := w.Of("/").Broadcast()
		_ = all.Emit("first")
		synctest.Wait()
		for i := range 3 {
			_ = all.Latest("k").Emit("e", i, words)
			_ = all.Latest("plain").Uncompressed().Emit("e", i, words)
		}
		for _, want := range []struct {
			prefix     string
			compressed bool
		}{{`42["first"`, false}, {`42["e",2,`, true}, {`42["e",2,`, false}} {
			if message, compressed := c.read(); !strings.HasPrefix(message, want.prefix) || compressed != want.compressed {
				t.Errorf("%.20s, compressed %v, want %v", message, compressed, want)
			}
		}
	})
}

// What waits for the next polling request is the last state.
func TestLatestOverPolling(t *testing.T) {
	nodes := newNodes(t, 2, brio.Config{})
	here, there := nodes.sites[0].Of("/"), nodes.sites[1]
	there.Of("/")
	c := newPollingClient(t, there)
	take := func() []string {
		t.Helper()
		b, err := io.ReadAll(c.get().Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(b), "\x1e")
	}
	for i := range 5 { // from another node of the cluster
		_ = here.Broadcast().Latest("k").Emit("n", i)
		_ = here.Broadcast().Emit("other", i)
		_ = here.Broadcast().Latest("binary").Emit("b", []byte{1, 2, byte(i)})
	}
	diff(t, "what waits", take(), []string{
		`42["other",0]`, `42["other",1]`, `42["other",2]`, `42["other",3]`,
		`42["n",4]`, `42["other",4]`, `451-["b",{"_placeholder":true,"num":0}]`, "bAQIE",
	})
	_ = here.Broadcast().Latest("k").Emit("n", 5)
	diff(t, "afterwards", take(), []string{`42["n",5]`})
}

// What a client missed while it was away is the last state of each key, and all
// else.
func TestLatestAndRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/")
		p, old := w.begin("/")
		synctest.Wait()
		_ = ns.Broadcast().Latest("k").Emit("n", 0)
		diff(t, "before the cut", old.got(p, 1), []string{`["n",0]`})
		_ = ns.Broadcast().Latest("k").Emit("n", 1) // is being written
		synctest.Wait()
		_ = ns.Broadcast().Latest("k").Emit("n", 2)
		_ = ns.Broadcast().Emit("between")
		_ = ns.Broadcast().Latest("k").Emit("n", 3)
		diff(t, "before the cut", old.got(p, 2), []string{`["n",1]`, `["between"]`})
		w.cut(p)
		for i := 4; i < 8; i++ {
			_ = ns.Broadcast().Latest("k").Emit("n", i)
			_ = ns.To(old.ID).Latest("own").Emit("own", i)
			_ = ns.Broadcast().Except(old.ID).Latest("k").Emit("for others", i)
			if i == 6 {
				_ = ns.Emit("later")
			}
		}
		p, now := w.comeBack("/", old)
		diff(t, "id", now.ID, old.ID)
		diff(t, "what it has missed", now.got(p, 3), []string{`["later"]`, `["n",7]`, `["own",7]`})
		_ = ns.Emit("on")
		diff(t, "afterwards", now.got(p, 1), []string{`["on"]`})
	})
}

// fill emits to a socket until there is no room, and returns how often there was.
func fill(s *brio.Socket) (n int, err error) {
	padding := strings.Repeat("x", 1000)
	for err == nil {
		if err = s.Emit("n", n, padding); err == nil {
			n++
		}
	}
	return n, err
}

func TestOverflowDrops(t *testing.T) {
	for name, config := range map[string]brio.Config{"": {}, "with recovery": recovering()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config.MaxBacklog, config.SlowClient = backlog, brio.OverflowDrop
				w := memorySite(t, config)
				ns := w.Of("/")
				slow, quick := w.connect("/", ""), w.connect("/", "")
				synctest.Wait()
				s := ns.Socket(slow.id)
				n, err := fill(s)
				if !errors.Is(err, brio.ErrBacklog) || n < backlog/2000 || n > backlog*3/4000 {
					t.Errorf("%v after %d events", err, n)
				}
				big := strings.Repeat("x", 2000)
				if err := ns.Emit("big", big); err != nil {
					t.Error(err)
				}
				if packet := quick.read(); !strings.HasPrefix(packet, `2["big"`) {
					t.Error("another client got ", packet)
				}
				synctest.Wait()
				diff(t, "dropped", w.Stats().Dropped, int64(2))
				_ = ns.Broadcast().Volatile().Emit("volatile", big)
				if packet := quick.read(); !strings.HasPrefix(packet, `2["volatile"`) {
					t.Error("another client got ", packet)
				}
				diff(t, "dropped, without what is volatile", w.Stats().Dropped, int64(2))

				asked := make(chan string, 1)
				slow.group.Go(func() { // there is still room for what is not dropped
					answer, err := s.Do(context.Background(), "question", big)
					if err != nil {
						t.Error(err)
					}
					asked <- string(answer.Raw(0))
				})
				synctest.Wait()
				for i := range n {
					if packet := slow.read(); !strings.HasPrefix(packet, fmt.Sprintf(`2["n",%d,`, i)) {
						t.Fatal(i, ": ", packet)
					}
				}
				id, _ := slow.asked()
				slow.answer(id, `"yes"`)
				diff(t, "answer", take(t, asked), `"yes"`)
				synctest.Wait() // until the server knows that all has left
				if err := s.Emit("on"); err != nil {
					t.Fatal(err)
				}
				if packet := slow.read(); !strings.HasPrefix(packet, `2["on"`) {
					t.Error("then it got ", packet)
				}
			})
		})
	}
}

func TestOverflowDisconnects(t *testing.T) {
	for name, policy := range map[string]brio.Overflow{
		"any event":                      brio.OverflowDisconnect,
		"a question, even when dropping": brio.OverflowDrop,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := memorySite(t, brio.Config{MaxBacklog: backlog, SlowClient: policy})
				ns := w.Of("/")
				gone := make(chan brio.Reason, 1)
				ns.OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
					gone <- reason
					return nil
				})
				slow := w.connect("/", "")
				synctest.Wait()
				s := ns.Socket(slow.id)
				_, err := fill(s)
				if policy == brio.OverflowDrop {
					_, err = s.Do(t.Context(), "question", strings.Repeat("x", backlog/2))
				}
				if !errors.Is(err, brio.ErrBacklog) {
					t.Error(err)
				}
				diff(t, "reason", take(t, gone), brio.SlowClient)
				if err := s.Emit("n"); !errors.Is(err, brio.ErrDisconnected) {
					t.Error(err)
				}
			})
		})
	}
}
