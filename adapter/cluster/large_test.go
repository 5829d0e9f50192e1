package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// What is too much for one message comes in several.
func TestParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s := &broker{}, &stub{}
		one, _ := open(t, b, &stub{}), open(t, b, s)
		synctest.Wait()
		var ids []string
		rooms := map[string]int{}
		for i := range 2*most + 1 {
			ids = append(ids, fmt.Sprint("s", i))
			rooms[fmt.Sprint("r", i)] = i
		}
		largest := 0
		b.fault = func(m *Message) error {
			if m.Data != nil {
				largest = max(largest, len(m.Data.Asked), len(m.Data.Sizes))
			}
			return nil
		}
		s.replies = []adapter.Reply{{Rooms: rooms}}
		got := map[string]int{}
		for reply, err := range one.Ask(t.Context(), everyone(adapter.Rooms)) {
			if err != nil {
				t.Error(err)
			}
			for room, n := range reply.Rooms {
				got[room] += n
			}
		}
		if len(got) != len(rooms) || got["r7"] != 7 {
			t.Errorf("there came %d rooms", len(got))
		}

		s.replies = []adapter.Reply{{Asked: ids}}
		for _, id := range ids {
			s.replies = append(s.replies, adapter.Reply{Answer: &adapter.Answer{Socket: id}})
		}
		call := everyone(adapter.Call)
		call.Event = &protocol.Packet{Type: protocol.Event, Namespace: "/x", Data: []byte(`["q"]`)}
		asked, answered := 0, 0
		for reply, err := range one.Ask(t.Context(), call) {
			if err != nil {
				t.Error(err)
			}
			asked += len(reply.Asked)
			if reply.Answer != nil {
				answered++
			}
		}
		if asked != len(ids) || answered != len(ids) {
			t.Errorf("%d were asked, and %d answered", asked, answered)
		}
		if largest != most {
			t.Errorf("one message had %d", largest)
		}
	})
}

// A node whose answer can't be sent says so, and nobody waits for it.
func TestAnswerNotSent(t *testing.T) {
	errLarge := errors.New("too large")
	call := everyone(adapter.Call)
	call.Event = &protocol.Packet{Type: protocol.Event, Namespace: "/x", Data: []byte(`["q"]`)}
	for name, c := range map[string]struct {
		request adapter.Request
		replies []adapter.Reply
		fails   Type
		want    int // replies of the other node
	}{
		"sockets":  {everyone(adapter.Peers), []adapter.Reply{{Peers: []adapter.Peer{{ID: "a"}}}}, Fetched, 0},
		"servers":  {adapter.Request{Op: adapter.Emit, Event: call.Event}, []adapter.Reply{{Answer: &adapter.Answer{}}}, ServerEmitted, 0},
		"counts":   {call, []adapter.Reply{{Asked: []string{"a"}}, {Answer: &adapter.Answer{Socket: "a"}}}, ClientCount, 0},
		"a socket": {call, []adapter.Reply{{Asked: []string{"a", "b"}}, {Answer: &adapter.Answer{Socket: "a"}}, {Answer: &adapter.Answer{Socket: "b"}}}, ClientAck, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, s := &broker{}, &stub{replies: c.replies}
				one, _ := open(t, b, &stub{}), open(t, b, s)
				synctest.Wait()
				failed := false
				b.fault = func(m *Message) error {
					if m.Type == c.fails && !failed {
						failed = true
						return errLarge
					}
					return nil
				}
				replies, err := answers(t.Context(), one, c.request)
				if err == nil || !strings.Contains(err.Error(), errLarge.Error()) || errors.As(err, new(*adapter.MissingError)) {
					t.Errorf("the failure is %v", err)
				}
				if len(replies) != c.want {
					t.Errorf("the replies are %q", replies)
				}
			})
		})
	}
}
