package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// stub is the sockets of a node: it notes what it is told, and answers with what it has.
type stub struct {
	replies []adapter.Reply
	block   bool // it answers nothing more until nobody waits
	left    chan error

	mu  sync.Mutex // guards got
	got []string
}

func (s *stub) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, text)
}

func (s *stub) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *stub) Deliver(p *protocol.Packet, o adapter.Options) {
	s.note(fmt.Sprintf("%s %s %q %+v", p.Namespace, p.Data, p.Attachments, o))
}

func (s *stub) Do(r adapter.Request) {
	if r.Event != nil {
		s.note(fmt.Sprintf("%s %s", r.Op, r.Event.Data))
		return
	}
	s.note(fmt.Sprintf("%s %v everyone %t %v", r.Op, r.Rooms, r.Options.Everyone, r.Options.Rooms))
}

func (s *stub) Answer(ctx context.Context, _ adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		for _, one := range s.replies {
			if !yield(one, nil) {
				return
			}
		}
		if s.block {
			<-ctx.Done()
			s.left <- context.Cause(ctx)
		}
	}
}

// open returns the adapter of a node in namespace "/x".
func open(t *testing.T, b *broker, s *stub) *node {
	t.Helper()
	a, err := New(b, Config{})("/x", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.(*node)
}

func everyone(op adapter.Op) adapter.Request {
	return adapter.Request{Op: op, Options: adapter.Options{Everyone: true}}
}

// answers are the replies to a request in the order of the nodes' names, and what is
// missing in the end.
func answers(ctx context.Context, n *node, r adapter.Request) (replies []string, failure error) {
	for reply, err := range n.Ask(ctx, r) {
		if err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		text, _ := json.Marshal(reply)
		replies = append(replies, string(text))
	}
	slices.Sort(replies)
	return replies, failure
}

// A node that is silent is waited for until its heartbeats are missed, and not at all
// after that.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		one, two := open(t, b, &stub{}), open(t, b, &stub{})
		synctest.Wait()
		if got := one.others(); !slices.Equal(got, []string{two.name}) {
			t.Fatalf("the first knows %q", got)
		}
		time.Sleep(time.Minute)
		b.kill(1)
		begun := time.Now()
		_, err := answers(t.Context(), one, everyone(adapter.Count))
		var missing *adapter.MissingError
		if !errors.As(err, &missing) || !errors.Is(err, ErrGone) || !slices.Equal(missing.Nodes, []string{two.name}) {
			t.Errorf("the failure is %v", err)
		}
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, err := answers(t.Context(), one, everyone(adapter.Count)); err != nil || len(one.others()) > 0 {
			t.Errorf("then it knows %q, and fails with %v", one.others(), err)
		}
	})
}

// A node that leaves is not waited for, and one that asked is not answered any more.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		s := &stub{block: true, left: make(chan error, 1)}
		one, two := open(t, b, &stub{}), open(t, b, s)
		synctest.Wait()
		go func() {
			synctest.Wait()
			_ = two.Close()
		}()
		if _, err := answers(t.Context(), one, everyone(adapter.Count)); !errors.Is(err, ErrClosed) {
			t.Errorf("the failure is %v", err)
		}
		if err := <-s.left; !errors.Is(err, ErrClosed) {
			t.Errorf("it was answered until %v", err)
		}

		three := open(t, b, s)
		synctest.Wait()
		go func() {
			synctest.Wait()
			_ = one.Close()
		}()
		if _, err := answers(t.Context(), one, everyone(adapter.Count)); !errors.Is(err, ErrClosed) {
			t.Errorf("the failure is %v", err)
		}
		if err := <-s.left; !errors.Is(err, errLeft) && !errors.Is(err, ErrClosed) {
			t.Errorf("it was answered until %v", err)
		}
		_ = three.Close()
	})
}

// Who gives up has the others told; who only waits too long too.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		s := &stub{block: true, left: make(chan error, 1), replies: []adapter.Reply{{Peers: []adapter.Peer{{ID: "a"}}}}}
		one, _ := open(t, b, &stub{}), open(t, b, s)
		synctest.Wait()
		for range one.Ask(t.Context(), everyone(adapter.Peers)) {
			break
		}
		if err := <-s.left; !errors.Is(err, errLeft) {
			t.Errorf("it was answered until %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := answers(ctx, one, everyone(adapter.Peers))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the failure is %v", err)
		}
		if err := <-s.left; err == nil {
			t.Error("it is still answered")
		}
	})
}

// With the broker gone a node goes on for itself and says so, and is in the cluster
// again when that is back.
func TestBrokerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		here, there := &stub{}, &stub{}
		one, _ := open(t, b, here), open(t, b, there)
		synctest.Wait()
		b.mu.Lock()
		b.down = true
		b.mu.Unlock()
		event := &protocol.Packet{Type: protocol.Event, Namespace: "/x", Data: []byte(`["news"]`)}
		if err := one.Broadcast(event, adapter.Options{Everyone: true}); !errors.Is(err, errDown) {
			t.Error(err)
		}
		if err := one.Tell(everyone(adapter.Close)); !errors.Is(err, errDown) {
			t.Error(err)
		}
		if _, err := answers(t.Context(), one, everyone(adapter.Count)); !errors.Is(err, errDown) {
			t.Error(err)
		}
		if got := here.all(); len(got) != 2 || len(there.all()) > 0 {
			t.Errorf("here came %q, there %q", got, there.all())
		}
		time.Sleep(time.Minute)
		if _, err := answers(t.Context(), one, everyone(adapter.Count)); err != nil || len(one.others()) > 0 {
			t.Errorf("alone it fails with %v, and knows %q", err, one.others())
		}
		b.mu.Lock()
		b.down = false
		b.mu.Unlock()
		time.Sleep(10 * time.Second)
		if err := one.Broadcast(event, adapter.Options{Everyone: true}); err != nil || len(one.others()) != 1 {
			t.Errorf("back again it fails with %v, and knows %q", err, one.others())
		}
		synctest.Wait()
		if len(there.all()) != 1 {
			t.Errorf("there came %q", there.all())
		}
	})
}

// What a node on Node.js says is understood, and it is answered in its way.
func TestNodeJS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		s := &stub{replies: []adapter.Reply{
			{Asked: []string{"s1", "s2"}},
			{Answer: &adapter.Answer{Socket: "s1", Ack: protocol.Packet{Type: protocol.Ack, Data: []byte(`["first","second"]`)}}},
			{Answer: &adapter.Answer{Socket: "s2", Ack: protocol.Packet{Type: protocol.Ack, Data: []byte(`[]`)}}},
		}}
		open(t, b, s)
		var heard []string
		line, err := b.Join(t.Context(), "/x", "js", func(m *Message) {
			if m.From != "js" && m.Type != InitialHeartbeat && m.Type != Heartbeat {
				m.From = ""
				text, _ := json.Marshal(m)
				heard = append(heard, string(text))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = line.Close() }()
		say := func(text string) {
			m, err := Decode([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := line.Send(m); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		say(`{"uid":"js","nsp":"/x","type":1}`)
		say(`{"uid":"js","nsp":"/x","type":3,"data":{"packet":{"type":2,"data":["a",{"b":"<é>"}]},"opts":{"rooms":["r"],"except":["q"],"flags":{"volatile":true,"compress":false}}}}`)
		say(`{"uid":"js","nsp":"/x","type":3,"data":{"packet":{"type":2,"data":["a"],"nsp":"/x"},"opts":{"rooms":[],"except":[]}}}`)
		say(`{"uid":"js","nsp":"/x","type":4,"data":{"opts":{"rooms":["r"],"except":[],"flags":{}},"rooms":["n"]}}`)
		say(`{"uid":"js","nsp":"/x","type":5,"data":{"opts":{"rooms":["r"],"except":[],"flags":{}},"rooms":["n"]}}`)
		say(`{"uid":"js","nsp":"/x","type":6,"data":{"opts":{"rooms":["r"],"except":[],"flags":{}},"close":false}}`)
		say(`{"uid":"js","nsp":"/x","type":6,"data":{"opts":{"rooms":["r"],"except":[],"flags":{}},"close":true}}`)
		say(`{"uid":"js","nsp":"/x","type":9,"data":{"packet":["hello",1]}}`)
		want := []string{
			`/x ["a",{"b":"<é>"}] [] {Everyone:false Rooms:[r] Except:[q] Local:false Volatile:true Latest: Uncompressed:true}`,
			`/x ["a"] [] {Everyone:true Rooms:[] Except:[] Local:false Volatile:false Latest: Uncompressed:false}`,
			`join [n] everyone false [r]`,
			`leave [n] everyone false [r]`,
			`disconnect [] everyone false [r]`,
			`dismiss [] everyone false [r]`,
			`emit ["hello",1]`,
		}
		if got := s.all(); !slices.Equal(got, want) {
			t.Errorf("what came is\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		say(`{"uid":"js","nsp":"/x","type":3,"data":{"requestId":"r1","packet":{"type":2,"data":["a"]},"opts":{"rooms":[],"except":[],"flags":{"timeout":1000}}}}`)
		s.replies = []adapter.Reply{{Peers: []adapter.Peer{{ID: "s1"}}}, {Peers: []adapter.Peer{{ID: "s2"}}}}
		say(`{"uid":"js","nsp":"/x","type":7,"data":{"requestId":"r2","opts":{"rooms":[],"except":[],"flags":{}}}}`)
		s.replies = nil
		say(`{"uid":"js","nsp":"/x","type":7,"data":{"requestId":"r3","opts":{"rooms":[],"except":[],"flags":{}}}}`)
		peer := `{"id":"%s","handshake":{"headers":{},"time":"Mon Jan 01 0001 00:00:00 GMT+0000 (Coordinated Universal Time)","address":"","xdomain":false,"secure":false,"issued":-62135596800000,"url":"","query":{},"auth":{}},"rooms":[]}`
		want = []string{
			`{"uid":"","nsp":"/x","type":11,"data":{"requestId":"r1","clientCount":2,"asked":["s1","s2"]}}`,
			`{"uid":"","nsp":"/x","type":12,"data":{"packet":"first","requestId":"r1","socket":"s1","rest":["second"]}}`,
			`{"uid":"","nsp":"/x","type":12,"data":{"requestId":"r1","socket":"s2"}}`,
			`{"uid":"","nsp":"/x","type":8,"data":{"requestId":"r2","sockets":[` + fmt.Sprintf(peer, "s1") + `,` + fmt.Sprintf(peer, "s2") + `]}}`,
			`{"uid":"","nsp":"/x","type":8,"data":{"requestId":"r3","sockets":[]}}`,
		}
		if !slices.Equal(heard, want) {
			t.Errorf("it heard\n%s, want\n%s", strings.Join(heard, "\n"), strings.Join(want, "\n"))
		}
	})
}

// What a node on Node.js answers is understood as far as it goes.
func TestNodeJSAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		one := open(t, b, &stub{})
		var line Line
		sockets := `"sockets":[{"id":"s1","rooms":["s1","r"],"data":{"name":"x"},"handshake":{"headers":{"user-agent":"u","set-cookie":["a","b"],"x":1},` +
			`"issued":1000,"time":"","address":"::1","xdomain":true,"secure":true,"url":"/?a=1","query":{"a":"1"},"auth":{"t":1}}},{"id":"s2","rooms":["s2","r"],"data":[1]}]`
		line, _ = b.Join(t.Context(), "/x", "js", func(m *Message) {
			var replies []string
			switch m.Type {
			case Broadcast:
				replies = []string{`"type":11,"data":{"clientCount":2`, `"type":12,"data":{"packet":{"a":1}`, `"type":12,"data":{"x":1`}
			case ServerEmit:
				replies = []string{`"type":10,"data":{"packet":"done"`}
			case Fetch:
				replies = []string{`"type":8,"data":{` + sockets}
			}
			for _, text := range replies {
				answer, err := Decode([]byte(`{"uid":"js","nsp":"/x",` + text + `,"requestId":"` + m.Data.RequestID + `"}}`))
				if err != nil {
					t.Error(err)
					return
				}
				answer.To = m.From
				_ = line.Send(answer)
			}
		})
		defer func() { _ = line.Close() }()
		_ = line.Send(&Message{From: "js", Namespace: "/x", Type: Heartbeat})
		synctest.Wait()
		event := &protocol.Packet{Type: protocol.Event, Namespace: "/x", Data: []byte(`["q"]`)}
		call := everyone(adapter.Call)
		call.Event = event
		for name, c := range map[string]struct {
			request adapter.Request
			want    []string
		}{
			"call":  {call, []string{`{"Node":"js","Answer":{"Ack":` + packed(`[]`) + `}}`, `{"Node":"js","Answer":{"Ack":` + packed(`[{"a":1}]`) + `}}`}},
			"emit":  {adapter.Request{Op: adapter.Emit, Event: event}, []string{`{"Node":"js","Answer":{"Ack":` + packed(`["done"]`) + `}}`}},
			"count": {everyone(adapter.Count), []string{`{"Node":"js","Count":2}`}},
			"rooms": {everyone(adapter.Rooms), []string{`{"Node":"js","Rooms":{"r":2}}`}},
			"peers": {everyone(adapter.Peers), []string{`{"Node":"js","Peers":[{"ID":"s1","Namespace":"/x","Handshake":{"Time":"1970-01-01T00:00:01Z","Address":"::1","Secure":true,` +
				`"URL":"/?a=1","Header":{"Set-Cookie":["a","b"],"User-Agent":["u"],"X":null},"Auth":{"t":1}},"Rooms":["s1","r"],"Data":{"name":"x"}},` +
				`{"ID":"s2","Namespace":"/x","Handshake":{"Time":"1970-01-01T00:00:00Z","Address":"","Secure":false,"URL":"","Header":{}},"Rooms":["s2","r"]}]}`}},
		} {
			got, err := answers(t.Context(), one, c.request)
			slices.Sort(c.want)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %v\n%s, want\n%s", name, err, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	})
}

// packed is an acknowledgement as encoding/json has it.
func packed(data string) string {
	text, _ := json.Marshal(protocol.Packet{Type: protocol.Ack, Namespace: "/x", Data: []byte(data)})
	return string(text)
}

// Whatever another node says, nothing falls over.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"uid":"a","nsp":"/x","type":3,"data":{"packet":{"type":2,"data":["a"]},"opts":{"rooms":["r"],"except":[]}}}`,
		`{"uid":"a","nsp":"/x","type":11,"data":{"requestId":"r","clientCount":-1}}`,
		`{"uid":"a","nsp":"/x","type":8,"data":{"requestId":"r","sockets":[{}]}}`,
		"\x84\xa3uid\xa1a\xa3nsp\xa2/x\xa4type\x03\xa4data\x81\xa6packet\x82\xa4type\x02\xa4data\x92\xa1e\xc4\x01\x00",
	} {
		f.Add([]byte(text))
	}
	bare, _ := (&Message{From: "a", Namespace: "/x", Type: Broadcast, Data: &Data{}, Event: []byte(`["a"]`), Attachments: [][]byte{{1}}}).AppendBare(nil)
	f.Add(bare)
	bare, _ = (&Message{From: "a", Namespace: "/x", Type: Broadcast, Data: &Data{Options: &Options{Rooms: []string{"r"}, Except: []string{"e"}}}, Event: []byte(`["a"]`)}).AppendBare(nil)
	f.Add(bare)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeBare(b)
		if err == nil {
			again, err := m.AppendBare(nil)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := DecodeBare(again); err != nil || !bytes.Equal(same.Event, m.Event) || len(same.Attachments) != len(m.Attachments) {
				t.Errorf("%q: became %q, %v", b, again, err)
			}
		} else if m, err = Decode(b); err != nil {
			return
		} else if _, err := m.Append(nil); err != nil {
			return // such as for attachments that are not in Data
		}
		bus := &broker{}
		a, err := New(bus, Config{})("/x", &stub{})
		if err != nil {
			t.Fatal(err)
		}
		m.Namespace = "/x"
		a.(*node).receive(m)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}
