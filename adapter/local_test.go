package adapter_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/briohq/brio/adapter"
)

type member struct {
	id     string
	places adapter.Places[*member]
}

func newLocal() *adapter.Local[*member] {
	return adapter.NewLocal(func(m *member) string { return m.id }, func(m *member) *adapter.Places[*member] { return &m.places })
}

func ids(members []*member) []string {
	got := []string{}
	for _, m := range members {
		got = append(got, m.id)
	}
	slices.Sort(got)
	return got
}

func TestSelection(t *testing.T) {
	l := newLocal()
	for _, id := range []string{"a", "b", "c", "d"} {
		m := &member{id: id}
		l.Add(m)
		if id != "d" {
			l.Join(m, "abc")
		}
		if id > "a" && id < "d" {
			l.Join(m, "bc", "bc", id)
		}
	}
	for name, test := range map[string]struct {
		options adapter.Options
		want    []string
	}{
		"nobody":               {adapter.Options{}, []string{}},
		"everyone":             {adapter.Options{Everyone: true}, []string{"a", "b", "c", "d"}},
		"a room":               {adapter.Options{Rooms: []string{"bc"}}, []string{"b", "c"}},
		"rooms, each once":     {adapter.Options{Rooms: []string{"abc", "bc", "b"}}, []string{"a", "b", "c"}},
		"an id":                {adapter.Options{Rooms: []string{"d"}}, []string{"d"}},
		"an unknown room":      {adapter.Options{Rooms: []string{"x"}}, []string{}},
		"except a room":        {adapter.Options{Everyone: true, Except: []string{"bc", "x"}}, []string{"a", "d"}},
		"except an id":         {adapter.Options{Rooms: []string{"abc"}, Except: []string{"a"}}, []string{"b", "c"}},
		"except all who match": {adapter.Options{Rooms: []string{"bc"}, Except: []string{"abc"}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ids(l.Append(nil, test.options))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnIDTakenOverIsNotRemovedByItsFormerOwner(t *testing.T) {
	l := newLocal()
	old, fresh := &member{id: "x"}, &member{id: "x"}
	l.Add(old)
	l.Add(fresh)
	l.Remove(old)
	if got, ok := l.Get("x"); !ok || got != fresh {
		t.Error("the new owner is gone")
	}
	l.Join(old, "late")
	if rooms := l.Rooms(old); rooms != nil {
		t.Errorf("removed, yet in %q", rooms)
	}
}

// Whoever asks, when told of a change, what there is, knows what there is.
func TestWatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLocal()
		var members []*member
		for i := range 4 {
			members = append(members, &member{id: fmt.Sprint("id", i%3)}) // one comes twice
		}
		names := []string{"id0", "id1", "id2", "r0", "r1"}
		anyMember, anyRoom := rapid.SampledFrom(members), rapid.SampledFrom(names)
		known, watched, told := map[string]bool{}, false, []string{}
		t.Repeat(map[string]func(*rapid.T){
			"add":    func(t *rapid.T) { l.Add(anyMember.Draw(t, "member")) },
			"remove": func(t *rapid.T) { l.Remove(anyMember.Draw(t, "member")) },
			"join":   func(t *rapid.T) { l.Join(anyMember.Draw(t, "member"), anyRoom.Draw(t, "room")) },
			"leave":  func(t *rapid.T) { l.Leave(anyMember.Draw(t, "member"), anyRoom.Draw(t, "room")) },
			"watch": func(*rapid.T) {
				watched = true
				l.Watch(func(room string) { told = append(told, room) })
			},
			"": func(t *rapid.T) {
				for _, room := range told {
					known[room] = l.Has(room)
				}
				told = told[:0]
				for _, room := range names {
					has := len(l.Append(nil, adapter.Options{Rooms: []string{room}})) > 0
					if l.Has(room) != has || watched && known[room] != has {
						t.Fatalf("%s: has members %t, told %t, known %t", room, has, l.Has(room), known[room])
					}
				}
			},
		})
	})
}

// TestAgainstAModel does anything in any order to an index and to a set of
// pairs.
func TestAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLocal()
		model := map[*member]map[string]bool{}
		var members []*member
		for i := range 6 {
			members = append(members, &member{id: fmt.Sprint("id", i)})
		}
		anyMember := rapid.SampledFrom(members)
		anyRoom := rapid.SampledFrom([]string{"r0", "r1", "r2", "r3"})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				m := anyMember.Draw(t, "member")
				l.Add(m)
				if model[m] == nil {
					model[m] = map[string]bool{}
				}
			},
			"remove": func(t *rapid.T) {
				m := anyMember.Draw(t, "member")
				l.Remove(m)
				delete(model, m)
			},
			"join": func(t *rapid.T) {
				m, r := anyMember.Draw(t, "member"), anyRoom.Draw(t, "room")
				l.Join(m, r)
				if model[m] != nil {
					model[m][r] = true
				}
			},
			"leave": func(t *rapid.T) {
				m, r := anyMember.Draw(t, "member"), anyRoom.Draw(t, "room")
				l.Leave(m, r)
				delete(model[m], r)
			},
			"": func(t *rapid.T) {
				want := map[string][]string{}
				for m, rooms := range model {
					want["all"] = append(want["all"], m.id)
					for r := range rooms {
						want[r] = append(want[r], m.id)
					}
					got := slices.Sorted(slices.Values(l.Rooms(m)))
					if diff := cmp.Diff(append([]string{m.id}, slices.Sorted(maps.Keys(rooms))...), got); diff != "" {
						t.Fatal(diff)
					}
				}
				for _, room := range []string{"all", "r0", "r1", "r2", "r3"} {
					o := adapter.Options{Everyone: room == "all", Rooms: []string{room}}
					if diff := cmp.Diff(append([]string{}, slices.Sorted(slices.Values(want[room]))...), ids(l.Append(nil, o))); diff != "" {
						t.Fatalf("%s: %s", room, diff)
					}
				}
			},
		})
	})
}

func BenchmarkJoinLeave(b *testing.B) {
	for _, others := range []int{10, 100_000} {
		b.Run(fmt.Sprint(others, "-others"), func(b *testing.B) {
			l := newLocal()
			for i := range others {
				m := &member{id: fmt.Sprint(i)}
				l.Add(m)
				l.Join(m, "room")
			}
			m := &member{id: "me"}
			l.Add(m)
			b.ReportAllocs()
			for b.Loop() {
				l.Join(m, "room")
				l.Leave(m, "room")
			}
		})
	}
}
