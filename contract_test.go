package brio_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// scripted is an adapter that replies what a test wants it to.
type scripted struct {
	adapter.Sockets
	replies []adapter.Reply
	err     error
}

func (s *scripted) new(_ string, sockets adapter.Sockets) (adapter.Adapter, error) {
	s.Sockets = sockets
	return s, nil
}

func (s *scripted) Broadcast(*protocol.Packet, adapter.Options) error { return s.err }
func (s *scripted) Tell(adapter.Request) error                        { return s.err }
func (s *scripted) Close() error                                      { return nil }

func (s *scripted) Ask(context.Context, adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		for _, reply := range s.replies {
			if !yield(reply, nil) {
				return
			}
		}
		if s.err != nil {
			yield(adapter.Reply{Node: "x"}, s.err)
		}
	}
}

// What a node of another make, or of a later version, may bring does no harm.
func TestOddRepliesOfACluster(t *testing.T) {
	script := &scripted{}
	w := newSite(t, brio.Config{Adapter: script.new})
	ns := w.Of("/")
	script.replies = []adapter.Reply{{}, {Peers: []adapter.Peer{{ID: "y", Handshake: adapter.Handshake{URL: "%"}}}}}
	for p, err := range ns.Broadcast().Peers(t.Context()) {
		if err != nil || p.Handshake.URL.String() != "" || p.Handshake.Header.Get("Cookie") != "" || len(p.Rooms) > 0 {
			t.Errorf("%v, %v", p, err)
		}
	}
	for range ns.ServerAll(t.Context(), "x") {
		t.Error("an answer")
	}

	// A node goes when its sockets have been asked, and one answers whose name
	// nobody is told.
	script.err = errTest
	script.replies = []adapter.Reply{
		{Node: "x", Asked: []string{"1", "2"}},
		{Node: "x", Answer: &adapter.Answer{Socket: "2", Ack: protocol.Packet{Type: protocol.Ack, Data: []byte("[2]")}}},
		{Node: "z", Answer: &adapter.Answer{Ack: protocol.Packet{Type: protocol.Ack, Data: []byte("[3]")}}},
	}
	var values []string
	var failed []error
	for a, err := range ns.Broadcast().All(t.Context(), "x") {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		values = append(values, a.Node+string(a.Value.Raw(0)))
	}
	diff(t, "answers", values, []string{"x2", "z3"})
	silent, ok := errors.AsType[*brio.AckError](errors.Join(failed...))
	if len(failed) != 2 || !ok || silent.Socket != "1" || !errors.Is(silent, errTest) {
		t.Errorf("failures: %v", failed)
	}

	target := ns.Broadcast()
	for what, err := range map[string]error{
		"Emit": target.Emit("x"), "ServerEmit": ns.ServerEmit("x"), "Disconnect": target.Disconnect(), "JoinRooms": target.JoinRooms("x"),
	} {
		if !errors.Is(err, errTest) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := target.Count(t.Context())
	_, also := ns.Rooms(t.Context())
	if !errors.Is(err, errTest) || !errors.Is(also, errTest) {
		t.Errorf("%v, %v", err, also)
	}
}

func TestOddRequestsOfACluster(t *testing.T) {
	script := &scripted{}
	w := newSite(t, brio.Config{Adapter: script.new})
	ns := w.Of("/")
	p := w.connect("/", "")
	everyone := adapter.Options{Everyone: true}
	script.Do(adapter.Request{Op: "dance", Options: everyone})
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	for _, test := range []struct {
		ctx context.Context
		r   adapter.Request
	}{
		{t.Context(), adapter.Request{Op: "dance", Options: everyone}},
		{ended, adapter.Request{Op: adapter.Peers, Options: everyone}},
	} {
		failed := error(nil)
		for _, err := range script.Answer(test.ctx, test.r) {
			failed = err
		}
		if failed == nil {
			t.Errorf("%s has been answered", test.r.Op)
		}
	}
	// The clients' answers are not awaited for ever, and it is no error that none
	// comes.
	for reply, err := range script.Answer(ended, adapter.Request{
		Op: adapter.Call, Options: everyone, Event: &protocol.Packet{Type: protocol.Event, Data: []byte(`["x"]`)},
	}) {
		if err != nil || len(reply.Asked) != 1 {
			t.Errorf("%v, %v", reply, err)
		}
	}
	p.asked()
	diff(t, "acknowledgements still awaited", ns.Socket(p.id).PendingAcks(), 0)
}

// A namespace that has been collected reaches nobody, and says so by silence.
func TestCollectedNamespaceReachesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t}
		server, _ := patternServe(t, brio.Config{Adapter: cluster.new})
		one, err := server.Of("/org-{id}").Child("/org-1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		cluster.wantEvents("open /org-1", "close /org-1")
		rooms, err := one.Rooms(t.Context())
		if err = errors.Join(err, one.ServerEmit("x"), one.Broadcast().JoinRooms("x")); err != nil || len(rooms) > 0 {
			t.Errorf("%v, %v", rooms, err)
		}
		for range one.Broadcast().All(t.Context(), "x") {
			t.Error("an answer")
		}
		if n, err := server.Of("/org-{id}").Broadcast().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("Count: %d, %v", n, err)
		}
	})
}
