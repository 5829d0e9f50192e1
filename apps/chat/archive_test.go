package chat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

const pageSize = 50 // as page.sql has it

var (
	ada = site.Person{ID: "ADA", Name: "Ada", Role: "visitor"}
	bob = site.Person{ID: "BOB", Name: "Bob", Role: "visitor"}
	day = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
)

// A history agrees with a plain list of all that was ever said, cut to what a room
// keeps: newest page first, back to the oldest, forward from anywhere.
func TestPagesAreTheEndOfWhatWasSaid(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		room := fmt.Sprint("room", n)
		keeps := rapid.IntRange(1, 90).Draw(t, "keeps")
		total := rapid.IntRange(0, 120).Draw(t, "total")
		run(t, a, `DELETE FROM chat_rooms WHERE name LIKE 'room%'`)
		run(t, a, `INSERT INTO chat_rooms (name, keeps) VALUES (?, ?)`, room, keeps)
		run(t, a, `WITH RECURSIVE n (id) AS (SELECT 1 WHERE ?2 > 0 UNION ALL SELECT id + 1 FROM n WHERE id < ?2)
			INSERT INTO chat_messages SELECT ?1, id, '{"id":"ADA"}', 'x', id, id FROM n`, room, total)
		oldest := max(0, total-keeps) + 1
		newest, err := readPage.do(a, Opening{Room: room})
		same(t, "newest", newest, err, max(oldest, total-pageSize+1), total, oldest, total)
		if !newest.Reset {
			t.Fatal("the newest page does not replace what a newcomer holds")
		}

		number := int64(rapid.IntRange(1, 130).Draw(t, "number"))
		end := min(int(number)-1, total)
		before, err := readPage.do(a, Opening{Room: room, Before: number})
		same(t, "before", before, err, max(oldest, int(number)-pageSize), end, oldest, total)

		since, err := readPage.do(a, Opening{Room: room, Epoch: newest.Epoch, Since: number})
		joins := int(number) <= total && int(number)+1 >= oldest
		if since.Reset == joins {
			t.Fatalf("since(%d) of %d..%d joins up: %v", number, oldest, total, !since.Reset)
		}
		if joins {
			same(t, "since", since, err, int(number)+1, min(int(number)+pageSize, total), oldest, total)
		} else {
			same(t, "since, not joining", since, err, max(oldest, total-pageSize+1), total, oldest, total)
		}
		if other, err := readPage.do(a, Opening{Room: room, Epoch: "then", Since: number}); err != nil || !other.Reset {
			t.Fatal("numbers of another epoch mean something: ", err)
		}
	})
}

// same checks that a page is the numbers from first to last, and what it says of the
// others.
func same(t *rapid.T, what string, page Page, err error, first, last, oldest, newest int) {
	if err != nil {
		t.Fatal(err)
	}
	ids, want := []int64{}, []int64{}
	for _, m := range page.Messages {
		ids = append(ids, m.ID)
	}
	for id := first; id <= last; id++ {
		want = append(want, int64(id))
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
	if len(want) > 0 && (page.Older != (first > oldest) || page.Newer != (last < newest)) {
		t.Fatalf("%s %d..%d of %d..%d: older is %v, newer is %v", what, first, last, oldest, newest, page.Older, page.Newer)
	}
}

func TestSentAgainIsOneMessage(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	first := say(t, a, ada, "foyer", "1", day)
	if again := say(t, a, ada, "foyer", "1", day.Add(time.Hour)); again != first {
		t.Errorf("said again, it is another message:\n%s", cmp.Diff(first, again))
	}
	if other := say(t, a, bob, "foyer", "1", day); other.ID != 2 {
		t.Errorf("bob's message under the same key has number %d, want 2", other.ID)
	}
	if elsewhere := say(t, a, ada, "library", "1", day); elsewhere.ID != 1 {
		t.Errorf("the same key in another room has number %d, want 1", elsewhere.ID)
	}
	if _, err := store.do(a, Message{Draft: Draft{"nowhere", "hi", "1"}, From: ada}); !refused(err) {
		t.Errorf("said in a room that is not there: %v", err)
	}
}

func TestAnythingCanBeSaid(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	for i, text := range []string{`"; DROP TABLE chat_rooms; --`, `{"a":[1]}`, "null", "0", "a\x00b", "\u2028 ' \\ \" ж 李 \U0001f600"} {
		m, err := store.do(a, Message{Draft: Draft{"foyer", text, fmt.Sprint(text, i)}, From: site.Person{ID: "x", Name: text}})
		if err != nil || m.Text != text || m.From.Name != text {
			t.Errorf("%q becomes %+v, %v", text, m, err)
		}
	}
	if p, err := readPage.do(a, Opening{Room: "foyer"}); err != nil || len(p.Messages) != 6 || p.Messages[4].Text != "a\x00b" {
		t.Errorf("the page has %+v, %v", p.Messages, err)
	}
}

func TestMarksOnlyGrow(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	for i := range 5 {
		say(t, a, bob, "foyer", fmt.Sprint(i), day)
	}
	for _, test := range []struct{ upto, want int64 }{{3, 3}, {2, 3}, {-9, 3}, {1 << 60, 5}} {
		if got, err := mark.do(a, Sign{Room: "foyer", From: ada, Upto: test.upto}); err != nil || got.Upto != test.want {
			t.Errorf("marked to %d it is %d, %v; want %d", test.upto, got.Upto, err, test.want)
		}
	}
	rooms, err := listRooms.do(a, ada.ID)
	if err != nil || len(rooms) != 3 || *rooms[0].Read != 5 || rooms[0].Last != 5 || rooms[1].Read != nil {
		t.Errorf("ada's rooms: %+v, %v", rooms, err)
	}
	if _, err := mark.do(a, Sign{Room: "nowhere", From: ada}); !refused(err) {
		t.Errorf("marked in a room that is not there: %v", err)
	}
}

func TestConversationsAreListedToTheTwo(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	enters(t, a, "@ADA+BOB", ada, bob)
	say(t, a, ada, "@ADA+BOB", "1", day)
	say(t, a, ada, "@ADA+BOB", "2", day)
	mark.do(a, Sign{Room: "@ADA+BOB", From: bob, Upto: 1})

	rooms, err := listRooms.do(a, ada.ID)
	if err != nil || len(rooms) != 4 || rooms[3].Seen != 1 || cmp.Diff(rooms[3].With, &bob) != "" || *rooms[3].Read != 2 {
		t.Errorf("ada's rooms: %+v, %v", rooms, err)
	}
	if rooms, err = listRooms.do(a, "EVE"); err != nil || len(rooms) != 3 {
		t.Errorf("eve's rooms: %+v, %v", rooms, err)
	}
	if p, err := readPage.do(a, Opening{Room: "@ADA+BOB"}); err != nil || len(p.People) != 2 {
		t.Errorf("the two are %v, %v", p.People, err)
	}
}

// People's rooms are bounded, and who makes many takes none that is in use.
func TestRoomsAreBounded(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	for i := range 50 {
		enters(t, a, fmt.Sprint("room", i), ada)
	}
	enters(t, a, "room0", ada, bob)
	enters(t, a, "foyer", ada)
	if _, err := enter.do(a, Presence{"new", []site.Person{ada}}); !refused(err) {
		t.Errorf("one room too many: %v", err)
	}
	if n := rows(t, a, `SELECT count(*) FROM chat_readers WHERE room = 'new'`); n != 0 {
		t.Error("ada is in a room that is not there")
	}

	run(t, a, `UPDATE chat_rooms SET used = used - 3600001 WHERE name IN ('room2', 'room3')`)
	run(t, a, `UPDATE chat_rooms SET used = used - 1 WHERE name = 'room2'`)
	say(t, a, ada, "room3", "1", time.Now())
	run(t, a, `INSERT INTO chat_messages SELECT 'room2', 1, '{"id":"ADA"}', 'x', used, '1' FROM chat_rooms WHERE name = 'room2'`)
	enters(t, a, "new", ada)
	if n := rows(t, a, `SELECT count(*) FROM chat_rooms`); n != 53 {
		t.Errorf("%d rooms, want 50 and the three that stay", n)
	}
	if n := rows(t, a, `SELECT count(*) FROM chat_rooms WHERE name IN ('room0', 'room3', 'new', 'library')`); n != 4 {
		t.Error("not the idlest room went")
	}
	if n := rows(t, a, `SELECT (SELECT count(*) FROM chat_messages WHERE room = 'room2') + (SELECT count(*) FROM chat_readers WHERE room = 'room2')`); n != 0 {
		t.Errorf("%d rows are left of a room that is gone", n)
	}
	enters(t, a, "@ADA+BOB", ada, bob) // they have a space of their own
}

func TestMarksAreBounded(t *testing.T) {
	a := openArchive(t, site.Config{Quiet: true})
	enters(t, a, "@ADA+BOB", ada, bob)
	run(t, a, `INSERT INTO chat_readers (rowid, room, person, upto) VALUES
		(101, 'foyer', '{"id":"first"}', 0), (102, 'foyer', '{"id":"second"}', 0), (20101, 'foyer', '{"id":"last"}', 0)`)
	if n := rows(t, a, `SELECT count(*) FROM chat_readers WHERE id IN ('second', 'last', 'ADA', 'BOB')`); n != 4 {
		t.Errorf("%d of 4 marks that are to stay are there", n)
	}
	if n := rows(t, a, `SELECT count(*) FROM chat_readers`); n != 4 {
		t.Errorf("%d marks, want 20,000 numbers' worth and the two of a conversation", n)
	}
}

// What is stored is there when a site is opened again, and is not begun anew.
func TestArchiveOutlivesItsSite(t *testing.T) {
	folder := t.TempDir()
	var before, after Page
	for _, p := range []*Page{&before, &after} {
		a := openArchive(t, site.Config{Data: folder})
		say(t, a, ada, "foyer", "1", day)
		mark.do(a, Sign{Room: "foyer", From: ada, Upto: 3})
		var err error
		if *p, err = readPage.do(a, Opening{Room: "foyer"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, after); diff != "" || len(after.Messages) != 9 {
		t.Errorf("%d messages; before and after the restart:\n%s", len(after.Messages), diff)
	}
}

func openArchive(t *testing.T, config site.Config) *sql.DB {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	c := New(s)
	t.Cleanup(func() {
		c.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})

	return c.site.DB
}

func enters(t *testing.T, a *sql.DB, room string, people ...site.Person) {
	t.Helper()
	if _, err := enter.do(a, Presence{room, people}); err != nil {
		t.Fatalf("%v enter %s: %v", people, room, err)
	}
}

func say(t *testing.T, a *sql.DB, who site.Person, room, key string, at time.Time) Message {
	t.Helper()
	m, err := store.do(a, Message{Draft: Draft{Room: room, Text: "text " + key, Key: key}, From: who, At: at.UnixMilli()})
	if err != nil {
		t.Fatalf("%s says %s in %s: %v", who.Name, key, room, err)
	}

	return m
}

func run(t interface{ Fatal(...any) }, a *sql.DB, statement string, args ...any) {
	if _, err := a.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, a *sql.DB, query string) (n int) {
	t.Helper()
	if err := a.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}

	return n
}

// refused reports whether an error is one that the page shows.
func refused(err error) bool {
	_, ok := errors.AsType[*brio.Error](err)

	return ok
}
