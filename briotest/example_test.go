package briotest_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// The protocol and the server under test.

const (
	Join brio.Call[string, []string] = "join" // a room; answers who is there
	Say  brio.Event[string]          = "say"
	Said brio.Event[Line]            = "said"
)

type Line struct {
	From string `json:"from"`
	Text string `json:"text"`
}

const name brio.Key[string] = "name"

func newChat() *brio.Server {
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")
	chat.Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Name string }
		if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Name == "" {
			return brio.Errorf("a name is required")
		}
		name.Set(s, auth.Name)
		return nil
	})
	Join.Handle(chat, func(_ context.Context, s *brio.Socket, room string) ([]string, error) {
		s.Join(room)
		var who []string
		for member := range chat.In(room).Sockets() {
			who = append(who, name.Get(member))
		}
		slices.Sort(who)
		return who, nil
	})
	Say.Handle(chat, func(_ context.Context, s *brio.Socket, text string) error {
		return Said.Emit(s.To(s.Rooms()...), Line{From: name.Get(s), Text: text})
	})
	return server
}

// The tests.

func named(name string) client.Config {
	return client.Config{Auth: map[string]string{"name": name}}
}

func TestChat(t *testing.T) {
	tests := []struct {
		name string
		test func(t *testing.T, site *briotest.Site)
	}{
		{"join answers who is there", func(t *testing.T, site *briotest.Site) {
			ada := site.Connect(t, "/chat", named("Ada"))
			bob := site.Connect(t, "/chat", named("Bob"))
			briotest.Do(t, ada, Join, "lobby")
			if got := briotest.Do(t, bob, Join, "lobby"); !slices.Equal(got, []string{"Ada", "Bob"}) {
				t.Error("in the lobby:", got)
			}
		}},
		{"say reaches the others of the room", func(t *testing.T, site *briotest.Site) {
			ada := site.Connect(t, "/chat", named("Ada"))
			bob := site.Connect(t, "/chat", named("Bob"))
			eve := site.Connect(t, "/chat", named("Eve"))
			briotest.Do(t, ada, Join, "lobby")
			briotest.Do(t, bob, Join, "lobby")
			briotest.Send(t, ada, Say, "hello")
			if got := briotest.Next(t, bob, Said); got != (Line{"Ada", "hello"}) {
				t.Error("Bob heard", got)
			}
			ada.Quiet(t) // the sender does not hear it
			eve.Quiet(t) // nor does who is not in the room
		}},
		{"who has no name is refused", func(t *testing.T, site *briotest.Site) {
			if err := site.Refused(t, "/chat", client.Config{}); err.Message != "a name is required" {
				t.Error(err)
			}
		}},
		{"who loses the connection comes back, in no room", func(t *testing.T, site *briotest.Site) {
			ada := site.Connect(t, "/chat", named("Ada"))
			bob := site.Connect(t, "/chat", named("Bob"))
			briotest.Do(t, ada, Join, "lobby")
			ada.Drop()
			ada.Returned(t)
			if got := briotest.Do(t, bob, Join, "lobby"); !slices.Equal(got, []string{"Bob"}) {
				t.Error("in the lobby:", got)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.test(t, briotest.Serve(t, newChat()))
			})
		})
	}
}
