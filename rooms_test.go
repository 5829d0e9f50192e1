package brio_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/briohq/brio"
)

// A client that joins whatever it can is in so many rooms, and in no more.
func TestRoomsAreFew(t *testing.T) {
	for title, config := range map[string]brio.Config{"alone": {}, "with recovery": recovering()} {
		t.Run(title, func(t *testing.T) {
			config.MaxRooms = 3
			w := newSite(t, config)
			ns := w.Of("/")
			brio.Call[[]string, bool]("join").Handle(ns, func(_ context.Context, s *brio.Socket, rooms []string) (bool, error) {
				return s.Join(rooms...), nil
			})
			ns.On("leave", func(_ context.Context, s *brio.Socket, args brio.Args) error {
				s.Leave("b")
				return args.Ack()
			})
			p := w.connect("/", "")
			s := ns.Socket(p.id)
			for _, step := range []struct {
				join  string
				want  bool
				rooms int
			}{
				{`["a","a","b"]`, true, 2},
				{`["` + p.id + `"]`, true, 2},
				{`["c","d"]`, false, 2}, // not even the first
				{`["c"]`, true, 3},
				{`["a","b","c"]`, true, 3},
				{`["d"]`, false, 3},
				{``, false, 2},
				{`["d"]`, true, 3},
				{`["e"]`, false, 3},
			} {
				if step.join == "" {
					p.call(`"leave"`)
				} else if got := p.call(`"join",` + step.join); got != fmt.Sprintf("[%v]", step.want) {
					t.Errorf("join %s: %s", step.join, got)
				}
				if n := len(s.Rooms()) - 1; n != step.rooms {
					t.Errorf("after %s in %d rooms, want %d", step.join, n, step.rooms)
				}
			}
			if err := ns.Broadcast().JoinRooms("f"); err != nil || len(s.Rooms()) != 4 {
				t.Error(err, s.Rooms())
			}
			if n := w.Stats().Crowded; n != 4 {
				t.Errorf("%d times too many", n)
			}
		})
	}
}

// One that is away can't be put into more rooms either.
func TestRoomsOfAnAbsentSocket(t *testing.T) {
	config := recovering()
	config.MaxRooms = 3
	w := newSite(t, config)
	ns := w.Of("/")
	p, before := w.begin("/")
	ns.Socket(before.ID).Join("a", "b")
	w.cut(p)
	eventually(t, "the socket is away", func() bool { return ns.Socket(before.ID) == nil })
	for _, room := range []string{"c", "d"} {
		if err := ns.To("a").JoinRooms(room); err != nil {
			t.Fatal(err)
		}
	}
	_, after := w.comeBack("/", before)
	if rooms := ns.Socket(after.ID).Rooms(); after.ID != before.ID || len(rooms) != 4 {
		t.Errorf("socket %s is back as %s in %q", before.ID, after.ID, rooms)
	}
}
