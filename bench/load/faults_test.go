package load_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/load"
)

// short is a run that is over soon.
func short(url string, mode load.Mode) load.Config {
	return load.Config{
		URL: url, Mode: mode, Connections: 8, Members: 4, Window: 6,
		Warmup: -1, Duration: 300 * time.Millisecond,
	}
}

// A fault sends one publication to the members of its room, in its own way.
type fault func(f *faulty, s *brio.Socket, members []*brio.Socket, text string) error

// faulty keeps the contract of package load, except for every tenth publication.
type faulty struct {
	fault fault
	mu    sync.Mutex // guards what follows, and makes publications one at a time
	count int
	kept  string
}

func startFaulty(t *testing.T, f fault) string {
	t.Helper()
	server, faulty := brio.NewServer(brio.Config{}), &faulty{fault: f}
	main := server.Of("/")
	room := func(s *brio.Socket) string { return cmp.Or(s.Handshake().URL.Query().Get("room"), "room") }
	main.OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Join(room(s))
		return nil
	})
	brio.Event[string]("echo").Handle(main, func(_ context.Context, s *brio.Socket, text string) error {
		return s.Emit("echo", text)
	})
	brio.Event[string]("pub").Handle(main, func(_ context.Context, s *brio.Socket, text string) error {
		var members []*brio.Socket
		for m := range main.In(room(s)).Sockets() {
			members = append(members, m)
		}
		return faulty.publish(s, members, text)
	})
	site := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		site.Close()
	})

	return site.URL
}

func (f *faulty) publish(s *brio.Socket, members []*brio.Socket, text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.count%10 == 0 {
		return f.fault(f, s, members, text)
	}
	err := send(members, text)
	if f.kept != "" {
		err = errors.Join(err, send(members, f.kept))
		f.kept = ""
	}

	return err
}

func send(to []*brio.Socket, text string) error {
	var list []error
	for _, s := range to {
		if err := s.Emit("msg", text); err != nil && !errors.Is(err, brio.ErrDisconnected) {
			list = append(list, err)
		}
	}

	return errors.Join(list...)
}

func TestFaultsAreCaught(t *testing.T) {
	for name, one := range map[string]struct {
		mode  load.Mode
		fault fault
		only  func(load.Faults) load.Faults // the fault that must be there, and those that come with it
	}{
		"lost": {load.Broadcast, func(_ *faulty, _ *brio.Socket, members []*brio.Socket, text string) error {
			return send(members[1:], text)
		}, func(f load.Faults) load.Faults { return load.Faults{Lost: f.Lost} }},
		"lost to all": {load.Rooms, func(*faulty, *brio.Socket, []*brio.Socket, string) error {
			return nil
		}, func(f load.Faults) load.Faults { return load.Faults{Lost: f.Lost} }},
		"duplicated": {load.Broadcast, func(_ *faulty, _ *brio.Socket, members []*brio.Socket, text string) error {
			return errors.Join(send(members[:1], text), send(members, text))
		}, func(f load.Faults) load.Faults { return load.Faults{Duplicates: f.Duplicates} }},
		"out of order": {load.Broadcast, func(f *faulty, _ *brio.Socket, _ []*brio.Socket, text string) error {
			f.kept = text
			return nil
		}, func(f load.Faults) load.Faults { return load.Faults{Reordered: f.Reordered, Lost: min(f.Lost, 8)} }},
		"of another room": {load.Rooms, func(_ *faulty, s *brio.Socket, _ []*brio.Socket, text string) error {
			return s.Namespace().Emit("msg", text)
		}, func(f load.Faults) load.Faults { return load.Faults{Foreign: f.Foreign} }},
		"malformed": {load.Broadcast, func(_ *faulty, _ *brio.Socket, members []*brio.Socket, text string) error {
			return errors.Join(send(members, text[1:]), send(members, text))
		}, func(f load.Faults) load.Faults { return load.Faults{Malformed: f.Malformed} }},
		"never sent": {load.Broadcast, func(_ *faulty, _ *brio.Socket, members []*brio.Socket, text string) error {
			return errors.Join(send(members, text[:8]+"ffffffff"+text[16:]), send(members, text))
		}, func(f load.Faults) load.Faults { return load.Faults{Malformed: f.Malformed} }},
		"dropped": {load.Rooms, func(_ *faulty, s *brio.Socket, members []*brio.Socket, text string) error {
			for _, m := range members {
				if m != s {
					m.Close()
					break
				}
			}
			return send(members, text)
		}, func(f load.Faults) load.Faults { return load.Faults{Dropped: f.Dropped, Lost: f.Lost} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := short(startFaulty(t, one.fault), one.mode)
			if one.only(load.Faults{Lost: 1}).Lost == 1 {
				config.Timeout = time.Second // to wait for what does not come
			}
			if name == "dropped" {
				config.Rate = 200
			}
			report, err := load.Run(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			got, only := report.Faults, one.only(report.Faults)
			if only.Lost = min(only.Lost, got.Lost); !got.Any() || got != only || got.Lost < 0 {
				t.Errorf("%+v, want only what was done wrong: %+v", got, only)
			}
			if name == "dropped" && (got.Dropped == 0 || report.Drop == "") {
				t.Errorf("%+v, %q", got, report.Drop)
			}
		})
	}
}

// A server that takes every event and answers none is told from one that keeps
// the contract.
func TestServerWithoutTheContract(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	server.Of("/")
	site := httptest.NewServer(http.Handler(server))
	defer site.Close()
	defer server.Shutdown(context.Background())

	config := short(site.URL, load.Broadcast)
	config.Timeout = time.Second // to wait for what does not come
	if report, err := load.Run(t.Context(), config); err == nil {
		t.Errorf("a room that nobody is in: %+v", report)
	}
	config.Mode = load.Echo
	report, err := load.Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if f := report.Faults; f.Lost < config.Connections*config.Window || report.Messages != 0 {
		t.Errorf("echoes that nobody answers: %+v", report)
	}
}
